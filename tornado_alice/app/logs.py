"""The log of a process: as text for people, or as JSON for programs; and a line per turn for who asks for it.

A turn's line has no word of the user and no id of theirs: the session is told by its number, as `sessions list` has it.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from ..hooks import Facts
from ..session import quiet

#: What `--log-format` may be.
Format = Literal["text", "json"]

turns = logging.getLogger("tornado_alice.turns")


class JsonFormatter(logging.Formatter):
    """One object in one line: time, level, logger, message; exception, with its traceback, and fields if there are any.

    What is not ASCII, control characters among it, is escaped: no text of a user can begin a line or steer a terminal.
    """

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname, "logger": record.name}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line | getattr(record, "fields", {}), default=str).replace("\x7f", "\\u007f")


def set_up(level: int, format: Format = "text") -> None:
    """Let the process log to standard error."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(quiet)
        if format == "json":
            handler.setFormatter(JsonFormatter())
    logging.getLogger("tornado.access").setLevel(max(level, logging.WARNING))  # a line per turn helps nobody
    logging.getLogger("pymorphy3").setLevel(logging.WARNING)


def turn_log(skill: str) -> Callable[[Facts], None]:
    """What writes a line for each turn of this skill; with JSON the parts of the line are fields of it too."""

    def tell(facts: Facts) -> None:
        fields = {"skill": skill, **facts._asdict(), "seconds": round(facts.seconds, 6)}
        error = fields.pop("error")
        fields["failed"] = None if error is None else type(error).__name__  # its text may have words of the user
        parts = " ".join(f"{name}={_plain(value)}" for name, value in fields.items())
        turns.info("turn: %s", parts, extra={"fields": fields})

    return tell


def _plain(value: Any) -> Any:
    """As text: no, yes or - where JSON has false, true or null."""
    return {False: "no", True: "yes", None: "-"}[value] if value is None or isinstance(value, bool) else value
