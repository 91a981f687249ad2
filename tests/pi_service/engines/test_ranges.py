"""Range files."""

from pathlib import Path

import pytest

from pi_service.engines import local_tasks, ranges
from pi_service.engines.ranges import BadFile, Span


def test_bad_file_names_itself(tmp_path: Path) -> None:
    """The error for a damaged file says which file it was, and the file is gone."""
    local_tasks.split(tmp_path, Span(0, 50))
    path = Span(0, 50).path(tmp_path)
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(BadFile, match=r"0-50\.pqt cannot be used"):
        ranges.load(tmp_path, Span(0, 50))
    assert not path.exists()
