"""The clock for sweeping."""

from hypothesis import given
from hypothesis import strategies as st

from tornado_alice.journal.clock import SteadyClock

DAY = 86400.0


class Machine:
    def __init__(self) -> None:
        self.wall, self.passed = 1e9, 0.0

    def clock(self) -> SteadyClock:
        return SteadyClock(DAY, wall=lambda: self.wall, passed=lambda: self.passed)

    def run(self, seconds: float, jump: float = 0.0) -> None:
        self.wall += seconds + jump
        self.passed += seconds


def test_a_forward_jump_makes_nothing_old() -> None:
    """A clock put forward by a day passes by; what has spoken a minute ago is a minute old."""
    machine = Machine()
    clock = machine.clock()
    spoke = machine.wall
    machine.run(60, jump=DAY)
    assert clock.now() - spoke == 60


def test_the_jump_is_followed_in_the_end() -> None:
    """Once every session has been silent long enough under the new clock, that clock holds."""
    machine = Machine()
    clock = machine.clock()
    machine.run(60, jump=5 * DAY)
    machine.run(DAY)
    assert clock.now() == machine.wall


@given(st.lists(st.tuples(st.floats(0, 3600), st.floats(-1e6, 1e6)), max_size=20))
def test_a_session_never_looks_older_than_it_is(moves: list[tuple[float, float]]) -> None:
    """However the system's clock jumps within a day, no session looks older than the time that has passed."""
    machine = Machine()
    clock = machine.clock()
    spoke: list[tuple[float, float]] = []
    for seconds, jump in moves:
        machine.run(seconds, jump)
        now = clock.now()
        spoke.append((machine.wall, machine.passed))
        assert all(now - wall <= machine.passed - passed + 1e-3 for wall, passed in spoke)
