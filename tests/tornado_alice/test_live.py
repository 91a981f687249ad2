"""The cache of live scripts: how many there are, and how long."""

import asyncio
from pathlib import Path

import pytest
from talking import ask, counting_skill, text

from tornado_alice import SqliteJournal


@pytest.mark.gen_test
async def test_live_scripts_are_bounded() -> None:
    """At most max_live scripts are in memory, the least recently used go, and their users notice nothing."""
    skill = counting_skill(max_live=3)
    for n in range(3):
        for session in "абвгд":
            assert text(await ask(skill, "", n, session)) == str(n + 1)
    assert len(skill.dialogs.cache) == 3


@pytest.mark.gen_test
async def test_idle_scripts_go() -> None:
    """A script that was silent longer than `idle` is dropped when somebody else speaks."""
    skill = counting_skill(idle=0.0)
    await ask(skill, "", 0, "a")
    await asyncio.sleep(0.001)
    await ask(skill, "", 0, "b")
    assert list(skill.dialogs.cache._live) == [("test-skill", "b")]
    assert text(await ask(skill, "", 1, "a")) == "2"


@pytest.mark.gen_test
async def test_session_is_not_evicted_in_mid_turn(tmp_path: Path) -> None:
    """Many users at once over a cache of one: nobody's script is dropped while its own turn is under way."""
    skill = counting_skill(journal=SqliteJournal(tmp_path / "j.sqlite3"), max_live=1)
    await skill.start()
    for n in range(6):
        answers = await asyncio.gather(*(ask(skill, "", n, f"s{user}") for user in range(12)))
        assert {text(answer) for answer in answers} == {str(n + 1)}
    await skill.stop()
