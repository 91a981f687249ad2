"""What every HTTP answer shares: security headers, how errors become statuses, how numbers are read."""

import logging
import re
from http.client import responses
from types import TracebackType
from typing import Any

from tornado.web import HTTPError, RequestHandler

from ..errors import BadRequest, IllegalTransition, NotFound, PiError, QueueFull, StoreUnavailable

log = logging.getLogger(__name__)

#: No inline script, nothing from elsewhere, no framing.
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
#: Bytes; the longest honest body is a form with one number and an XSRF token.
MAX_FORM = 64 * 1024

#: Errors of the service as statuses; the `code` of an error answer is the name beside it.
STATUSES: dict[type[Exception], tuple[int, str]] = {
    BadRequest: (400, "bad_request"),
    NotFound: (404, "not_found"),
    IllegalTransition: (409, "conflict"),
    QueueFull: (429, "queue_full"),
    StoreUnavailable: (503, "unavailable"),
}


class Refused(Exception):
    """A request that HTTP itself lets us refuse; the message is for the one who sent it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message = status, code, message


class BaseHandler(RequestHandler):
    """Base of pages and API; a subclass says in `show_error` what an error looks like."""

    #: How long the answer may be kept; errors never.
    cache = "no-store"

    def set_default_headers(self) -> None:
        for name, value in SECURITY.items():
            self.set_header(name, value)
        self.set_header("Cache-Control", self.cache)

    def prepare(self) -> None:
        if len(self.request.body) > MAX_FORM:
            raise Refused(413, "too_large", f"a body may have {MAX_FORM} bytes; got {len(self.request.body)}")

    def show_error(self, status: int, code: str, message: str) -> None:
        raise NotImplementedError

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        exc_info = kwargs.get("exc_info")
        status = describe(exc_info[1])[0] if exc_info else status_code
        super().send_error(status, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.set_header("Cache-Control", "no-store")
        exc_info = kwargs.get("exc_info")
        error = exc_info[1] if exc_info else HTTPError(status_code)
        self.show_error(*describe(error))

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if isinstance(value, StoreUnavailable):
            log.warning("%s %s: %s", self.request.method, self.request.path, value)
        elif not isinstance(value, PiError | Refused) or describe(value)[0] >= 500:
            super().log_exception(typ, value, tb)


def describe(error: BaseException | None) -> tuple[int, str, str]:
    """Status, code and message with which an exception is answered.

    >>> describe(NotFound("there is no job with n = 7"))
    (404, 'not_found', 'there is no job with n = 7')
    >>> describe(HTTPError(405))
    (405, 'method_not_allowed', 'Method Not Allowed')
    >>> describe(ZeroDivisionError())
    (500, 'internal_server_error', 'Internal Server Error')
    """
    if isinstance(error, Refused):
        return error.status, error.code, error.message
    for kind, (status, code) in STATUSES.items():
        if isinstance(error, kind):
            return status, code, str(error)
    status = error.status_code if isinstance(error, HTTPError) else 500
    reason = responses.get(status, "Error")
    return status, reason.lower().replace(" ", "_"), reason


def parse_whole(field: str, text: str, least: int, most: int | None = None) -> int:
    """The whole number that `text` writes in ASCII digits. Raises `BadRequest` outside least..most.

    >>> parse_whole("page", "12", 1)
    12
    >>> parse_whole("per_page", "501", 1, 500)
    Traceback (most recent call last):
    ...
    pi_service.errors.BadRequest: per_page must be a whole number from 1 to 500; got '501'
    """
    # 15 digits: more than any n, less than what SQLite or a file offset can hold
    if re.fullmatch("[0-9]{1,15}", text):
        number = int(text)
        if least <= number and (most is None or number <= most):
            return number
    allowed = f"from {least} to {most}" if most is not None else f"of at least {least}"
    raise BadRequest(field, f"{field} must be a whole number {allowed}; got {text[:50]!r}")
