"""The JSON API and the websocket feed.

Another site's page cannot command it: what changes anything wants `application/json` and no foreign Origin.
"""

import json
from asyncio import Future
from contextlib import suppress
from dataclasses import fields
from functools import lru_cache
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketHandler

from ..checks import parse_whole, whole
from ..errors import BadRequest, NotFound, StoreUnavailable
from ..feed import Batch, Feed, Subscription
from ..listing import FILTERS, LARGEST, Listing
from ..numbers import parse_numbers
from ..service import Service
from .base import STATUSES, BaseHandler, Problem, Refused

#: Events in one answer: those of any usual job, read and written in a few milliseconds, on the loop.
MAX_EVENTS = 500
#: Websockets at a time; every change is written to each of them, on the loop that answers dialogs too.
MAX_WATCHERS = 1000
#: Numbers in the longest list of jobs that is sent, or told, in one go; their JSON stays below MAX_FORM.
MOST_LISTED = 5000


class ApiHandler(BaseHandler):
    """Base: errors as JSON, foreign pages refused."""

    def initialize(self, service: Service) -> None:
        self.service = service

    def prepare(self) -> None:
        super().prepare()
        if self.request.method == "POST" and self.request.body:
            self._want_json()

    def check_xsrf_cookie(self) -> None:
        """Origin and content type stand in for the form's token."""

    def _want_json(self) -> None:
        given = self.request.headers.get("Content-Type", "")
        if given.partition(";")[0].strip().lower() != "application/json":
            message = f"Content-Type must be application/json; got {given[:100]!r}"
            raise Refused(415, "unsupported_media_type", message, "Content-Type")

    def show_error(self, problem: Problem) -> None:
        self.finish(problem.as_json())

    def argument(self, name: str, default: str) -> str:
        return self.get_query_argument(name, default)

    def n(self, text: str) -> int:
        return parse_whole("n", text, 1)

    def sent(self) -> dict[str, Any]:
        """The JSON object in the body."""
        try:
            body = json.loads(self.request.body)
        except (ValueError, RecursionError):
            shown = self.request.body[:50].decode("utf-8", "replace")
            raise BadRequest("body", f'the body must be JSON like {{"n": 1000}}; got {shown!r}') from None
        if not isinstance(body, dict):
            raise BadRequest("body", f'the body must be a JSON object like {{"n": 1000}}; got {str(body)[:50]}')
        return body


class LoadHandler(ApiHandler):
    """`/api/load`: the last hour, minute by minute."""

    def get(self) -> None:
        self.finish(self.service.load())

    head = get


class UnknownHandler(ApiHandler):
    """Any other path of the API."""

    def prepare(self) -> None:
        raise NotFound(f"there is nothing at {self.request.path[:100]}")


class JobsHandler(ApiHandler):
    """`/api/jobs`: the list, and a new job."""

    def get(self) -> None:
        names = [field.name for field in fields(Listing)]
        given = {name: self.get_query_argument(name) for name in names if name in self.request.query_arguments}
        jobs, total = self.service.jobs(Listing.parse(**given))
        self.finish({"jobs": [job.as_json() for job in jobs], "total": total})

    head = get

    def post(self) -> None:
        job, created = self.service.submit(self.sent().get("n"))
        if created:
            self.set_status(201)
            self.set_header("Location", self.place.at(f"api/jobs/{job.n}"))
        self.finish(job.as_json())


class BulkHandler(ApiHandler):
    """`/api/jobs/bulk`: one command on a list of jobs, or on all that pass a filter."""

    async def post(self) -> None:
        sent = self.sent()
        chosen = self._chosen(sent)
        outcome = await self.service.bulk(str(sent.get("command")), chosen)
        kept = {STATUSES[kind][1]: count for kind, count in outcome.kept.items()}
        few = outcome.done if len(outcome.done) <= MOST_LISTED else None
        self.finish({"done": len(outcome.done), "kept": kept, "n": few})

    def _chosen(self, sent: dict[str, Any]) -> Listing | list[int]:
        wanted, most = sent.get("n"), self.service.max_digits
        if isinstance(wanted, str):
            return parse_numbers("n", wanted, most)
        if isinstance(wanted, list) and len(wanted) <= MOST_LISTED:
            return [whole("n", n, 1, LARGEST) for n in wanted]
        filters = sent.get("filter")
        if isinstance(filters, dict) and all(isinstance(value, str) for value in filters.values()):
            return Listing.parse(**{name: value for name, value in filters.items() if name in FILTERS})
        message = f'n must be a list of at most {MOST_LISTED} numbers, or a text like "10, 100-110"; or send a filter'
        raise BadRequest("n", message)


