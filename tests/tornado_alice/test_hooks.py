"""before_turn and after_turn of a Skill, and strict dialogs in tests."""

import asyncio
from typing import Any

import pytest
from talking import ask, counting_skill, text

from tornado_alice import Answered, JournalConflict, MemoryJournal, NonDeterminismError, Request, Skill, request, say
from tornado_alice.testing import Dialog, make_request


def failing_skill(**options: Any) -> Skill:
    """A skill that raises when it hears "упади"."""
    skill = Skill("failing", sorry="Простите", **options)

    @skill.script
    def run():
        while True:
            yield say("да")
            if request.command == "упади":
                raise LookupError("мимо")

    return skill


@pytest.mark.gen_test
async def test_hooks_hear_of_each_turn_once_and_in_order() -> None:
    """Before a turn comes the request, after it the request, the whole answer, the seconds and no error."""
    skill, heard = counting_skill(), []

    @skill.before_turn
    def before(request: Request) -> None:
        heard.append(("before", request.command))

    @skill.after_turn
    def after(turn: Answered) -> None:
        heard.append(("after", turn.request.command, text(turn.reply), turn.error))
        assert 0 < turn.seconds < 60 and turn.reply["session"]["session_id"] == "s"

    await ask(skill, "раз", 0)
    await ask(skill, "два", 1)
    assert heard == [
        ("before", "раз"),
        ("after", "раз", "1 раз", None),
        ("before", "два"),
        ("after", "два", "2 два", None),
    ]


@pytest.mark.gen_test
async def test_hooks_do_not_hear_replays_repeats_and_pings() -> None:
    """A replayed turn, a repeated delivery and the platform's ping are no turns to hooks."""
    skill, heard = counting_skill(), []
    skill.before_turn(lambda request: heard.append(request.command))
    skill.after_turn(lambda turn: heard.append(text(turn.reply)))
    await skill.handle(make_request("ping", 0, session={"session_id": "p"}))
    first, second = make_request("раз", 0), make_request("два", 1)
    await skill.handle(first)
    await skill.handle(first)
    await skill.dialogs.stop()  # the next turn replays the first one
    await skill.handle(second)
    assert heard == ["раз", "1 раз", "два", "2 два"]


@pytest.mark.usefixtures("replay_mode")
@pytest.mark.gen_test
async def test_a_failing_hook_harms_no_turn(logs: Any) -> None:
    """Whatever a hook raises, SystemExit too, now or later, is one log line each; the others are called."""
    skill, heard = counting_skill(), []

    @skill.before_turn
    def breaks(_: Request) -> None:
        raise SystemExit(3)

    @skill.before_turn
    async def breaks_later(_: Request) -> None:
        raise SystemExit(4)

    @skill.after_turn
    def divides(_: Answered) -> None:
        1 / 0  # noqa: B018

    skill.after_turn(heard.append)
    assert text(await ask(skill, "раз", 0)) == "1 раз"
    await skill.stop()
    assert len(heard) == 1
    for name, error in (("breaks", "SystemExit"), ("breaks_later", "SystemExit"), ("divides", "ZeroDivisionError")):
        told = logs.take(rf"hook \S+{name} raised {error}")
        assert f"in {name}" in told and "tornado_alice/hooks.py" not in told, "its own frames"


@pytest.mark.gen_test
async def test_an_async_hook_is_not_waited_for() -> None:
    """An async hook may take its time: the reply has left before; stopping the skill lets it end."""
    skill, gate, done = counting_skill(), asyncio.Event(), []

    @skill.after_turn
    async def report(turn: Answered) -> None:
        await gate.wait()
        done.append(text(turn.reply))

    await ask(skill, "раз", 0)
    assert done == []
    gate.set()
    await skill.stop()
    assert done == ["1 раз"]


@pytest.mark.gen_test
async def test_after_turn_gets_what_the_script_raised(logs: Any) -> None:
    """An error reporter gets the script's own exception with its traceback, and what the user heard."""
    skill, turns = failing_skill(), []
    skill.after_turn(turns.append)
    await ask(skill, "", 0)
    await ask(skill, "упади", 1)
    logs.take("the script raised LookupError")
    assert [text(turn.reply) for turn in turns] == ["да", "Простите"]
    assert [type(turn.error) for turn in turns] == [type(None), LookupError]
    assert turns[1].error.__traceback__ is not None


class Quicker(MemoryJournal):
    """A journal in which another process was quicker, once."""

    late = True

    async def commit(self, *args: Any) -> int:
        if self.late:
            self.late = False
            raise JournalConflict("written already")
        return await super().commit(*args)


@pytest.mark.gen_test
async def test_a_turn_that_begins_anew_is_one_turn() -> None:
    """After a conflict the turn is begun anew, and hooks hear of it once."""
    skill, heard = counting_skill(journal=Quicker()), []
    skill.before_turn(lambda request: heard.append("before"))
    skill.after_turn(lambda turn: heard.append(turn.error))
    assert text(await ask(skill, "раз", 0)) == "1 раз"
    assert heard == ["before", None]


@pytest.mark.gen_test
async def test_the_error_of_an_attempt_that_lost_is_not_told(logs: Any) -> None:
    """What the script raised in an attempt that another process overtook is not the end of this turn."""
    skill, turns, attempts = Skill("once", journal=Quicker()), [], []
    skill.after_turn(turns.append)

    @skill.script
    def run():
        attempts.append(1)
        if len(attempts) == 1:
            raise LookupError("мимо")
        yield say("да")

    assert text(await ask(skill, "", 0)) == "да"
    logs.take("the script raised LookupError")
    assert [turn.error for turn in turns] == [None]


def test_strict_dialog_raises_what_the_script_raised(logs: Any) -> None:
    """In a strict dialog the test sees the script's own exception at the script's line; otherwise the apology."""
    skill = failing_skill()
    with Dialog(skill, strict=True) as alice:
        assert alice.say() == "да"
        with pytest.raises(LookupError, match="мимо") as raised:
            alice.say("упади")
        assert [entry.name for entry in raised.traceback][-2:] == ["send", "run"], "no frame of the engine between"
        assert alice.say() == "да", "and a new dialog may begin"
    logs.take("LookupError")
    with Dialog(skill) as alice:
        alice.say()
        assert alice.say("упади") == "Простите"
    logs.take("LookupError")


def test_strict_dialog_raises_a_divergence(logs: Any) -> None:
    """In a strict dialog a replay that leads elsewhere fails the test."""
    skill, greetings = Skill("changing"), iter(["раз", "два", "три"])

    @skill.script
    def run():
        yield say(next(greetings))
        yield say("дальше")

    with Dialog(skill, strict=True) as alice:
        alice.say()
        alice.forget()
        with pytest.raises(NonDeterminismError, match="turn 0: the journal holds the reply 'раз'"):
            alice.say()
    logs.take("on_divergence: restart")


def test_a_strict_dialog_leaves_the_skill_as_it_was() -> None:
    """After a strict dialog the skill has its own hooks alone."""
    skill = failing_skill()
    with Dialog(skill, strict=True) as alice:
        alice.say()
    assert skill.hooks.after == []
