"""/metrics: histograms of what takes time, and what journals count of their work."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from talking import ask

from tornado_alice import MemoryJournal, Skill, SqliteJournal, request, say, step
from tornado_alice.app.measures import Histogram, Measures, of_sizes
from tornado_alice.app.prometheus import Histograms
from tornado_alice.app.skills import Skills
from tornado_alice.journal.base import Journal
from tornado_alice.journal.records import Head, Place

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def figures(text: str) -> Figures:
    """What Prometheus' own parser reads: value by name and labels."""
    families = text_string_to_metric_families(text)
    return {
        (each.name, tuple(sorted(each.labels.items()))): each.value for family in families for each in family.samples
    }


def double(n: int) -> int:
    return 2 * n


def adding_skill(journal: Journal, **options: Any) -> Skill:
    """A skill that does a step in each turn but the first."""
    skill = Skill("adding", journal=journal, **options)

    @skill.script
    def run() -> Any:
        yield say("да")
        while True:
            yield say(str((yield step(double, len(request.command)))))

    return skill


@pytest.mark.gen_test
async def test_parts_of_turns_are_timed(tmp_path: Path) -> None:
    """Each turn, commit and step is counted once, a load only where the journal was read, a repeat is no turn."""
    skill = adding_skill(SqliteJournal(tmp_path / "journal.sqlite3"), max_live=0)
    measures = Measures()
    skill.hooks.times.append(measures.of("adding"))
    await skill.start()
    for n in (0, 1, 2, 2):
        await ask(skill, "раз", n)
    await skill.stop()
    sizes = of_sizes([skill.journal.meter.groups])
    told = figures(Histograms(measures, lambda: sizes).text())
    counts = {part: told[f"alice_{part}_seconds_count", ()] for part in ("turn", "load", "commit", "step")}
    assert counts == {"turn": 3, "load": 3, "commit": 3, "step": 2}
    for part in counts:
        assert told[f"alice_{part}_seconds_bucket", (("le", "+Inf"),)] == counts[part]
        assert 0 < told[f"alice_{part}_seconds_sum", ()] < 60
    assert told["alice_group_turns_count", ()] == told["alice_group_turns_sum", ()] == 3 + 2 * 2 + 1, (
        "with claims and outcomes of steps, and what became of prompts"
    )


def test_several_skills_have_labels() -> None:
    """With several skills each figure says whose it is; with one it has no label."""
    one, two = Measures(), Measures()
    one.of("shop")("turn", 0.002)
    for name in ("shop", "quiz"):
        two.of(name)("turn", 0.002)
    for measures, labels in ((one, ()), (two, (("skill", "quiz"),))):
        told = figures(Histograms(measures, lambda: Histogram((1.0,))).text())
        assert told["alice_turn_seconds_count", labels] == 1
        assert told["alice_turn_seconds_bucket", (("le", "0.001"), *labels)] == 0
        assert told["alice_turn_seconds_bucket", (("le", "0.0025"), *labels)] == 1


def test_nothing_is_global() -> None:
    """Two of them in one process tell of themselves alone, and the registry that everybody shares has none of it."""
    for _ in range(2):
        text = Histograms(Measures(), lambda: Histogram((1.0,))).text()
        assert text.count("# TYPE alice_group_turns histogram") == 1 and "process_resident_memory_bytes" in text
    assert not [family for family in REGISTRY.collect() if family.name.startswith("alice")]


def test_catch_ups_and_conflicts_are_counted(tmp_path: Path) -> None:
    """A script that has missed a turn of another process catches up; a turn that another has written is a conflict."""

    async def whole() -> None:
        path = tmp_path / "journal.sqlite3"
        one, other = (adding_skill(SqliteJournal(path)) for _ in range(2))
        await one.start()
        await other.start()
        for n, skill in enumerate((one, other, one)):
            await ask(skill, "раз", n)
        assert (one.dialogs.counts["catch_ups"], other.dialogs.counts["replays"]) == (1, 1)
        await asyncio.gather(ask(one, "раз", 0, "new"), ask(other, "раз", 0, "new"))
        assert one.dialogs.counts["conflicts"] + other.dialogs.counts["conflicts"] == 1
        await one.stop()
        await other.stop()

    asyncio.run(whole())


@pytest.mark.parametrize("kind", ["file", "database"])
def test_steps_taken_over_are_counted(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A step that its process has left is taken over once; a fresh one, and one's own again, is not."""
    from tornado_alice.app.journals import make_archive

    place = f"sqlite:{tmp_path / 'j.sqlite3'}" if kind == "file" else request.getfixturevalue("database")

    async def whole() -> None:
        key, head, at = ("skill", "s"), Head(), Place(0, 0)
        left, other = make_archive(place, tmp_path), make_archive(place, tmp_path)
        await left.start()
        assert await left.claim(key, head, at, "asked", "f")
        await left.stop()
        await other.start()
        for _ in range(2):
            assert await other.claim(key, head, at, "asked", "f")
        assert (left.meter.taken_over, other.meter.taken_over) == (0, 1)
        await other.stop()

    asyncio.run(whole())


def test_a_journal_in_memory_counts_nothing() -> None:
    """It keeps each turn at once, and nobody else has it: there are no groups and no steps to take over."""
    skills = Skills({"adding": adding_skill(MemoryJournal())}, MemoryJournal)
    assert skills.meters == []
    assert [metric.value for metric in skills.metrics() if metric.name == "alice_steps_taken_over_total"] == [0]


@pytest.mark.slow
def test_a_server_tells_all_of_it(serve: Callable[..., Any]) -> None:
    """/metrics of a server can be read by Prometheus as a whole and has each figure, those of pi too."""
    server = serve()
    server.say("", 0)
    told = figures(server.fetch("/metrics")[1])
    assert told["alice_turn_seconds_count", ()] == told["alice_turns_total", ()] == 1
    assert told["alice_group_turns_count", ()] >= 1 and told["pi_queue", ()] == 0 and told["pi_workers", ()] >= 1
    names = {name for name, _ in told}
    assert {"alice_catch_ups_total", "alice_conflicts_total", "alice_steps_taken_over_total"} <= names
    assert {"alice_live_scripts", "alice_replays_total", "process_resident_memory_bytes"} <= names
