"""The soak itself: a short run of two servers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.slow
def test_a_short_soak_of_two_processes_ends_with_every_fault_at_zero() -> None:
    """Users of two disturbed processes get answers, and the run ends by itself with status 0."""
    command = [sys.executable, str(BENCH / "crash.py"), "--minutes", "0.06", "--processes", "2", "--users", "4"]
    done = subprocess.run([*command, "--seed", "1", "--json"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["turns acknowledged"] > 0
