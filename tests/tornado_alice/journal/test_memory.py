"""What is peculiar to the journal in memory."""

import pytest
from talking import ask

from tornado_alice import Skill, say


@pytest.mark.gen_test
async def test_memory_journal_forgets() -> None:
    """Sessions that ended long ago do not stay in the journal in memory."""
    times = iter(range(0, 10_000_000, 700))
    skill = Skill("short")

    @skill.script
    def run():
        yield say("всё", end_session=True)

    skill.dialogs._clock = lambda: float(next(times))
    for n in range(50):
        await ask(skill, "", 0, f"s{n}")
    assert len(skill.journal._rows) < 5
