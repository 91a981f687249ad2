"""Users who hold dialogs of crash_skill.py one after the other, and what they have seen; for the soaks."""

import json
import random
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tornado_alice.testing import make_request

#: Requests of a dialog: a step that a dead process has left is waited for with one each 0.2 s, for some seconds.
MOST_TURNS = 300
#: Part of the requests that are sent twice at once.
TWICE = 0.1
ROUND = (
    r"Я загадала число от 1 до 10\. Какое\?\n((?:Больше\. Сейчас [\d:.]+\n)*)(?:Считаю\n)*"
    r"Верно! Попыток: (\d+)\. Сыграем ещё\?\n"
)
DIALOG = re.compile(ROUND * 2 + r"Спасибо за игру! По раундам: (\d+), (\d+)")


class Crowd:
    """Users, each a thread.

    Args:
        seed: repeats what they choose at random.
        send: gives the answer to a request once somebody has acknowledged it; the number tells whom to ask first.

    Attributes:
        counts: what was seen, by its name.
        acknowledged: answers by session and number of the message.
    """

    def __init__(self, seed: int, send: Callable[[bytes, int], bytes]) -> None:
        self._seed, self._send = seed, send
        self.counts: Counter[str] = Counter()
        self.acknowledged: dict[tuple[str, int], bytes] = {}
        self._failures: list[BaseException] = []
        self._ended = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def talking(self, users: int) -> Iterator[None]:
        """So many users talk until the block ends, and then each to the end of the dialog.

        Raises:
            BaseException: what one of them has raised; `goes_on` tells that it is time to end the block.
        """
        threads = [threading.Thread(target=self._talk, args=(number,)) for number in range(users)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()
        if self._failures:
            raise self._failures[0]

    def goes_on(self) -> bool:
        """Are all of them still talking?"""
        return not self._ended.is_set() and not self._failures

    def rng(self, who: str) -> random.Random:
        """A generator of its own for each thread: none draws what another one's luck left."""
        return random.Random(f"{self._seed} {who}")

    def count(self, what: str, by: int = 1) -> None:
        with self._lock:
            self.counts[what] += by

    def _talk(self, number: int) -> None:
        dialog, rng = 0, self.rng(f"user {number}")
        try:
            with ThreadPoolExecutor(2) as both:
                while self.goes_on():
                    self._hold(f"user{number}-{dialog}", rng, both)
                    dialog += 1
        except BaseException as error:
            self._failures.append(error)

    def _hold(self, session: str, rng: random.Random, both: ThreadPoolExecutor) -> None:
        said: list[str] = []
        command, guess, rounds = "", 0, 0
        for n in range(MOST_TURNS):
            request = json.dumps(make_request(command, n, session={"session_id": session})).encode()
            times = 2 if rng.random() < TWICE else 1
            answers = list(both.map(self._send, [request] * times, range(n, n + times)))
            self.acknowledged[session, n] = answers[0]
            self.count("turns sent twice at once", times - 1)
            self.count("repeats that differ", answers[-1] != answers[0])
            said.append(json.loads(answers[0])["response"]["text"])
            if said[-1].startswith("Спасибо"):
                break
            if said[-1].startswith("Верно"):
                rounds, guess = rounds + 1, 0
                command = "да" if rounds == 1 else "нет"
            elif said[-1] == "Считаю":
                command = "ну"
            else:
                guess += 1
                command = str(guess)
        if not is_whole("\n".join(said)):
            self.count("transcripts that differ")
            print(f"{session}: {' / '.join(said)}", file=sys.stderr)


def is_whole(text: str) -> bool:
    """Is it a dialog from the first to the last word, in which each number told is that of the guesses made?

    >>> guesses = "Я загадала число от 1 до 10. Какое?\\nБольше. Сейчас 12:00:01.5\\n"
    >>> rounds = (guesses + "Верно! Попыток: 2. Сыграем ещё?\\n") * 2
    >>> is_whole(rounds + "Спасибо за игру! По раундам: 2, 2"), is_whole(rounds + "Спасибо за игру! По раундам: 2, 3")
    (True, False)
    """
    found = DIALOG.fullmatch(text)
    if found is None:
        return False
    tries = [str(found[at].count("Больше") + 1) for at in (1, 3)]
    return tries == [found[2], found[4]] == [found[5], found[6]]
