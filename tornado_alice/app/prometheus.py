"""Histograms and figures of the process for Prometheus, in a registry of its own: nothing of it is global."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from .measures import PARTS, Histogram, Measures

#: What can be told of several skills: labels of a figure, and the histogram.
Labelled = Iterable[tuple[dict[str, str], Histogram]]


class Histograms(Collector):
    """What the measures of a process are at the moment they are asked for.

    Args:
        measures: by skill; `skill` is a label if there are several.
        groups: gives the sizes of groups in which turns were kept.
    """

    def __init__(self, measures: Measures, groups: Callable[[], Histogram]) -> None:
        self._measures, self._groups = measures, groups
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> str:
        """All of it, in the text format."""
        return generate_latest(self._registry).decode()

    def collect(self) -> Iterator[HistogramMetricFamily]:
        several = len(self._measures.times) > 1
        for part, help in PARTS.items():
            of_skills = self._measures.times.items()
            told = [({"skill": name} if several else {}, histograms[part]) for name, histograms in of_skills]
            yield _family(f"alice_{part}_seconds", help, told)
        yield _family("alice_group_turns", "Turns and steps that were kept at once.", [({}, self._groups())])


def _family(name: str, help: str, told: Labelled) -> HistogramMetricFamily:
    told = list(told)
    family = HistogramMetricFamily(name, help, labels=list(told[0][0]) if told else [])
    for labels, histogram in told:
        buckets = [(f"{bound:g}".replace("inf", "+Inf"), float(count)) for bound, count in histogram.buckets()]
        family.add_metric(list(labels.values()), buckets, histogram.total)
    return family
