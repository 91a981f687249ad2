"""Every example in a docstring and in a README runs."""

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pi_service
import tornado_alice

ROOT = Path(__file__).parent.parent


def modules() -> Iterator[str]:
    for package in (tornado_alice, pi_service):
        yield package.__name__
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not info.name.endswith("__main__"):
                yield info.name


@pytest.mark.parametrize("name", list(modules()))
def test_docstrings(name: str) -> None:
    """The examples in the docstrings of each module give what they show."""
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs=vars(tornado_alice) | vars(module))
    assert failed == 0


def python_examples(name: str) -> list[str]:
    """The ```python blocks of a README."""
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["README.md", "README.ru.md"])
def test_readme_examples(name: str, tmp_path: Path) -> None:
    """The script of the README is served as hello.py and its test passes against it."""
    script, test = python_examples(name)
    (tmp_path / "hello.py").write_text(script, "utf-8")
    (tmp_path / "test_hello.py").write_text(test, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_hello.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "1 passed" in done.stdout, done.stdout


def test_readmes_have_the_same_parts() -> None:
    """Both READMEs show the same code, and each names the other."""
    english, russian = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.ru.md"))
    assert python_examples("README.md")[0] == python_examples("README.ru.md")[0]
    assert "(README.ru.md)" in english and "(README.md)" in russian
    for command in ("make run", "make test", "sessions replay 17 --script hello.py --until 3 --pdb"):
        assert command in english and command in russian


@pytest.mark.slow
def test_readme_scenario(tmp_path: Path) -> None:
    """The scenario of both READMEs passes with their script."""
    (tmp_path / "hello.py").write_text(python_examples("README.md")[0], "utf-8")
    for name in ("README.md", "README.ru.md"):
        [scenario] = re.findall(r"```yaml\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)
        (tmp_path / f"{name}.yml").write_text(scenario, "utf-8")
    command = [sys.executable, "-m", "tornado_alice", "test", ".", "hello.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and "2 passed, 0 failed" in done.stdout
