"""What docs/compatibility.md promises beyond one release: published names stay, exported dialogs are replayed."""

import importlib
import re
from pathlib import Path

import pytest

from tornado_alice import Skill, random, request, say, step
from tornado_alice.testing import replay

ROOT = Path(__file__).parent.parent

#: face → what release 0.1.0 published there. A release adds its names; none goes within a major version.
PUBLISHED = {
    "tornado_alice": "AliceError Journal JournalConflict JournalError MemoryJournal NestedStepError "
    "NonDeterminismError NotAReplyError Reply ReplyError Request RequestError ScriptError SettingsError Skill "
    "SqliteJournal StepError button continue_as_new gallery gather idempotency_key image item items link_account "
    "locate now play random request say step stop suggest uuid4",
    "tornado_alice.testing": "Answer Dialog export make_request replay",
    "pi_service": "BadRequest Change CheckFailed DiskFull Engine Event IllegalTransition Job LimitExceeded LocalEngine "
    "Match NotFound PiError QueueFull Service Stage StoreUnavailable WorkerDied routes settings",
    "pi_service.skill": "make_skill",
    "pi_service.testing": "MemoryEngine digits_of_pi",
} | {
    f"tornado_alice.examples.{name}": "skill"
    for name in ("gallery", "guess_number", "guess_number_async", "guess_number_subgens", "survey", "survey_async")
}


@pytest.mark.parametrize("face", PUBLISHED)
def test_published_names_stay(face: str) -> None:
    """Every name that a release has published can still be imported from its face."""
    module = importlib.import_module(face)
    assert [name for name in PUBLISHED[face].split() if not hasattr(module, name)] == []


def test_dialog_exported_by_the_first_release() -> None:
    """A dialog that release 0.1.0 exported is replayed: the same phrases are chosen, the same numbers drawn."""
    skill = Skill("exported")

    @skill.script
    def run():
        yield say("Как вас зовут?", "Кто вы?")
        letters = yield step(len, request.command)
        yield say(f"Привет, {request.command}! Букв: {letters}, билет {random.randint(1, 10**6)}", end_session=True)

    assert replay(skill, ROOT / "tests" / "exported_0_1_0.json") == 2


def test_the_tests_that_hold_a_promise_exist() -> None:
    """Every test file that docs/compatibility.md names is there."""
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / "docs" / "compatibility.md").read_text("utf-8")))
    assert len(named) > 10
    assert {name for name in named if not (ROOT / name).is_file()} == set()
