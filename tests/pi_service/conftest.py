"""A service on a data directory of its own, with an engine that obeys the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application

from pi_service.handlers.routes import routes, settings
from pi_service.service import Service
from pi_service.testing import MemoryEngine


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine()


@pytest.fixture
def service(io_loop: IOLoop, tmp_path: Path, engine: MemoryEngine) -> Iterator[Service]:
    """Started before the test and stopped after it; room for three waiting jobs."""
    service = Service(tmp_path / "data", engine=engine, max_digits=1_000_000, max_queue=3)
    io_loop.run_sync(service.start)
    yield service
    io_loop.run_sync(service.stop)


@pytest.fixture
def app(service: Service) -> Application:
    return Application(routes(service), **settings())
