"""A dialog that cannot go on after a restart: the log says what it looks like and what helps, once per place."""

import datetime
import itertools
import types
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_alice import NonDeterminismError, Skill
from tornado_alice.diagnosis import MOST_PLACES, Advice, diagnose
from tornado_alice.testing import Dialog

#: Faults people make: name → what the script says first, with `x` new at each run, and what the log says of it.
FAULTS: dict[str, tuple[str, str]] = {
    "clock": ("say(f'Сейчас {clock():%H:%M}')", "a wall clock: take the time from now()"),
    "Unix time": ("say(f'Начало {clock().timestamp()}')", "a wall clock"),
    "date": ("say(f'{clock():%d.%m.%Y}, заказ 5')", "a wall clock"),
    "duration": ("say(f'Прошло {next(count) / 8} секунды')", "a wall clock"),
    "greeting": ("say('Доброе утро!' if next(count) == 0 else 'Добрый вечер!')", "a wall clock"),
    "weekday": ("say('В субботу, 1 мая' if next(count) == 0 else 'В воскресенье, 2 мая')", "a wall clock"),
    "counter": ("say(f'Вы у нас {next(count)}-й гость')", "a global variable, a counter"),
    "grown list": ("say(f'В списке {grow()} дел, первое: хлеб')", "a global variable, a counter"),
    "variant": (
        "say('а', 'б', lambda reply: reply.update(text='б' if next(count) else 'а'))",
        "another draw: the script could have said what was heard",
    ),
    "identifier": ("say(f'Номер {uuid.uuid4()}')", "a random identifier"),
    "address": ("say(f'Это {object()}')", "a random identifier or an object's address"),
    "set": ("say(', '.join(rotated('сыр', 'хлеб', 'чай')))", "the order of a set"),
    "set of numbers": ("say(', '.join(rotated('1', '22', '3')))", "the order of a set"),
    "text": ("say('Здраствуйте, гость!' if next(count) == 0 else 'Здравствуйте, гость!')", "a changed text"),
    "buttons": ("say('Выбирайте', buttons=[{'title': str(next(count))}])", "a change of what goes with the text"),
    "branch": ("say('Чай или кофе?' if next(count) == 0 else 'До свидания')", "a script that went another way"),
    "step added": ("step(int) if next(count) else say('да')", "a step that was added, removed or renamed"),
    "step removed": ("say('да') if next(count) else step(int)", "a step that was added, removed or renamed"),
    "step renamed": ("step(float) if next(count) else step(int)", "a step that was added, removed or renamed"),
}


def make_skill(what: str) -> Skill:
    """A skill whose script says `what` first; its version stays the same."""
    count, grown = itertools.count(), []
    start = datetime.datetime(2026, 5, 1, 9, 59, tzinfo=datetime.UTC)

    def grow() -> int:
        grown.append(1)
        return len(grown)

    def rotated(*words: str) -> tuple[str, ...]:
        by = next(count) % len(words)
        return words[by:] + words[:by]

    module = types.ModuleType("faulty")
    helpers = {"count": count, "grow": grow, "rotated": rotated, "uuid": uuid}
    vars(module).update(helpers, clock=lambda: start + datetime.timedelta(days=1, seconds=61) * next(count))
    lines = "from tornado_alice import say, step", "def run():", f"  yield {what}", "  yield say('два')"
    exec(compile("\n".join(lines), "faulty.py", "exec"), vars(module))
    skill = Skill("faulty", version="1")
    skill.script(module.run)
    return skill


def diverge(skill: Skill) -> None:
    """A dialog of two turns, with a restart between them."""
    with Dialog(skill) as alice:
        alice.say()
        alice.forget()
        alice.say()


@pytest.mark.parametrize("fault", FAULTS)
def test_log_tells_the_kind(fault: str, logs: Any) -> None:
    """A script with a fault that people make, a restart: the log line says where, what it looks like and what helps."""
    what, kind = FAULTS[fault]
    diverge(make_skill(what))
    line = logs.take("turn 0: the journal holds .*; on_divergence: restart")
    assert f"; faulty.py:3 in run: it looks like {kind}" in line


def test_each_place_is_told_once(logs: Any) -> None:
    """The second dialog that diverges at the same place gets the short line; another place gets its own sentence."""
    skill = make_skill("say(f'{next(count)}')")
    for _ in range(2):
        diverge(skill)
    assert "it looks like" in logs.take("on_divergence: restart")
    assert logs.take("on_divergence: restart").endswith("on_divergence: restart")
    diverge(make_skill("say(f'{next(count)}')"))
    assert "it looks like" in logs.take("on_divergence: restart")


def make_error(heard: str = "", said: str = "", place: str = "", turn: int = 0) -> NonDeterminismError:
    return NonDeterminismError(turn, f"the reply {heard!r}", f"the reply {said!r}", place=place, heard=heard, said=said)


def test_place_without_a_line() -> None:
    """Where the script stands nowhere its turn is the place; what is no divergence of a script has none."""
    advice = Advice()
    assert advice.once(make_error("да", turn=3)).startswith("; turn 3: it looks like a script that went another way")
    assert advice.once(make_error("да", turn=3)) == "" != advice.once(make_error("да", turn=4))
    assert advice.once(ValueError("x")) == ""


def test_places_are_bounded() -> None:
    """However many places diverge, no more than MOST_PLACES are remembered, and each new one is told."""
    advice = Advice()
    assert all(advice.once(make_error("да", place=f"a.py:{n}")) for n in range(2 * MOST_PLACES + 1))
    assert len(advice._places) <= MOST_PLACES


@pytest.mark.parametrize(
    ("heard", "said", "kind"),
    [
        ("Осталось 5 билетов", "Осталось 4 билета", "a global variable"),
        ("Осталось 5", "Осталось 4", "a global variable"),
        ("В 10:05 заказ 7", "В 10:06 заказ 8", "a wall clock"),
        ("В 10:05 заказ 7", "В 10:05 заказ 8", "a global variable"),
        ("майка", "мойка", "a changed text"),
        ("Хороший день, чтобы гулять", "Хороший ветер, чтобы гулять", "a changed text"),
        ("а б", "б а", "the order of a set"),
        ("а, б", "а б", "a changed text"),
        ("2026-11-25T10:00:00.123456+03:00", "2026-11-25T10:00:07+03:00", "a wall clock"),
        ("через 5 минут", "через 4 минуты", "a wall clock"),
        ("today is Friday", "today is Saturday", "a wall clock"),
        ("да", "", "a script that went another way"),
    ],
)
def test_kinds(heard: str, said: str, kind: str) -> None:
    """What two texts differ in decides the kind."""
    assert f"looks like {kind}" in diagnose(make_error(heard, said))


@given(st.text(), st.text())
def test_every_pair_of_texts_has_a_kind(heard: str, said: str) -> None:
    """Whatever the texts are, there is one sentence about them."""
    assert diagnose(make_error(heard, said)).startswith("it looks like a")
