"""Who may ask for what: the webhook is for everybody, the pages for those who know their name and password.

    path                 foreign Host    no password    else
    ------------------   ------------    -----------    -----------------------------------
    the webhook          let in          let in         the skill's own rules
    /healthz, /readyz    let in          let in         they tell nothing but a word
    anything else        421             401            the pages; 64 KiB of a body at most

A foreign Host is what a page of another site sends that has its own name lead to this machine (DNS rebinding): its
browser takes the answers for that site's own.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, HTTPServerRequest, RequestStartLine, ResponseStartLine
from tornado.routing import Router

from ..exchange import Refusal
from ..webhook import WebhookPort
from .password import Password

#: Answered to everybody: probes ask by address.
PROBES = ("/healthz", "/readyz")
#: Bytes of a body that reach a page or the API; they refuse themselves what is longer than a form.
MAX_PAGE_BODY = (64 << 10) + 1


@dataclass(frozen=True)
class Rules:
    """What the gate of the pages goes by.

    Attributes:
        hosts: names that the pages answer to, lower case, without ports; any, if there is none.
        password: what opens them, if they have one.
        base: the prefix that a proxy may leave on a path; begins and ends with a slash.
    """

    hosts: frozenset[str] = field(default_factory=frozenset)
    password: Password | None = None
    base: str = "/"


class PagesGate(Router):
    """The pages and the API, and the webhook if it has no port of its own."""

    def __init__(self, pages: Router, rules: Rules, webhook: WebhookPort | None) -> None:
        self._pages, self._rules, self._webhook = pages, rules, webhook

    def find_handler(self, request: HTTPServerRequest, **_: Any) -> HTTPMessageDelegate | None:
        base = self._rules.base
        if base != "/" and request.path.startswith(base):
            request.path = request.path[len(base) - 1 :]
        if self._webhook is not None and self._webhook.wants(request):
            return self._webhook.find_handler(request)
        if request.path not in PROBES and (refusal := self._refusal(request)) is not None:
            return refusal
        handler = self._pages.find_handler(request)
        return None if handler is None else _Bounded(handler)

    def _refusal(self, request: HTTPServerRequest) -> Refusal | None:
        name = host_name(request.host)
        if self._rules.hosts and name not in self._rules.hosts:
            message = f"there are no pages called {name[:100]!r} here; --hosts names those there are"
            return Refusal(request, 421, "foreign_host", message, "Host")
        password = self._rules.password
        if password is not None and not password.opens(request.headers.get("Authorization", "")):
            wanted = {"WWW-Authenticate": 'Basic realm="tornado_alice", charset="UTF-8"'}
            message = "the pages have a password; any user name will do"
            return Refusal(request, 401, "password", message, "Authorization", **wanted)
        return None


class _Bounded(HTTPMessageDelegate):
    """Lets only so much of a body through that its reader sees it is too long."""

    def __init__(self, inner: HTTPMessageDelegate) -> None:
        self._inner, self._left = inner, MAX_PAGE_BODY

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> Any:
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Any:
        passed, self._left = chunk[: self._left], max(0, self._left - len(chunk))
        return self._inner.data_received(passed) if passed else None

    def finish(self) -> None:
        self._inner.finish()

    def on_connection_close(self) -> None:
        self._inner.on_connection_close()


def host_name(host: str) -> str:
    """The name in a Host header: lower case, without its port and the last dot.

    >>> host_name("LocalHost.:8888"), host_name("[::1]:8888"), host_name("[::1]")
    ('localhost', '[::1]', '[::1]')
    """
    name, colon, port = host.lower().rpartition(":")
    return (name if colon and not port.endswith("]") else host.lower()).removesuffix(".")


def host_names(given: Collection[str], public: str | None, loopback: bool) -> frozenset[str]:
    """The names that pages answer to.

    Args:
        given: those of the command line.
        public: the host of the public address, if there is one.
        loopback: do the pages listen on this machine alone? Then they have its names unless others are given.

    >>> sorted(host_names([], "pi.example:8443", loopback=True))
    ['127.0.0.1', '[::1]', 'localhost', 'pi.example']
    >>> host_names([], "pi.example", loopback=False)
    frozenset()
    """
    names = list(given) or (["localhost", "127.0.0.1", "[::1]"] if loopback else [])
    return frozenset(map(host_name, [*names, public] if names and public else names))
