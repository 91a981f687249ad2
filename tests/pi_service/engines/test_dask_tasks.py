"""What runs in the workers of a cluster."""

import pytest

from pi_service.engines import dask_tasks
from pi_service.errors import PiError


def test_other_version() -> None:
    """A worker whose code differs from the server's says so instead of computing."""
    with pytest.raises(PiError, match="has another version of pi_service than the server; install the same"):
        dask_tasks.work("other", int)
    assert dask_tasks.work(dask_tasks.code(), int) == 0
