"""The pages, and the forms that work without JavaScript. A form's POST needs Tornado's XSRF token."""

import time
from typing import Any
from urllib.parse import urlencode

from tornado.web import HTTPError

from ..checks import parse_whole
from ..errors import NotFound
from ..jobs import Stage
from ..service import Service
from . import words
from .assets import modules
from .base import BaseHandler, Problem, Refused
from .facts import FACTS
from .outcome import outcome
from .texts import LANGUAGES, counted, duration, explain, groups, iso, moment, number, texts

#: Digits in the page itself, for readers without JavaScript.
FIRST = 1000
#: How the pages may look; the first one follows the reader's system.
THEMES = ("system", "light", "dark")


class PageHandler(BaseHandler):
    """Base: language, errors as HTML."""

    def prepare(self) -> None:
        super().prepare()
        for name, allowed in (("lang", LANGUAGES), ("theme", THEMES)):
            if (asked := self._asked(name)) in allowed:
                self.set_cookie(name, asked, expires_days=365, **self.place.cookie)

    def _asked(self, name: str) -> str:
        # not get_argument: an error page must not fail over a broken query
        return self.request.query_arguments.get(name, [b""])[-1].decode("latin-1")

    @property
    def lang(self) -> str:
        """What the address asks for, else what was chosen before, else what the browser prefers."""
        accepted = preferred(self.request.headers.get("Accept-Language", ""))
        wishes = [self._asked("lang"), self.get_cookie("lang") or "", *accepted]
        return next((wish for wish in wishes if wish in LANGUAGES), LANGUAGES[0])

    @property
    def theme(self) -> str:
        """What the address asks for, else what was chosen before, else the system's."""
        return next((wish for wish in (self._asked("theme"), self.get_cookie("theme")) if wish in THEMES), THEMES[0])

    def get_template_namespace(self) -> dict[str, Any]:
        names: dict[str, Any] = {fn.__name__: fn for fn in (counted, duration, groups, iso, moment, number)}
        names |= {"lang": self.lang, "t": texts(self.lang), "at": self.place.at, "words": words.name(self.lang)}
        names |= {"theme": self.theme, "themes": THEMES, "choose": self.choose, "modules": self.modules}
        return super().get_template_namespace() | names

    def choose(self, **changes: str) -> str:
        """The address of this page with other words in its query: another language, another look."""
        query = {name: values[-1].decode("utf-8", "replace") for name, values in self.request.query_arguments.items()}
        return "?" + urlencode({**query, **changes})

    def modules(self, entry: str) -> list[str]:
        """The addresses of `entry` and of all modules it needs."""
        return [self.static_url(path) for path in modules(self.settings["static_path"], entry)]

    def compute_etag(self) -> None:
        """None is needed: a page is never kept."""

    def show(self, template: str, **values: Any) -> None:
        self.set_header("Vary", "Accept-Language, Cookie")
        self.render(template, **values)

    def show_error(self, problem: Problem) -> None:
        self.show("error.html", status=problem.status, message=problem.message, phrase=self.phrase(problem))

    def phrase(self, problem: Problem) -> str | None:
        """What is wrong, in the reader's language, if there are words for it."""
        return explain(problem.code, problem.values or {}, self.lang)

    def check_xsrf_cookie(self) -> None:
        try:
            super().check_xsrf_cookie()
        except HTTPError:
            message = "the form is out of date or came from another site; open the page anew and send it again"
            raise Refused(403, "xsrf", message) from None


class ServicePage(PageHandler):
    """Base of what shows or changes jobs."""

    def initialize(self, service: Service) -> None:
        self.service = service

    def get_template_namespace(self) -> dict[str, Any]:
        return super().get_template_namespace() | {"facts": FACTS}


class MissingPage(PageHandler):
    """Whatever no route answers."""

    def prepare(self) -> None:
        super().prepare()
        raise NotFound(f"there is nothing at {self.request.path[:100]}")


class JobPage(ServicePage):
    """`/pi/<n>`: one job, its events, and pi to n digits."""

    def get(self, text: str) -> None:
        n = parse_whole("n", text, 1)
        job = self.service.job(n)
        if job is None:
            self._offer(n)
            return
        first = min(n, self.service.available, FIRST)
        self.show(
            "pi/job.html",
            job=job,
            events=self.service.events(n, reports=False),
            available=self.service.available,
            cursor=self.service.feed.last_id,
            first=self.service.digit_window(1, first) if first else "",
            address=self.place.full(f"pi/{n}", self.request),
            **outcome(self.service, job, time.time()),
        )

    head = get

    def _offer(self, n: int) -> None:
        """Nobody computed it, but anybody may."""
        if n > self.service.max_digits:
            raise NotFound(f"there is no job with n = {n}, and none is possible", n=n)
        self.set_status(404)
        self.show("pi/absent.html", n=n)


class JobNow(ServicePage):
    """`/pi/<n>/now`: the parts of the page that only the server can write, to put in the place of the old ones."""

    def get(self, text: str) -> None:
        n = parse_whole("n", text, 1)
        job = self.service.job(n)
        if job is None:
            raise NotFound(f"there is no job with n = {n}")
        self.show("pi/now.html", job=job, **outcome(self.service, job, time.time()))

    head = get


class JobForm(ServicePage):
    """`/jobs/<n>/<command>`: the buttons without JavaScript."""

    def post(self, text: str, command: str) -> None:
        n = parse_whole("n", text, 1)
        commands = {"retry": self.service.retry, "remove": self.service.remove, "restore": self.service.restore}
        job = commands[command](n)
        self.redirect(self.place.at(f"?removed={n}" if job.status is Stage.REMOVED else f"pi/{n}"), status=303)


def preferred(header: str) -> list[str]:
    """The primary languages of an Accept-Language header, the most wanted first.

    >>> preferred("de;q=0.9, en-GB;q=0.7, ru")
    ['ru', 'de', 'en']
    """
    wishes = []
    for part in header.replace(" ", "").split(","):
        tag, _, quality = part.partition(";q=")
        try:
            wishes.append((-float(quality or 1), tag.lower().partition("-")[0]))
        except ValueError:
            continue  # not a wish anybody can read
    return [language for _, language in sorted(wishes, key=lambda wish: wish[0])]
