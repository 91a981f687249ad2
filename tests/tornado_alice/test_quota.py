"""Large bodies of one skill are bounded per time."""

import pytest
from talking import counting_skill

from tornado_alice import QuotaError
from tornado_alice.quota import BURST, MOST_SKILLS, ORDINARY, PER_SECOND, Quota
from tornado_alice.testing import make_request


def test_ordinary_bodies_are_never_counted() -> None:
    """However many requests of real size a skill sends, none is refused."""
    quota = Quota(clock=lambda: 0.0)
    assert all(quota.allows("skill", ORDINARY) for _ in range(BURST // ORDINARY * 2))


def test_large_bodies_come_back_with_time() -> None:
    """What was used up is there again after its seconds; another skill is not held up."""
    now = [0.0]
    quota = Quota(clock=lambda: now[0])
    while quota.allows("one", 1 << 20):
        pass
    assert quota.allows("other", 1 << 20)
    now[0] = (1 << 20) / PER_SECOND
    assert quota.allows("one", 1 << 20) and not quota.allows("one", 1 << 20)


def test_invented_skill_ids_share() -> None:
    """Skill ids that somebody makes up give no more room than one."""
    quota = Quota(clock=lambda: 0.0)
    allowed = sum(quota.allows(str(n), BURST) for n in range(3 * MOST_SKILLS))
    assert allowed <= MOST_SKILLS + 1 and len(quota._left) <= MOST_SKILLS + 1


@pytest.mark.gen_test
async def test_too_much_is_a_refusal_that_names_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The webhook's error says that it may be tried later; nothing is kept."""
    skill = counting_skill()
    monkeypatch.setattr(skill.dialogs._quota, "_left", {"test-skill": (0.0, skill.dialogs._quota._clock())})
    with pytest.raises(QuotaError, match="this skill has sent too many large bodies, try later") as caught:
        await skill.handle(make_request("", 0, state={"user": {"x": "ж" * (1 << 17)}}))
    assert (caught.value.status, caught.value.field) == (429, "body")
    assert await skill.journal.sessions(1) == []
