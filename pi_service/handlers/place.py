"""Where browsers find the pages: every URL and cookie that leaves the server is made here.

The routes of the server itself always begin at ``/``; a proxy that serves the pages under ``/pi-app/`` takes that
prefix off, or leaves it on for the server to take off.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest


@dataclass(frozen=True)
class Place:
    """The address of the pages as browsers see it.

    >>> Place.parse("https://example.org/pi-app").at("pi/7")
    '/pi-app/pi/7'
    >>> Place().at()
    '/'
    """

    origin: str | None = None  #: scheme, host and port; None: whatever a request's Host says
    base: str = "/"  #: begins and ends with a slash

    @classmethod
    def parse(cls, url: str) -> "Place":
        """The place that a full URL names.

        Raises:
            ValueError: says what is wrong with it.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError(f"a full address like https://example.org/pi-app/, got {url[:100]!r}")
        return cls(f"{parts.scheme}://{parts.netloc}".lower(), f"{parts.path.rstrip('/')}/")

    def at(self, path: str = "") -> str:
        """The URL of a path of ours, given without its leading slash."""
        return self.base + path

    def full(self, path: str, request: HTTPServerRequest) -> str:
        """The whole address of a path of ours, for readers who are elsewhere."""
        return (self.origin or f"{request.protocol}://{request.host}") + self.at(path)

    def is_ours(self, origin: str, host: str) -> bool:
        """Does a page of `origin` belong to us, if the request was sent to `host`?"""
        return origin.lower() == self.origin or origin.partition("://")[2].lower() == host.lower()

    @property
    def cookie(self) -> dict[str, Any]:
        """Attributes of every cookie: only for these pages, only over TLS if they have it."""
        secure = self.origin is not None and self.origin.startswith("https:")
        return {"path": self.base, "secure": secure, "httponly": True, "samesite": "Lax"}
