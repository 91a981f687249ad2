"""What the soaks count as an effect repeated without a death."""

from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.parametrize(
    ("lines", "killed", "stopped", "count"),
    [
        (["a 1 1.0", "b 1 2.0"], {}, [], 0),
        (["a 1 1.0", "a 1 2.0"], {}, [], 1),
        (["a 1 1.0", "a 2 2.0"], {}, [], 1),
        (["a 1 1.0", "a 2 3.0"], {1: 2.0}, [], 0),
        (["a 1 1.0", "a 2 2.0"], {1: 3.0}, [], 1),
        (["a 1 9.9", "a 2 16.1"], {}, [(1, 10.0, 20.0)], 0),
        (["a 2 16.1", "a 1 20.1"], {}, [(1, 10.0, 20.0)], 0),
        (["a 1 9.9", "a 2 12.0"], {}, [(1, 10.0, 20.0)], 1),
        (["a 1 9.9", "a 2 16.1"], {}, [(1, 10.0, 15.0)], 1),
        (["a 1 5.0", "a 2 16.1"], {}, [(1, 10.0, 20.0)], 1),
        (["a 2 16.1", "a 1 25.0"], {}, [(1, 10.0, 20.0)], 1),
        (["a 1 9.9", "a 1 20.1"], {}, [(1, 10.0, 20.0)], 1),
        (["a 3 9.9", "a 2 16.1"], {}, [(1, 10.0, 20.0)], 1),
    ],
)
def test_an_effect_may_be_repeated_only_after_a_death_or_a_long_stop(
    lines: list[str],
    killed: dict[int, float],
    stopped: list[tuple[int, float, float]],
    count: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A key written again counts unless the process that wrote it before was killed by then; or unless one of the two
    was stopped in the step for more than a lease, and the other did the step when that lease was over."""
    monkeypatch.syspath_prepend(str(BENCH))
    from effects import Fates, effects, repeated

    (tmp_path / "effects.txt").write_text("\n".join(lines))
    assert len(repeated(effects(tmp_path / "effects.txt"), Fates(killed, stopped))) == count