class JobHandler(ApiHandler):
    """`/api/jobs/<n>`: the job with its events, oldest first, in pages; cancel or remove it."""

    def get(self, n: str) -> None:
        job = self.service.job(self.n(n))
        if job is None:
            raise NotFound(f"there is no job with n = {int(n)}", n=int(n))
        after = parse_whole("after", self.argument("after", "0"), 0)
        limit = parse_whole("limit", self.argument("limit", str(MAX_EVENTS)), 1, MAX_EVENTS)
        events = [event.as_json() for event in self.service.events(job.n, after, limit + 1)]
        self.finish({**job.as_json(), "events": events[:limit], "more": len(events) > limit})

    head = get

    def delete(self, n: str) -> None:
        self.finish(self.service.remove(self.n(n)).as_json())


class RetryHandler(ApiHandler):
    """`/api/jobs/<n>/retry`"""

    def post(self, n: str) -> None:
        self.finish(self.service.retry(self.n(n)).as_json())


class RestoreHandler(ApiHandler):
    """`/api/jobs/<n>/restore`: undo a removal."""

    def post(self, n: str) -> None:
        self.finish(self.service.restore(self.n(n)).as_json())


def text_frame(text: str) -> bytes:
    """A whole text message as a server's frame (RFC 6455, section 5.2).

    >>> text_frame("Hello")
    b'\\x81\\x05Hello'
    """
    data = text.encode()
    size = len(data)
    head = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 1 << 16 else b"\x7f" + size.to_bytes(8)
    return b"\x81" + head + data


@lru_cache(maxsize=16)
def frames(batch: Batch, whole: bool) -> bytes:
    """A batch as it goes to the socket, made once for all pages that get it: one message, or one for each change."""
    if whole:
        return text_frame(batch.message)
    return b"".join(text_frame(change.message) for change in batch.changes)


class EventsHandler(ApiHandler, WebSocketHandler):
    """`/api/events`: every change of every job, missed ones first; with ``?batch=1`` several in one message: a list.

    Bytes of one batch are under way to a page, the next ones are taken from the feed when it has read these.
    """

    _feed: Feed  # of the subscription: when the service has stopped, it has no feed any more
    _subscription: Subscription | None = None
    _rest: Future[None] | None = None  # what the kernel's buffers did not take of a batch
    _begun = 0  # the newest event when it was written

    def prepare(self) -> None:
        super().prepare()
        self.refuse_foreign()
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise Refused(426, "upgrade_required", "this address speaks only the websocket protocol", "Upgrade")
        if self.service.feed.subscribers >= MAX_WATCHERS:
            message = f"{MAX_WATCHERS} pages watch already; close some, or come back later"
            raise Refused(429, "too_many_watchers", message)
        after = self.argument("after", "")
        self._after = parse_whole("after", after, 0) if after else None
        self._in_batches = self.argument("batch", "") == "1"

    def check_origin(self, origin: str) -> bool:
        """`prepare` has refused foreign ones."""
        return True

    def open(self, *args: str, **kwargs: str) -> None:
        assert self.ws_connection is not None and self.ws_connection.stream is not None, "it is open"
        self._stream = self.ws_connection.stream
        self._feed = self.service.feed
        self._write(text_frame(json.dumps({"id": self._feed.last_id, "stage": "hello"})))
        self._subscription = self._feed.subscribe(self._after, self._go_on, self._stopped)

    def _go_on(self) -> bool:
        """Write the next batch if the last one has left; whether there is more to write at once."""
        assert self._subscription is not None, "it is the one that calls"
        if self._waits:
            if self._feed.floor > self._begun:  # all that the feed keeps has come since
                self._leave(1013, "too slow; come back with after=<last id>")
            return False
        try:
            if batch := self._subscription.take():
                self._write(frames(batch, self._in_batches))
        except StoreUnavailable as error:
            self._leave(1013, str(error)[:100])
            return False
        except StreamClosedError:  # on_close says so too
            return False
        return self._subscription.behind and not self._waits

    def _write(self, data: bytes) -> None:
        # below write_message() and write(), which make tasks and futures: 1,000 pages take a third of the time so
        sent = 0
        if not (self._stream.writing() or self._stream.closed()):
            with suppress(OSError):  # the buffers are full, or the other side is gone: write() will see
                sent = self._stream.write_to_fd(memoryview(data))
        if sent < len(data):
            self._begun = self._feed.last_id
            self._rest = self._stream.write(data[sent:])
            self._rest.add_done_callback(self._read)

    def _read(self, rest: Future[None]) -> None:
        if self._subscription and not rest.cancelled() and not rest.exception():
            self._feed.summon(self._subscription)

    @property
    def _waits(self) -> bool:
        """Whether the other side has not read the last batch yet."""
        return self._rest is not None and not self._rest.done()

    def _leave(self, code: int, reason: str) -> None:
        assert self._subscription is not None
        self._feed.unsubscribe(self._subscription)
        self.close(code, reason)

    def _stopped(self) -> None:
        self.close(1001, "the server stops")

    def on_message(self, message: str | bytes) -> None:
        """Commands come by HTTP; what is said here is ignored."""

    def on_close(self) -> None:
        if self._subscription:
            self._feed.unsubscribe(self._subscription)
