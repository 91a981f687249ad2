"""random, uuid4() and now() of a turn."""

from tornado_alice import (
    Skill,
    now,
    random,
    say,
    uuid4,
)
from tornado_alice.testing import Dialog


def test_random_uuid_now_are_replayed() -> None:
    """random, uuid4() and now() give the same on replay; now() is the arrival in the user's time zone."""
    skill = Skill("test")

    @skill.script
    def run():
        drawn = (random(), random.randint(1, 10**12), random.sample(range(100), 5), uuid4(), now())
        while True:
            yield say(repr(drawn))

    with Dialog(skill) as alice:
        first = alice.say()
        alice.forget()
        assert alice.say() == first
    assert "Europe/Moscow" in first


def test_two_sessions_draw_differently() -> None:
    """Randomness differs between sessions and between draws."""
    skill = Skill("test")

    @skill.script
    def run():
        yield say(f"{random()} {random()}")

    drawn = []
    for _ in range(2):
        with Dialog(skill) as alice:
            drawn += alice.say().split()
    assert len(set(drawn)) == 4


def test_gauss_is_replayed() -> None:
    """Every second gauss() of the standard library comes from a cache; the engine's own is replayed nonetheless."""
    skill = Skill("gauss", max_live=0)

    @skill.script
    def run():
        while True:
            yield say(f"{random.gauss(0, 1)} {now()}"[:20])

    with Dialog(skill) as alice:
        for _ in range(5):
            random.gauss(0, 1)
            alice.say()
