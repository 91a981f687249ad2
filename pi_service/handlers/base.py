"""What every HTTP answer shares: security headers, and how errors become statuses and JSON."""

import logging
from dataclasses import dataclass
from http.client import responses
from types import TracebackType
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import HTTPError, OutputTransform, RequestHandler

from ..errors import BadRequest, DigitsDamaged, IllegalTransition, NotFound, PiError, QueueFull, StoreUnavailable
from .place import Place

log = logging.getLogger(__name__)

#: No inline script, nothing from elsewhere, no framing.
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
#: Bytes; the longest honest body is a form with one number and an XSRF token.
MAX_FORM = 64 * 1024

#: Errors of the service as statuses; the `code` of an error answer is the name beside it.
STATUSES: dict[type[PiError], tuple[int, str]] = {
    BadRequest: (400, "bad_request"),
    NotFound: (404, "not_found"),
    IllegalTransition: (409, "conflict"),
    QueueFull: (429, "queue_full"),
    StoreUnavailable: (503, "unavailable"),
    DigitsDamaged: (503, "unavailable"),
}


@dataclass(frozen=True)
class Problem:
    """An error as HTTP tells it."""

    status: int
    code: str  #: for programs
    message: str  #: for people
    field: str | None = None  #: what of the request is wrong, if that is known
    values: dict[str, Any] | None = None  #: the facts of the message, from which a page makes its own

    def as_json(self) -> dict[str, Any]:
        """The body of every JSON error.

        >>> Problem(400, "bad_request", "n must be more; got 0", "n").as_json()
        {'error': {'code': 'bad_request', 'message': 'n must be more; got 0', 'field': 'n'}}
        >>> Problem(404, "not_found", "there is no job with n = 7").as_json()
        {'error': {'code': 'not_found', 'message': 'there is no job with n = 7'}}
        """
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field is not None:
            error["field"] = self.field
        if self.values:
            error["values"] = self.values
        return {"error": error}


class Refused(Exception):
    """A request that HTTP itself lets us refuse; the message is for the one who sent it."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None, **values: object) -> None:
        super().__init__(status, code, message, field)
        self.problem = Problem(status, code, message, field, values)


class Secured(OutputTransform):
    """Puts the security headers on every answer of an Application, whoever gives it."""

    def __init__(self, request: HTTPServerRequest) -> None:
        """Tornado makes one for each request."""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        for name, value in SECURITY.items():
            headers.setdefault(name, value)  # a handler's own policy is stricter
        return status_code, headers, chunk


class BaseHandler(RequestHandler):
    """Base of pages and API; a subclass says in `show_error` what an error looks like."""

    #: How long the answer may be kept; errors never.
    cache = "no-store"

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", self.cache)

    def prepare(self) -> None:
        if len(self.request.body) > MAX_FORM:
            got = self.request.headers.get("Content-Length", "more")  # the rest may have been thrown away unread
            message = f"a body may have {MAX_FORM} bytes; got {got}"
            raise Refused(413, "too_large", message, "body")
        if self.request.method in ("POST", "DELETE"):
            self.refuse_foreign()

    @property
    def place(self) -> Place:
        """Where browsers find us."""
        place: Place = self.settings["place"]
        return place

    def refuse_foreign(self) -> None:
        """Refuse what a page of another site sends; programs send no Origin."""
        origin = self.request.headers.get("Origin")
        if origin is not None and not self.place.is_ours(origin, self.request.host):
            message = f"requests from pages of {origin[:100]!r} are not accepted"
            raise Refused(403, "foreign_origin", message, "Origin", origin=origin[:100])

    def show_error(self, problem: Problem) -> None:
        """Answer with the problem; its status is set already."""
        raise NotImplementedError

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        exc_info = kwargs.get("exc_info")
        status = describe(exc_info[1]).status if exc_info else status_code
        super().send_error(status, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.set_header("Cache-Control", "no-store")
        exc_info = kwargs.get("exc_info")
        self.show_error(describe(exc_info[1] if exc_info else HTTPError(status_code)))

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if isinstance(value, StoreUnavailable | DigitsDamaged):
            log.warning("%s %s: %s", self.request.method, self.request.path, value)
        elif not isinstance(value, PiError | Refused) or describe(value).status >= 500:
            super().log_exception(typ, value, tb)


def describe(error: BaseException | None) -> Problem:
    """What an exception is answered with.

    >>> describe(BadRequest("n", "n must be more; got 0"))
    Problem(status=400, code='bad_request', message='n must be more; got 0', field='n', values={})
    >>> describe(HTTPError(405))
    Problem(status=405, code='method_not_allowed', message='Method Not Allowed', field=None, values=None)
    >>> describe(ZeroDivisionError())
    Problem(status=500, code='internal_server_error', message='Internal Server Error', field=None, values=None)
    """
    if isinstance(error, Refused):
        return error.problem
    for kind, (status, code) in STATUSES.items():
        if isinstance(error, kind):
            field = error.field if isinstance(error, BadRequest) else None
            return Problem(status, code, str(error), field, error.values)
    status = error.status_code if isinstance(error, HTTPError) else 500
    reason = responses.get(status, "Error")
    return Problem(status, reason.lower().replace(" ", "_"), reason)
