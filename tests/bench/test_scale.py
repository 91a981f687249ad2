"""The soak of several processes behind nginx: nothing is lost for a minute, and what it counts can fail."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from databases import find as find_postgres
from nginx import find as find_nginx

BENCH = Path(__file__).parents[2] / "bench"
pytestmark = pytest.mark.slow


def soak(*options: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the figures of a run."""
    find_postgres("postgres"), find_nginx("nginx")
    command = [sys.executable, str(BENCH / "scale.py"), "--json", "--fsync", "off", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("processes", [2, 3])
def test_nothing_is_lost_whatever_happens(processes: int) -> None:
    """Processes killed, ended, stopped for longer than a lease, the database crashed and all connections ended, two
    versions of the script side by side: users lose no turn, hear nothing twice or otherwise, no effect is repeated, and
    nobody hears a SIGTERM."""
    status, figures = soak("--processes", str(processes), "--seconds", "1", "--seed", "1")
    assert status == 0, figures
    assert sum(met["times"] > 0 for met in figures["met"].values()) == 6, "each of what may happen"
    assert figures["turns acknowledged"] > 100 and figures["turns sent twice at once"] > 10


def test_what_is_counted_can_fail() -> None:
    """With the protections broken the soak finds effects and answers that were played twice, and apologies at SIGTERM,
    and says so with its exit status."""
    broken = ["--ablation", "claims,fence,drain", "--acts", "term"]
    left = {"effects repeated without a death", "repeats that differ", "apologies at SIGTERM"}
    for seed in range(1, 8):  # the load of one run may not meet each of them
        status, figures = soak(*broken, "--seconds", "4", "--seed", str(seed))
        caught = {name for name in left if figures[name] > 0}
        assert status == 1 or not caught
        left -= caught
        if not left:
            break
    assert not left, figures
