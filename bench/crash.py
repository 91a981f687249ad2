"""The long soak: guess-number dialogs under load, the server killed with SIGKILL at random moments and restarted.

    python bench/crash.py [--minutes 2] [--users 8] [--durability normal] [--seed N] [--json]

Each user holds dialogs one after another and repeats a request until it is answered, as a proxy would. Counted: kills,
turns acknowledged, acknowledged turns that are not in the journal, repeated deliveries whose bytes differ, transcripts
that are not those of an undisturbed game. The last three must be 0.

The seed repeats what is chosen at random: when the server is killed, counted from its start, and which requests each
user sends twice. What a kill meets there is left to the machine.
"""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import peers

from tornado_alice import SqliteJournal
from tornado_alice.journal.sqlite import FILE_NAME
from tornado_alice.testing import make_request

SCRIPT = "tornado_alice.examples.guess_number_subgens"


class Soak:
    """A server that dies again and again, and users who do not notice."""

    def __init__(self, folder: Path, durability: str, end: float, seed: int) -> None:
        self.folder, self.durability, self.end, self.seed = folder, durability, end, seed
        self.port = peers.free_port()
        self.kills = self.wrong = self.changed = 0
        self.acknowledged: dict[tuple[str, int], bytes] = {}
        self.failures: list[BaseException] = []

    def rng(self, who: str) -> random.Random:
        """A generator of its own for each thread: none draws what another one's luck left."""
        return random.Random(f"{self.seed} {who}")

    def kill_again_and_again(self) -> None:
        rng = self.rng("killer")
        command = [sys.executable, "-m", "tornado_alice", SCRIPT, "--port", str(self.port)]
        command += ["--data-dir", str(self.folder), "--durability", self.durability]
        while time.monotonic() < self.end:
            server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            peers.wait_for(self.port, server)
            time.sleep(rng.uniform(0.0, 2.0))
            os.kill(server.pid, signal.SIGKILL)
            server.wait()
            self.kills += 1
        self.last = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # so that the users can end their dialogs
        peers.wait_for(self.port, self.last)

    def user(self, number: int) -> None:
        try:
            dialog, rng = 0, self.rng(f"user {number}")
            while time.monotonic() < self.end:
                self._hold(f"user{number}-{dialog}", rng)
                dialog += 1
        except BaseException as error:
            self.failures.append(error)

    def _hold(self, session: str, rng: random.Random) -> None:
        said: list[str] = []
        guesses = iter([*map(str, range(1, 11)), "нет"])
        command = ""
        for n in range(14):
            request = json.dumps(make_request(command, n, session={"session_id": session})).encode()
            answer = self._send(request)
            self.acknowledged[session, n] = answer
            if rng.random() < 0.1 and self._send(request) != answer:
                self.changed += 1
            said.append(json.loads(answer)["response"]["text"])
            if said[-1].startswith("Спасибо"):
                break
            command = "нет" if said[-1].startswith("Верно") else next(guesses)
        shape = (
            r"Я загадала число от 1 до 10\. Какое\?(?:\nБольше)*\n"
            r"Верно! Лучший результат, попыток: (\d+)\. Сыграем ещё\?\nСпасибо за игру!"
        )
        found = re.fullmatch(shape, "\n".join(said))
        self.wrong += found is None or int(found[1]) != len(said) - 2

    def _send(self, request: bytes) -> bytes:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", request, timeout=10) as answer:
                    return bytes(answer.read())
            except (OSError, urllib.error.URLError):
                time.sleep(0.02)

    def lost(self) -> int:
        """Acknowledged turns that the journal does not hold as they were acknowledged."""
        journal = SqliteJournal(self.folder / FILE_NAME)
        journal.open()
        held = {
            (entry.key[1], record.message_id): record.reply
            for entry in journal.sessions(-1)
            for _, record in journal.turns(entry.id)
        }
        return sum(held.get(place) != answer for place, answer in self.acknowledged.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--durability", choices=("normal", "power"), default="normal")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(1 << 32), help="of a run to repeat; random if not given"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    print(f"--seed {given.seed}", file=sys.stderr)  # at once: a run that fails must be repeatable, too
    with tempfile.TemporaryDirectory() as name:
        soak = Soak(Path(name), given.durability, time.monotonic() + 60 * given.minutes, given.seed)
        threads = [threading.Thread(target=soak.user, args=(n,)) for n in range(given.users)]
        threads.append(threading.Thread(target=soak.kill_again_and_again))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        soak.last.terminate()
        soak.last.wait()
        figures = {
            "seed": given.seed,
            "kills": soak.kills,
            "turns acknowledged": len(soak.acknowledged),
            "acknowledged turns lost": soak.lost(),
            "repeated deliveries that differ": soak.changed,
            "transcripts that differ": soak.wrong,
        }
    if soak.failures:
        raise soak.failures[0]
    if given.json:
        print(json.dumps(figures, indent=1))
    else:
        for key, value in figures.items():
            print(f"{key:<34}{value}")


if __name__ == "__main__":
    main()
