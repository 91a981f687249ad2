"""The pages, and the forms that work without JavaScript. A form's POST needs Tornado's XSRF token."""

import time
from typing import Any

from tornado.web import HTTPError

from ..checks import parse_whole
from ..errors import BadRequest, NotFound, QueueFull, StoreUnavailable
from ..jobs import FINISHED, REPORTING, RETRYABLE, Stage
from ..listing import LISTED, Listing
from ..search import LONGEST
from ..service import Service
from .base import BaseHandler, Problem, Refused, describe
from .digits import MAX_WINDOW
from .outcome import outcome
from .texts import LANGUAGES, duration, groups, iso, moment, number, seconds, texts

#: Digits in the page itself, for readers without JavaScript.
FIRST = 1000
#: What the pages' scripts (web/pi/facts.js) must know of the service; it travels to them in a data attribute.
FACTS = {
    "finished": sorted(FINISHED),
    "retryable": sorted(RETRYABLE),
    "reporting": REPORTING,
    "sort": Listing.sort,
    "per_page": Listing.per_page,
    "window": MAX_WINDOW,
    "longest": LONGEST,
}


class PageHandler(BaseHandler):
    """Base: language, errors as HTML."""

    def prepare(self) -> None:
        super().prepare()
        if (asked := self._asked()) in LANGUAGES:
            self.set_cookie("lang", asked, expires_days=365, **self.place.cookie)

    def _asked(self) -> str:
        # not get_argument: an error page must not fail over a broken query
        return self.request.query_arguments.get("lang", [b""])[-1].decode("latin-1")

    @property
    def lang(self) -> str:
        """What the address asks for, else what was chosen before, else what the browser prefers."""
        accepted = preferred(self.request.headers.get("Accept-Language", ""))
        wishes = [self._asked(), self.get_cookie("lang") or "", *accepted]
        return next((wish for wish in wishes if wish in LANGUAGES), LANGUAGES[0])

    def get_template_namespace(self) -> dict[str, Any]:
        functions = {fn.__name__: fn for fn in (duration, groups, iso, moment, number, seconds)}
        return (
            super().get_template_namespace()
            | functions
            | {"lang": self.lang, "t": texts(self.lang), "at": self.place.at}
        )

    def show(self, template: str, **values: Any) -> None:
        self.set_header("Vary", "Accept-Language, Cookie")
        self.render(template, **values)

    def show_error(self, problem: Problem) -> None:
        self.show("error.html", status=problem.status, message=problem.message)

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


class DashboardPage(ServicePage):
    """`/`: the table of all computations and the form for a new one."""

    def get(self) -> None:
        self.show_jobs()

    head = get

    def show_jobs(self, message: str | None = None) -> None:
        jobs, total = self.service.jobs()
        self.show(
            "pi/dashboard.html",
            jobs=jobs,
            total=total,
            cursor=self.service.feed.last_id,
            listed=LISTED,
            max_digits=self.service.max_digits,
            message=message,
            load=self.service.load(),
        )


class NewJobForm(DashboardPage):
    """`/jobs`: the form's target; a bad n shows the dashboard again and says why."""

    def get(self) -> None:
        self.redirect(self.place.at())  # someone reloads the answer to a bad n

    head = get

    def post(self) -> None:
        try:
            job, _ = self.service.submit(parse_whole("n", self.get_body_argument("n", ""), 1, self.service.max_digits))
        except (BadRequest, QueueFull, StoreUnavailable) as error:
            problem = describe(error)
            self.set_status(problem.status)
            self.show_jobs(problem.message)
        else:
            self.redirect(self.place.at(f"pi/{job.n}"), status=303)


class JobPage(ServicePage):
    """`/pi/<n>`: one job, its events, and pi to n digits."""

    def get(self, text: str) -> None:
        n = parse_whole("n", text, 1)
        job = self.service.job(n)
        if job is None:
            raise NotFound(f"there is no job with n = {n}")
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
    """`/jobs/<n>/retry` and `/jobs/<n>/remove`: the buttons without JavaScript."""

    def post(self, text: str, command: str) -> None:
        n = parse_whole("n", text, 1)
        job = self.service.retry(n) if command == "retry" else self.service.remove(n)
        self.redirect(self.place.at("" if job.status is Stage.REMOVED else f"pi/{n}"), status=303)


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
