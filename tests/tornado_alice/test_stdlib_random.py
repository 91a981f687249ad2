"""The standard library's random inside scripts: the same on replay, wherever it is called from."""

import random
from collections.abc import Callable
from random import choice as captured_choice
from random import random as captured_random

import pytest

from tornado_alice import Skill, say
from tornado_alice.testing import Dialog


def late() -> int:
    from random import randint

    return randint(1, 10**9)


def own_seed() -> float:
    random.seed(5)
    return random.random()


DRAWS: dict[str, Callable[[], object]] = {
    "random.random": lambda: random.random(),
    "captured random": lambda: captured_random(),
    "captured choice": lambda: captured_choice(range(10**6)),
    "imported in a function": late,
    "gauss": lambda: random.gauss(0, 1),
    "shuffle": lambda: random.sample(range(1000), 5),
    "bits": lambda: random.getrandbits(80),
    "bytes": lambda: random.randbytes(8).hex(),
}


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("draw", DRAWS)
def test_draws_are_the_same_on_replay(draw: str, threads: bool) -> None:
    """A dialog that draws by the standard library goes on after a restart as if nothing had been."""
    skill = Skill("drawing", threads=threads)

    @skill.script
    def run():
        got = [DRAWS[draw]()]
        while True:
            yield say(" ".join(map(str, got)))
            got += [DRAWS[draw](), DRAWS[draw]()]

    with Dialog(skill) as alice:
        alice.say()
        said = alice.say("раз")
        alice.forget()
        assert alice.say("два").startswith(said)
        assert len(set(alice.say("три").split())) > 3, "they differ from each other"


def test_a_script_may_seed_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """random.seed(5) inside a turn gives that sequence there, and touches nobody outside."""
    expected, outside = random.Random(5).random(), random.getstate()
    skill = Skill("seeding")

    @skill.script
    def run():
        yield say(str(own_seed()))

    with Dialog(skill) as alice:
        assert alice.say() == str(expected)
    assert random.getstate() == outside


def test_outside_of_turns_it_is_what_it_was() -> None:
    """A program that seeds the standard library's random gets the sequence of that seed."""
    expected = random.Random(7)
    random.seed(7)
    assert [random.random(), random.randint(1, 6), captured_random()] == [
        expected.random(),
        expected.randint(1, 6),
        expected.random(),
    ]
