"""The processes of one command as one for those who measure: ``/metrics`` of any of them tells of all.

A proxy or the kernel chooses which process is asked; figures that jump between processes would be no figures. Each
sample has the label `process`, the same for the one that takes another's place.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry
from tornado.httpclient import HTTPClientError
from tornado.web import Application, RequestHandler

from ..listener import Listener
from .private import Private

#: Before the number of a process in the name of its socket.
PREFIX = "process-"
#: Seconds that the figures of another process may take; one that is stopped has none.
PATIENCE = 1.0


class Siblings:
    """The other processes, and this one for them.

    Args:
        private: where they ask each other.
        index: of this process.
        own: the figures of this process.
    """

    def __init__(self, private: Private, index: int, own: Callable[[], Awaitable[str]]) -> None:
        self._private, self._name, self._own = private, f"{PREFIX}{index}", own
        self._server: Listener | None = None

    def start(self) -> None:
        """Let the others ask."""
        routes = [("/metrics", OwnHandler, {"own": self._own})]
        self._server = self._private.serve(self._name, Application(routes))

    async def stop(self) -> None:
        """Let nobody ask any more."""
        if self._server is not None:
            await self._server.drain(0)

    async def metrics(self) -> str:
        """The figures of all of them."""
        others = [name for name in self._private.names() if name.startswith(PREFIX) and name != self._name]
        texts = dict(zip(others, await asyncio.gather(*map(self._of, others)), strict=True))
        texts[self._name] = await self._own()
        return merged({name.removeprefix(PREFIX): text for name, text in texts.items()})

    async def _of(self, name: str) -> str:
        client = self._private.client()
        try:
            return (await client.fetch(f"http://{name}/metrics", request_timeout=PATIENCE)).body.decode()
        except (OSError, HTTPClientError):
            return ""  # it has just ended, or does not answer
        finally:
            client.close()


class OwnHandler(RequestHandler):
    """The figures of this process alone."""

    def initialize(self, own: Callable[[], Awaitable[str]]) -> None:
        self.own = own

    async def get(self) -> None:
        self.finish(await self.own())


class _Merged(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def merged(texts: Mapping[str, str]) -> str:
    """Figures of several processes in one text.

    Args:
        texts: by process, in Prometheus' text format.

    >>> text = "# HELP turns_total Kept.\\n# TYPE turns_total counter\\nturns_total 3\\n"
    >>> print(merged({"0": text, "1": ""}), end="")
    # HELP turns_total Kept.
    # TYPE turns_total counter
    turns_total{process="0"} 3.0
    """
    families: dict[str, Metric] = {}
    for process, text in sorted(texts.items()):
        for family in text_string_to_metric_families(text):
            whole = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            whole.samples += [sample._replace(labels={"process": process} | sample.labels) for sample in family.samples]
    registry = CollectorRegistry()
    registry.register(_Merged(families.values()))
    return generate_latest(registry).decode()
