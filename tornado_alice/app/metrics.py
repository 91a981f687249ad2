"""Is it alive, and how is it doing: ``/healthz`` and ``/metrics``."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tornado.web import RequestHandler


class Metric(NamedTuple):
    """One number for Prometheus; `kind` is ``counter`` or ``gauge``."""

    name: str
    kind: str
    help: str
    value: float


class HealthHandler(RequestHandler):
    """Liveness: the loop answers."""

    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.finish({"status": "ok"})


class MetricsHandler(RequestHandler):
    """Numbers in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

    def initialize(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self.collect = collect

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(exposition(self.collect()))


def exposition(metrics: Iterable[Metric]) -> str:
    """The metrics as text.

    >>> print(exposition([Metric("alice_turns_total", "counter", "Turns kept.", 3)]), end="")
    # HELP alice_turns_total Turns kept.
    # TYPE alice_turns_total counter
    alice_turns_total 3
    """
    return "".join(f"# HELP {m.name} {m.help}\n# TYPE {m.name} {m.kind}\n{m.name} {m.value:g}\n" for m in metrics)
