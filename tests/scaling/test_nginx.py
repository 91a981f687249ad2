"""examples/scaling as it is: where turns go with and without stickiness, and that nobody hears a process stop."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from talkers import talking

pytestmark = pytest.mark.slow  # each test starts servers, PostgreSQL and nginx
FOLDER = Path(__file__).parents[2] / "examples" / "scaling"
TALK = [
    ("", "Добрый день! Как вас зовут?"),
    ("анна", "анна, вы любите кошек или собак?"),
    ("рыбок", "У вас только два варианта: кошки или собаки"),
    ("кошек", "Подарю вам котёнка, анна!"),
]
#: Which turns of the dialog each of the two processes may have answered, and how often the journal was read for them.
EXPECTED = {
    "nginx.conf": (([[0, 2], [1, 3]], [[1, 3], [0, 2]]), 3),  # for all turns but the first
    "nginx.sticky.conf": (([[0, 1, 2, 3], []], [[], [0, 1, 2, 3]]), 0),
}
SESSIONS = 30


def line(n: int) -> tuple[str, str]:
    """Of a dialog without an end."""
    return TALK[min(n, 2)]


def talk(cluster: Any, session: str) -> list[list[int]]:
    """Hold the dialog; the turns that each process has answered."""
    went: list[list[int]] = [[], []]
    before = cluster.figures("alice_turns_total")
    for n, (command, answer) in enumerate(TALK):
        assert cluster.say(command, n, session) == answer
        now = cluster.figures("alice_turns_total")
        for number in range(2):
            went[number] += [n] * int(now[number] - before[number])
        before = now
    return went


def test_where_turns_go(cluster: Any) -> None:
    """Without stickiness each turn of a session goes to the other process, which reads the journal once and goes on;
    with it a session stays with one process, which reads nothing. Sessions are spread over both."""
    places, loads = EXPECTED[cluster.config]
    before = sum(cluster.figures("alice_load_seconds_count"))
    went = [talk(cluster, f"talk{i}") for i in range(SESSIONS)]
    assert all(one in places for one in went)
    assert all(sum(map(len, turns)) > 0 for turns in zip(*went, strict=True))
    assert sum(cluster.figures("alice_load_seconds_count")) - before == loads * SESSIONS


def test_the_dialog_of_the_readme(cluster: Any) -> None:
    """The command of the README that talks through nginx passes."""
    done = subprocess.run(cluster.command("test"), cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "") and "1 passed" in done.stdout


def test_nobody_hears_that_a_process_goes(cluster: Any) -> None:
    """SIGTERMs under load, one process after the other, and a SIGKILL: every turn is answered by the script, in order;
    neither an error nor an apology, in either configuration."""
    with talking(cluster.connect, cluster.secret, line) as talkers:
        for number in (0, 1):
            cluster.restart(number)
        cluster.kill(1)  # not the other one: a request that this one refused a moment ago may be under way there
    assert [talker.wrong for talker in talkers] == [[]] * 8
    assert sum(talker.turns for talker in talkers) > 200
