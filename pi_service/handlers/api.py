"""The JSON API and the websocket feed.

Another site's page cannot command it: what changes anything wants `application/json` and no foreign Origin.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import fields
from functools import lru_cache
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from ..checks import parse_whole, whole
from ..errors import BadRequest, NotFound, StoreUnavailable
from ..feed import Feed, Subscription
from ..jobs import Change
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


@lru_cache(maxsize=16)
def text_frame(text: str) -> bytes:
    """A whole text message as a server's frame (RFC 6455, section 5.2), made once for all pages that get it.

    >>> text_frame("Hello")
    b'\\x81\\x05Hello'
    """
    data = text.encode()
    size = len(data)
    head = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 1 << 16 else b"\x7f" + size.to_bytes(8)
    return b"\x81" + head + data


class EventsHandler(ApiHandler, WebSocketHandler):
    """`/api/events`: every change of every job, missed ones first; with ``?batch=1`` several in one message: a list."""

    _feed: Feed  # of the subscription: when the service has stopped, it has no feed any more
    _subscription: Subscription | None = None
    _sending: asyncio.Task[None] | None = None

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
        self._feed = self.service.feed
        self._subscription = self._feed.subscribe(self._after, self._dropped)
        self._sending = asyncio.create_task(self._send(self._subscription, self._feed.last_id))

    async def _send(self, subscription: Subscription, latest: int) -> None:
        assert self.ws_connection is not None and self.ws_connection.stream is not None, "it is open"
        stream = self.ws_connection.stream
        with suppress(WebSocketClosedError, StreamClosedError):  # on_close says so too
            try:
                await self.write_message({"id": latest, "stage": "hello"})
                async for changes in subscription.batches():
                    for message in self._messages(changes):
                        # below write_message(), which makes a task for each: 1,000 pages take a third of the time so
                        written = stream.write(text_frame(message))
                        if stream.writing():  # the other side is slow to read
                            await written
            except StoreUnavailable as error:
                self.close(1013, str(error)[:100])

    def _messages(self, changes: list[Change]) -> list[str]:
        texts = [change.message for change in changes]
        return [f"[{','.join(texts)}]"] if self._in_batches else texts

    def _dropped(self, slow: bool) -> None:
        if slow:
            self.close(1013, "too slow; come back with after=<last id>")
        else:
            self.close(1001, "the server stops")

    def on_message(self, message: str | bytes) -> None:
        """Commands come by HTTP; what is said here is ignored."""

    def on_close(self) -> None:
        if self._subscription:
            self._feed.unsubscribe(self._subscription)
        if self._sending:
            self._sending.cancel()
