"""Digits over HTTP: windows of them, searches through them, and all of them as a text to download."""

import asyncio
import re
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, TypeVar

from tornado.iostream import StreamClosedError

from ..checks import parse_whole
from ..errors import BadRequest
from .api import ApiHandler
from .base import Refused

T = TypeVar("T")

#: Digits in the largest window; it is read in well under a millisecond, on the loop.
MAX_WINDOW = 10_000
#: Bytes of a download that are read at once, on the loop: 0.03 ms from the page cache.
CHUNK = 1 << 16
#: What a download from position 0 begins with: the 3 and the point.
HEAD = "3."


class WindowHandler(ApiHandler):
    """`/v1/pi`: a window of digits, as the public pi.delivery API answers it."""

    cache = "public, max-age=31536000, immutable"  # digits once stored are the same for ever

    def get(self) -> None:
        start = parse_whole("start", self.argument("start", "0"), 0)
        count = parse_whole("numberOfDigits", self.argument("numberOfDigits", "100"), 1, MAX_WINDOW)
        digits = self.service.digit_window(start, count)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(f'{{"content":"{digits}"}}')  # digits need no escaping

    head = get

    def compute_etag(self) -> None:
        """None is needed: nobody asks again for what never changes."""


class Searching(ApiHandler):
    """Base of searches: who goes away ends theirs, so that a reader who types on leaves no queue behind."""

    _searching: "asyncio.Future[Any] | None" = None

    async def wanted(self, answer: Awaitable[T]) -> T | None:
        """The answer; None if nobody waits for it any more."""
        self._searching = task = asyncio.ensure_future(answer)
        await asyncio.wait([task])
        return None if task.cancelled() else task.result()

    def on_connection_close(self) -> None:
        if self._searching:
            self._searching.cancel()

    @property
    def end(self) -> int | None:
        """The last position that counts."""
        end = self.argument("end", "")
        return parse_whole("end", end, 0) if end else None


class SearchHandler(Searching):
    """`/api/search`: where a sequence of digits stands first, from `start` on or back from it."""

    async def get(self) -> None:
        q, back = self.argument("q", ""), self.argument("back", "0") == "1"
        start = parse_whole("start", self.argument("start", "1"), 0)
        if found := await self.wanted(self.service.search(q, start, end=self.end, back=back)):
            self.finish({"q": q, "position": found.position, "around": found.around, "searched": found.searched})

    head = get


class CountHandler(Searching):
    """`/api/search/count`: how often a sequence stands there."""

    async def get(self) -> None:
        q = self.argument("q", "")
        count = await self.wanted(self.service.count(q, end=self.end))
        if count is not None:
            self.finish({"q": q, "count": count})

    head = get


class TextHandler(ApiHandler):
    """`/v1/pi.txt?from=0&to=1000`: digits as a file, also in parts (Range); from 0 on it begins with "3."."""

    async def get(self) -> None:
        first = parse_whole("from", self.argument("from", "0"), 0)
        last = parse_whole("to", self.argument("to", str(self.service.available)), 0)
        if last < first:
            raise BadRequest("to", f"to must be at least from, which is {first}; got {last}")
        self.service.digit_window(last, 1)  # raises if they are not all there
        size = last - first + 1 + (first == 0)
        self._describe(first, last)
        part = self._part(size)
        self.set_header("Content-Length", len(part))
        if self.request.method == "GET":
            with suppress(StreamClosedError):  # the reader has gone
                await self._send(first, part)

    head = get

    def compute_etag(self) -> None:
        """`_describe` has set one; there is no body to make it of."""

    def _describe(self, first: int, last: int) -> None:
        self.set_header("Content-Type", "text/plain; charset=us-ascii")
        self.set_header("Content-Disposition", f'attachment; filename="pi-{first}-{last}.txt"')
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Etag", f'"pi-{first}-{last}"')

    def _part(self, size: int) -> range:
        """Which bytes are asked for."""
        etag = self._headers["Etag"]
        asked = self.request.headers.get("Range", "")
        if self.request.headers.get("If-Range", etag) != etag:
            asked = ""
        part = byte_range(asked, size)
        if part is None:
            return range(size)
        if not part:
            raise Refused(416, "range_not_satisfiable", f"there are {size} bytes; got {asked[:50]!r}", "Range")
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {part.start}-{part.stop - 1}/{size}")
        return part

    async def _send(self, first: int, part: range) -> None:
        for at in range(part.start, part.stop, CHUNK):
            self.write(self._text(first, at, min(at + CHUNK, part.stop)))
            await self.flush()  # waits while the other side is slow to read

    def _text(self, first: int, start: int, stop: int) -> str:
        """The bytes start..stop - 1 of the text that begins with position `first`."""
        if first > 0:
            return self.service.digit_window(first + start, stop - start)
        digits = self.service.digit_window(max(1, start - 1), stop - max(2, start)) if stop > 2 else ""
        return HEAD[start:stop] + digits


def byte_range(header: str, size: int) -> range | None:
    """What a Range header asks for of `size` bytes; empty if there is no such part, None if it asks for everything.

    >>> byte_range("bytes=2-4", 10), byte_range("bytes=8-", 10), byte_range("bytes=-3", 10)
    (range(2, 5), range(8, 10), range(7, 10))
    >>> byte_range("bytes=10-", 10), byte_range("bytes=0-1,3-4", 10)
    (range(10, 10), None)
    """
    found = re.fullmatch(r"bytes=([0-9]{0,15})-([0-9]{0,15})", header)
    if found is None or found[0] == "bytes=-":
        return None  # several parts, or another unit: the whole is a right answer
    first, last = found[1], found[2]
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    start = min(int(first), size)
    return range(start, min(int(last) + 1, size) if last else size)
