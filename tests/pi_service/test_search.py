"""A search ends when nobody wants its answer."""

from pathlib import Path
from threading import Event

import pytest

from pi_service import search
from pi_service.sums import sums_of


@pytest.mark.parametrize("back", [False, True])
def test_a_search_that_nobody_waits_for_ends(tmp_path: Path, back: bool) -> None:
    """Once `stop` is set a search reads no further step, so that the next one need not wait for the end of the file."""
    path, size = tmp_path / "digits.txt", 5 * search.STEP
    path.write_bytes(b"3" * size)
    with path.open("rb") as file:
        text = search.Text(file.fileno(), sums_of(path), size, Event())
        steps = text.steps_back(size, 1) if back else text.steps(1, 1)
        offset, data = next(steps)
        assert (offset, len(data)) == (size - search.STEP if back else 1, search.STEP)
        text.stop.set()
        assert list(steps) == []
