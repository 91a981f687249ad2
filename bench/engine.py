"""The engine without HTTP: microseconds of processor time of a hot turn in this process.

Each round takes every journal in turn, and what parsing such a request and writing such an answer take by themselves,
so that a drift of the machine's speed meets all of them.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import load
import peers

from tornado_alice import Journal, MemoryJournal, Skill, SqliteJournal, request, say

#: Sessions that talk in turn, and turns of each in one round.
SESSIONS, TURNS = 64, 40

Answer = Callable[[bytes], Awaitable[object]]


def counting_skill(journal: Journal, **options: Any) -> Skill:
    """A script on the loop: this module imports sockets, which would put it into threads, and it never uses one."""
    skill = Skill("bench", journal=journal, threads=False, **options)

    @skill.script
    def run_script():
        n = 0
        while True:
            n += 1
            yield say(f"Попытка {n}: больше, чем {request.command}")

    return skill


def body(session: str, n: int) -> bytes:
    """A request of about 1 KB, as the platform sends it."""
    filled = load.BODY.replace(b"10000", b"%5d" % n).replace(load.SESSION.encode(), session.rjust(36, "0").encode())
    return filled if n else filled.replace(b'"new": false', b'"new":  true')


async def bare(body: bytes) -> None:
    """What a handler that keeps nothing does by the standard library: reads the request, writes an answer."""
    data = json.loads(body)
    response = {"text": f"больше, чем {data['request']['command']}", "end_session": False}
    json.dumps({"version": "1.0", "session": data["session"], "response": response}).encode()


async def spend(answer: Answer, first: int) -> float:
    """Seconds of processor time for so many turns of so many sessions, one at a time."""
    bodies = [body(str(session), n) for n in range(first, first + TURNS) for session in range(SESSIONS)]
    start = time.process_time()
    for sent in bodies:
        await answer(sent)
    return time.process_time() - start


async def measure(rounds: int) -> dict[str, list[float]]:
    """Microseconds of processor time per turn, by journal, in each round; the first, unreported round warms up."""
    with tempfile.TemporaryDirectory() as name:
        journals = {"memory": MemoryJournal(), "file": SqliteJournal(Path(name) / "j.sqlite3")}
        skills = {f"journal in {where}": counting_skill(journal) for where, journal in journals.items()}
        for skill in skills.values():
            await skill.start()
        answers: dict[str, Answer] = {"json of the standard library": bare}
        answers |= {where: skill.dialogs.answer for where, skill in skills.items()}
        spent: dict[str, list[float]] = {where: [] for where in answers}
        for round_ in range(rounds + 1):
            for where, answer in answers.items():
                seconds = await spend(answer, round_ * TURNS)
                if round_:
                    spent[where].append(1e6 * seconds / (SESSIONS * TURNS))
        for skill in skills.values():
            await skill.stop()
    return spent


def figures(rounds: int) -> dict[str, Any]:
    spent = asyncio.run(measure(rounds))
    return {f"{where}, us per turn": peers.spread(times, 1) for where, times in spent.items()}
