"""The engine killed at every point of random dialogs: the transcript equals the uninterrupted one."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tornado_alice import MemoryJournal, Skill, gather, request, say, step
from tornado_alice.testing import make_request

#: A script as data: what it does, one after another. Sub-scripts nest, errors of steps are caught or not.
ACTIONS = st.recursive(
    st.sampled_from(["say", "choice", "step", "fail", "gather", "draw"]).map(lambda name: (name,)),
    lambda inner: st.tuples(st.sampled_from(["call", "twice", "return"]), st.lists(inner, max_size=3)),
    max_leaves=8,
)
Actions = list[tuple[Any, ...]]
SCRIPTS: st.SearchStrategy[Actions] = st.lists(ACTIONS, min_size=1, max_size=6)


class Killed(BaseException):
    """The process dies here."""


class World:
    """What survives a kill: the journal, and the effects of steps with their keys."""

    def __init__(self, kills: set[int]) -> None:
        self.journal, self.kills, self.points = MemoryJournal(), kills, 0
        self.effects, self.in_window = {}, 0

    def point(self, in_window: bool = False) -> None:
        """A place where the process may be killed; `in_window`: an effect has happened and is not recorded."""
        self.points += 1
        if self.points in self.kills:
            self.in_window += in_window
            raise Killed


class DyingJournal:
    """The journal of a process that is killed right before or right after it writes."""

    def __init__(self, world: World) -> None:
        self._world, self._journal = world, world.journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def add_step(self, *args: Any) -> int:
        self._world.point(in_window=True)
        id = await self._journal.add_step(*args)
        self._world.point()
        return id

    async def commit(self, *args: Any) -> int:
        self._world.point()
        id = await self._journal.commit(*args)
        self._world.point()
        return id


def make_skill(world: World, actions: Actions, form: str) -> Skill:
    """A new process: a fresh skill over the journal that survived."""
    skill = Skill("random", journal=DyingJournal(world), version="1", max_live=1000)

    def effect(name: str):
        world.effects[name] = world.effects.get(name, 0) + 1
        return len(name)

    def fail(name: str):
        effect(name)
        raise ValueError(name)

    def play(actions: Actions, depth: int, path: str):
        for i, (kind, *inner) in enumerate(actions):
            here = f"{path}.{i}"
            if kind == "say":
                yield say(f"{here} {request.command}")
            elif kind == "choice":
                yield say(*(f"{here} {word}" for word in "абвгд"))
            elif kind == "draw":
                from tornado_alice import random

                yield say(f"{here} {random.randint(0, 999)}")
            elif kind == "step":
                got = yield step(effect, here)
                yield say(f"{here} {got}")
            elif kind == "fail":
                try:
                    yield step(fail, here)
                except ValueError as error:
                    yield say(f"{here} {error}")
            elif kind == "gather":
                got = yield gather(step(effect, here + "a"), step(effect, here + "b"))
                yield say(f"{here} {got}")
            elif kind == "return":
                return len(actions)
            elif depth < 3:
                for again in range(2 if kind == "twice" else 1):
                    yield from play(inner[0], depth + 1, f"{here}/{again}")
        return len(actions)

    def generator():
        count = yield from play(actions, 0, "")
        yield say(f"конец {count}", end_session=True)

    async def coroutine():
        steps = generator()
        sent = None
        try:
            while True:
                wish = steps.send(sent) if not isinstance(sent, Exception) else steps.throw(sent)
                try:
                    sent = await wish
                except ValueError as error:
                    sent = error
        except StopIteration:
            pass

    skill.script({"generator": generator, "coroutine": coroutine}[form])
    return skill


async def hold(world: World, actions: Actions, form: str, max_turns: int = 40) -> list[tuple[str, bool]]:
    """A dialog until its end; a request that got no answer is sent again, to a new process."""
    skill, said = make_skill(world, actions, form), []
    for n in range(max_turns):
        sent = make_request(f"слово {n}", n)
        while True:
            try:
                answer = await skill.handle(sent)
                world.point()  # the answer is on its way
                break
            except Killed:
                skill = make_skill(world, actions, form)
        said.append((answer["response"]["text"], answer["response"]["end_session"]))
        if answer["response"]["end_session"]:
            break
    return said


@pytest.mark.slow
@pytest.mark.parametrize("form", ["generator", "coroutine"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions=SCRIPTS, kills=st.sets(st.integers(1, 60), max_size=12))
def test_killed_anywhere_the_dialog_is_the_same(form: str, actions: Actions, kills: set[int]) -> None:
    """Killed before and after any step, commit or answer and repeated, a dialog is what it is without kills."""
    calm, stormy = World(set()), World(kills)
    stormy.journal.secret = calm.journal.secret
    expected = asyncio.run(hold(calm, actions, form))
    assert asyncio.run(hold(stormy, actions, form)) == expected
    assert set(stormy.effects) == set(calm.effects), "every effect happened"
    assert all(count == 1 for count in calm.effects.values())
    extra = sum(stormy.effects.values()) - sum(calm.effects.values())
    # a gather has two effects in its window
    assert extra <= 2 * stormy.in_window, "an effect is repeated only if the kill came inside its window"


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions=SCRIPTS)
def test_always_replayed_equals_always_live(actions: Actions) -> None:
    """A dialog whose script is dropped after each turn is the one of a script that stays."""
    transcripts = []
    secret = b"s" * 32
    for max_live in (1000, 0):
        world = World(set())
        world.journal.secret = secret

        async def scenario(world: World = world, max_live: int = max_live):
            skill = make_skill(world, actions, "generator")
            skill.options = skill.options.__class__(**{**vars(skill.options), "max_live": max_live})
            said = []
            for n in range(40):
                answer = await skill.handle(make_request(f"слово {n}", n))
                said.append(answer["response"]["text"])
                if answer["response"]["end_session"]:
                    break
            return said

        transcripts.append(asyncio.run(scenario()))
    assert transcripts[0] == transcripts[1]
