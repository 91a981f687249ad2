"""The plugin of pytest: the fixture `alice`, and the prompts that no test has heard.

    def test_hello(alice):
        anna = alice(skill)  # or "hello.py", or a URL, or nothing for the script of the settings
        assert anna.enter() == "Добрый день! Как вас зовут?"

``alice(...)`` takes what `User` takes and closes the users after the test. ``alice_script = hello.py`` in pytest.ini,
or ``--alice-script``, names the script of a plain ``alice()``. ``pytest --alice-coverage`` ends with the prompts that
no test has heard.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ..app.loading import load_skill
from ..errors import SettingsError
from ..fingerprint import files
from ..skill import Skill
from .prompts import Hearing, prompts, unheard
from .user import User

Alice = Callable[..., User]

#: Scripts that were named by file or module are loaded once.
_LOADED = pytest.StashKey[dict[str, Skill]]()
_COVERAGE = "alice-coverage"
_SCRIPT_HELP = "file or module of the skill that `alice()` talks to, or its URL"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings."""
    group = parser.getgroup("alice", "skills of Alice")
    group.addoption("--alice-script", metavar="SCRIPT", help=_SCRIPT_HELP)
    group.addoption("--alice-coverage", action="store_true", help="tell the prompts that no test has heard")
    parser.addini("alice_script", _SCRIPT_HELP)


def pytest_configure(config: pytest.Config) -> None:
    """Listen from the start, if prompts are asked for."""
    if config.getoption("alice_coverage"):
        config.pluginmanager.register(PromptCoverage(config), _COVERAGE)


@pytest.fixture
def alice(pytestconfig: pytest.Config) -> Iterator[Alice]:
    """Makes users who talk to a skill: ``alice(skill, screen=False)``, see `User`; they are closed after the test."""
    with ExitStack() as closing:

        def begin(skill: Skill | str | None = None, **options: Any) -> User:
            return closing.enter_context(User(_skill(pytestconfig, skill), **options))

        yield begin


def _skill(config: pytest.Config, named: Skill | str | None) -> Skill | str:
    place = _of_settings(config) if named is None else named
    if isinstance(place, str) and not place.startswith(("http://", "https://")):
        loaded = config.stash.setdefault(_LOADED, {})
        place = loaded[place] if place in loaded else loaded.setdefault(place, load_skill(place))
    coverage = config.pluginmanager.get_plugin(_COVERAGE)
    if coverage is not None and isinstance(place, Skill):
        coverage.files |= set(files(place.dialogs.script.fn))
    return place


def _of_settings(config: pytest.Config) -> str:
    script = config.getoption("alice_script")
    if script:
        return str(script)
    script = config.getini("alice_script")
    if not script:
        raise SettingsError("alice() needs a skill: alice(skill), or alice_script = hello.py in pytest.ini")
    is_file = script.partition(":")[0].endswith(".py")
    return str(config.rootpath / script) if is_file else str(script)


class PromptCoverage:
    """Collects the prompts that tests hear, in the processes of pytest-xdist too, and tells the others."""

    def __init__(self, config: pytest.Config) -> None:
        self._config, self._hearing = config, Hearing()
        self.files: set[str] = set()
        self._hearing.start()

    def pytest_sessionfinish(self) -> None:
        """A process of pytest-xdist sends what it has heard."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_COVERAGE] = [sorted(self.files), sorted(self._hearing.heard)]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """It has come here."""
        found, heard = getattr(node, "workeroutput", {}).get(_COVERAGE, ([], []))
        self.files |= set(found)
        self._hearing.heard |= {(file, line) for file, line in heard}

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The table."""
        heard = self._hearing.heard
        found = self.files | {file for file, _ in heard if not Path(file).name.startswith(("test_", "conftest"))}
        left = list(unheard(found, heard))
        terminalreporter.section("prompts that no test has heard")
        for file, line, code in left:
            place = f"{os.path.relpath(file)}:{line}"
            terminalreporter.line(f"{place:30} {code}"[:110])
        terminalreporter.line(f"{len(left)} of {sum(len(prompts(file)) for file in found)} prompts")

    def pytest_unconfigure(self) -> None:
        """The end."""
        self._hearing.stop()
