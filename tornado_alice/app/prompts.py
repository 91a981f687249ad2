"""Where people leave, for people (a table in the terminal) and for programs (JSON, ``GET /api/prompts``)."""

import json
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import groupby

from tornado.web import RequestHandler

from ..errors import JournalError
from ..journal.base import Archive
from ..prompts import Said, prompts
from ..skill import Skill
from .sessions import ask
from .terminal import printable

#: Columns that a table always has, and those that it has only if there is something to tell.
ALWAYS, SOMETIMES = ("said", "answered", "misunderstood", "failed"), ("stopped", "interrupted", "ended", "open")


def show_prompts(journal: Archive, skill: Skill | None, version: str | None, as_json: bool) -> None:
    """Print what has become of the prompts of a script, or of all scripts that the journal knows."""
    found = ask(journal, lambda journal: prompts(journal, skill, version))
    if as_json:
        print(json.dumps([said.fields() for said in found], indent=1, ensure_ascii=False))
        return
    if not found:
        such = "No prompts" if skill is None and version is None else "No such prompts"
        print(f"{such} were counted in {journal.path}.")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for _, group in groupby(found, key=lambda said: (said.script, said.version)):
        for line in table(list(group)):
            print(line[:width])


def table(found: list[Said]) -> list[str]:
    """The prompts of one version, in lines of text."""
    first = found[0]
    begin = time.strftime("%Y-%m-%d %H:%M", time.localtime(min(said.since for said in found)))
    here = ", as it is here" if first.current else ""
    columns = [*ALWAYS, *(name for name in SOMETIMES if any(getattr(said, name) for said in found))]
    titles = f"{'  '.join(columns)}          left  seconds"
    lines = [f"{printable(first.script)}, version {printable(first.version)}{here}, since {begin}", titles]
    for said in found:
        counts = "  ".join(f"{getattr(said, name):>{len(name)}}" for name in columns)
        left = f"{said.left} {100 * said.left / said.said if said.said else 0:>4.0f}%"
        seconds = "" if said.seconds is None else f"{said.seconds:g}"
        lines.append(f"{counts}  {left:>12}  {seconds:>7}  {printable(said.place)}  {printable(said.code)}")
    return [*lines, ""]


class PromptsHandler(RequestHandler):
    """``GET /api/prompts?version=``: the same as JSON, of the scripts that are served here."""

    def initialize(self, find: Callable[[str | None], Awaitable[list[Said]]]) -> None:
        self.find = find

    async def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        try:
            found = await self.find(self.get_query_argument("version", None))
        except JournalError as error:
            self.set_status(503)
            self.finish({"error": {"code": "journal", "message": str(error)}})
            return
        self.finish({"prompts": [said.fields() for said in found]})

    head = get
