"""Is it alive, may it get requests, and how is it doing: ``/healthz``, ``/readyz`` and ``/metrics``."""

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from tornado.web import RequestHandler


class Metric(NamedTuple):
    """One number for Prometheus; `kind` is ``counter`` or ``gauge``, `labels` tell it from others of its name."""

    name: str
    kind: str
    help: str
    value: float
    labels: str = ""


class HealthHandler(RequestHandler):
    """Liveness: the loop answers, and there is no trouble that only a restart helps."""

    def initialize(self, trouble: Callable[[], str | None]) -> None:
        self.trouble = trouble

    def get(self) -> None:
        trouble = self.trouble()
        self.set_header("Cache-Control", "no-store")
        self.set_status(200 if trouble is None else 503)
        self.finish({"status": trouble or "ok"})

    head = get


class ReadyHandler(RequestHandler):
    """Readiness: 200, or 503 with the reason why no request should be sent here."""

    def initialize(self, trouble: Callable[[], Awaitable[str | None]]) -> None:
        self.trouble = trouble

    async def get(self) -> None:
        trouble = await self.trouble()
        self.set_header("Cache-Control", "no-store")
        self.set_status(200 if trouble is None else 503)
        self.finish({"status": trouble or "ready"})

    head = get


class MetricsHandler(RequestHandler):
    """Numbers in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

    def initialize(self, text: Callable[[], Awaitable[str]]) -> None:
        self.text = text

    async def get(self) -> None:
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(await self.text())

    head = get


def exposition(metrics: Iterable[Metric]) -> str:
    """The metrics as text.

    >>> print(exposition([Metric("alice_turns_total", "counter", "Turns kept.", 3)]), end="")
    # HELP alice_turns_total Turns kept.
    # TYPE alice_turns_total counter
    alice_turns_total 3

    What has labels follows those of its name: the format wants them in one group.
    """
    groups: dict[str, list[Metric]] = {}
    for metric in metrics:
        groups.setdefault(metric.name, []).append(metric)
    return "".join(map(_group, groups.values()))


def _group(metrics: list[Metric]) -> str:
    name, kind, help, *_ = metrics[0]
    samples = "".join(f"{name}{metric.labels} {metric.value:g}\n" for metric in metrics)
    return f"# HELP {name} {help}\n# TYPE {name} {kind}\n{samples}"
