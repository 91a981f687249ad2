"""What every test shares: a stray log line fails the test that caused it."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("tests", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with many slow tests come first: a worker that gets such a file last would keep all others waiting."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


class Logs(logging.Handler):
    """Collects what is logged at WARNING and above; a test takes the lines it expects."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "tornado.access" and record.levelno < logging.ERROR:
            return  # a 4xx in the access log is what the test itself asked for; a 5xx is not
        self.records.append(record)

    def text(self, record: logging.LogRecord) -> str:
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        return f"{record.levelname} {record.name}: {record.getMessage()}\n{trace}".strip()

    def take(self, pattern: str) -> str:
        """Remove the first collected line that matches `pattern` and return it whole, traceback included."""
        for record in self.records:
            if re.search(pattern, self.text(record), re.DOTALL):
                self.records.remove(record)
                return self.text(record)
        raise AssertionError(f"no log line matches {pattern!r}; logged: {[self.text(r) for r in self.records]}")


@pytest.fixture(scope="session", autouse=True)
def first_loop() -> Iterator[None]:
    """Tornado asks for a current loop before it makes its own; Python would create one that nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    """What a command sets that a test runs in this process is not there for the next one."""
    loggers = [logging.getLogger(name) for name in ("tornado.access", "pymorphy3")]
    before = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.fixture(autouse=True)
def logs() -> Iterator[Logs]:
    handler = Logs()
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    stray = [handler.text(record) for record in handler.records]
    assert not stray, "unexpected log lines (take them with logs.take(pattern)):\n" + "\n".join(stray)
