"""The soak itself: a short run of two servers, and what it counts as an effect repeated without a death."""

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


@pytest.mark.parametrize(
    ("lines", "killed", "count"),
    [
        (["a 1 1.0", "b 1 2.0"], {}, 0),
        (["a 1 1.0", "a 1 2.0"], {}, 1),
        (["a 1 1.0", "a 2 2.0"], {}, 1),
        (["a 1 1.0", "a 2 3.0"], {1: 2.0}, 0),
        (["a 1 1.0", "a 2 2.0"], {1: 3.0}, 1),
    ],
)
def test_an_effect_may_be_repeated_only_after_the_death_of_its_process(
    lines: list[str], killed: dict[int, float], count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key written again counts unless the process that wrote it before was killed by then."""
    monkeypatch.syspath_prepend(str(BENCH))
    from effects import Fates, effects, repeated

    (tmp_path / "effects.txt").write_text("\n".join(lines))
    assert len(repeated(effects(tmp_path / "effects.txt"), Fates(killed))) == count
