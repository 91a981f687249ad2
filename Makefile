# Two commands do everything on a fresh clone: `make run` and `make test`.
PYTHON ?= python3
BIN = .venv/bin
ARGS ?=

.PHONY: run test quick fuzz bench screenshots clean

run: .venv/run.stamp
	$(BIN)/python -m tornado_alice $(ARGS)

test: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

quick: .venv/test.stamp
	$(BIN)/python -m pytest -q -m "not slow" -n 2 $(ARGS)

fuzz: .venv/test.stamp
	$(BIN)/python bench/fuzz.py $(ARGS)

bench: .venv/bench.stamp
	$(BIN)/python bench/dialog.py
	$(BIN)/python bench/sessions.py
	$(BIN)/python bench/pi.py
	$(BIN)/python bench/service.py

screenshots: .venv/test.stamp
	$(BIN)/python bench/screenshots.py screenshots

.venv/run.stamp: setup.cfg setup.py pyproject.toml | .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/test.stamp: setup.cfg setup.py pyproject.toml | .venv
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

.venv/bench.stamp: setup.cfg setup.py pyproject.toml | .venv
	$(BIN)/pip install --quiet --editable '.[bench]'
	touch $@

.venv:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

clean:
	rm -rf .venv screenshots build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
