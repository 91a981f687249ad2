"""The workbench in the browser: ``GET /workbench``, and the JSON it goes by.

It shows what users said and lets dialogs go on, so it is there only where ``dev`` or ``--workbench`` ask for it, behind
the gate of the pages. What changes something is a POST with the page's XSRF token.

    GET  /workbench                              the page
    GET  /workbench/script?skill=S               files of the script, its version, where people leave
    GET  /workbench/look?skill=S&session=ID&turn=K   turns, frames and variables after K turns
    POST /workbench/play    {skill, device, does}    one turn
    POST /workbench/branch  {skill, session, turns}  a new dialog that begins with the first turns of another
    POST /workbench/save    {skill, session, kind}   a ``scenario``, or an exported ``dialog``
"""

import json
from typing import Any

from tornado.routing import Rule
from tornado.web import HTTPError, RequestHandler, url

from pi_service.handlers.pages import PageHandler

from ..errors import AliceError, JournalError
from ..journal.records import Key
from ..prompts import prompts
from ..protocol import dumps
from ..skill import Skill
from ..workbench import as_dialog, as_scenario, branch, device_of, look, play, sources
from .skills import Skills
from .workbench_texts import texts

#: The page plays sounds and shows pictures of the skill, which lie at the platform or elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; media-src 'self' https:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def routes(skills: Skills) -> list[Rule]:
    """All paths of the workbench."""
    given = {"skills": skills}
    return [
        url(r"/workbench", WorkbenchPage, given),
        url(r"/workbench/script", ScriptHandler, given),
        url(r"/workbench/look", LookHandler, given),
        url(r"/workbench/play", PlayHandler, given),
        url(r"/workbench/branch", BranchHandler, given),
        url(r"/workbench/save", SaveHandler, given),
    ]


class WorkbenchPage(PageHandler):
    """The page; its words go with it as JSON."""

    def initialize(self, skills: Skills) -> None:
        self.skills = skills

    def get(self) -> None:
        self.set_header("Content-Security-Policy", POLICY)
        self.xsrf_token  # noqa: B018 sets the cookie
        words = texts(self.lang)
        self.show("workbench/workbench.html", w=words, names=list(self.skills.by_name), said=json.dumps(words["js"]))


class Answering(RequestHandler):
    """Base of the JSON: what is wrong is told as everywhere, ``{"error": {"code", "message"}}``."""

    def initialize(self, skills: Skills) -> None:
        self.skills = skills

    def set_default_headers(self) -> None:
        self.set_header("Cache-Control", "no-store")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        message = str(error) if isinstance(error, AliceError) else self._reason
        if isinstance(error, HTTPError) and error.log_message:
            message = error.log_message
        self.finish({"error": {"code": "workbench", "message": message}})

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, AliceError):
            status_code = 503 if isinstance(error, JournalError) else 400
        super().send_error(status_code, **kwargs)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if not isinstance(value, AliceError):
            super().log_exception(typ, value, tb)

    def skill(self, name: str) -> Skill:
        """The skill of this name; the first one for an empty name."""
        found = self.skills.by_name.get(name or next(iter(self.skills.by_name)))
        if found is None:
            raise HTTPError(404, "there is no such skill here")
        return found

    def key(self, skill: Skill, session_id: str) -> Key:
        """What names a dialog of the workbench in the journal."""
        ids = sorted(skill.options.skill_ids) or ["test-skill"]
        return (skill.scope + ids[0], session_id)

    def given(self, **wanted: type) -> dict[str, Any]:
        """The fields of the JSON body, each of its type."""
        try:
            data = json.loads(self.request.body)
        except ValueError:
            raise HTTPError(400, "the body must be JSON") from None
        for name, kind in wanted.items():
            if not isinstance(data, dict) or type(data.get(name)) is not kind:
                raise HTTPError(400, f"{name}: expected {kind.__name__}")
        return dict(data)

    def answer(self, value: Any) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(dumps(value))


class ScriptHandler(Answering):
    """The script: its files, its version, and what has become of the prompts of this version."""

    async def get(self) -> None:
        skill = self.skill(self.get_query_argument("skill", ""))
        version = skill.dialogs.script.version
        counted = [said.fields() for said in await prompts(skill.journal, skill, version)]
        self.answer({"files": sources(skill), "version": version, "prompts": counted})


class LookHandler(Answering):
    """The script in a dialog, after so many of its turns."""

    async def get(self) -> None:
        skill = self.skill(self.get_query_argument("skill", ""))
        key = self.key(skill, self.get_query_argument("session"))
        turn = self.get_query_argument("turn", "")
        if turn and not turn.isdecimal():
            raise HTTPError(400, f"turn: a number of turns, got {turn[:20]!r}")
        known = await skill.journal.load(key)
        self.answer(look(skill, key, known, int(turn[:9]) if turn else None))


class PlayHandler(Answering):
    """One turn."""

    async def post(self) -> None:
        given = self.given(skill=str, device=dict, does=dict)
        self.answer(await play(self.skill(given["skill"]), device_of(given["device"]), given["does"]))


class BranchHandler(Answering):
    """Another dialog from here."""

    async def post(self) -> None:
        given = self.given(skill=str, session=str, turns=int)
        skill = self.skill(given["skill"])
        key = await branch(skill.journal, self.key(skill, given["session"]), given["turns"])
        self.answer({"session": key[1]})


class SaveHandler(Answering):
    """A dialog as a test."""

    async def post(self) -> None:
        given = self.given(skill=str, session=str, kind=str)
        skill = self.skill(given["skill"])
        key = self.key(skill, given["session"])
        save = as_scenario if given["kind"] == "scenario" else as_dialog
        self.answer({"text": save(skill, key, await skill.journal.load(key))})
