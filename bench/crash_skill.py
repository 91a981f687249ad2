"""The skill of the soak: guess a number, twice, with what a crash could spoil: effects, long steps, mutable state.

The environment says where effects go (CRASH_EFFECTS) and whether the script blocks its thread (CRASH_BLOCKING).
"""

import os
import time
from collections.abc import Generator
from typing import Any

from tornado_alice import Skill, continue_as_new, idempotency_key, now, random, request, say, step

BLOCKING = bool(os.environ.get("CRASH_BLOCKING"))

skill = Skill(__name__, reply_within=0.2, threads=BLOCKING)


def leave_effect() -> None:
    """Outside effect: one line, whole even when processes write at once, with the time that all of them share."""
    file = os.open(os.environ["CRASH_EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, f"{idempotency_key()} {os.getpid()} {time.monotonic()}\n".encode())
    finally:
        os.close(file)
    time.sleep(0.02)  # done outside, not yet in the journal: where a kill must be allowed to hit


def count(tries: int) -> int:
    time.sleep(0.3)  # more than reply_within
    return tries


def more() -> str:
    return f"Больше. Сейчас {now():%H:%M:%S.%f}"  # tells which of two deliveries of a message was played


def play() -> Generator[Any, None, int]:
    number, tries, phrase = random.randint(1, 10), 1, "Я загадала число от 1 до 10. Какое?"
    while True:
        yield say(phrase)
        if BLOCKING:
            time.sleep(0.01)
        if int(request.command) == number:
            return tries
        tries, phrase = tries + 1, more()


@skill.script
def run_script(played: list[int] | None = None) -> Generator[Any, Any, None]:
    played = [] if played is None else played
    tries = yield from play()
    played.append(tries)  # after continue_as_new: of the engine's list, if it gave the script its own
    yield step(leave_effect).or_say("Считаю")
    counted = yield step(count, tries).or_say("Считаю")
    yield say(f"Верно! Попыток: {counted}. Сыграем ещё?")
    if request.command == "да":
        yield continue_as_new(run_script, played=played)
    yield say(f"Спасибо за игру! По раундам: {', '.join(map(str, played))}", end_session=True)
