"""Servers on one data directory that are killed, stopped and ended again and again, and users who do not notice."""

import http.client
import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import peers

from tornado_alice.testing import make_request

SKILL = Path(__file__).with_name("crash_skill.py")
#: The claim of a step switched off: everybody may have it. Shows that the count of effects can fail.
WITHOUT_CLAIMS = (
    "import sys; from tornado_alice.journal import statements; statements._is_free = lambda *given: True; "
    "from tornado_alice.app.cli import main; sys.exit(main())"
)
#: Seconds after which a request that nobody acknowledges ends the run: longer than any stop and start together.
PATIENCE = 60
ROUND = r"Я загадала число от 1 до 10\. Какое\?\n((?:Больше\n)*)(?:Считаю\n)*Верно! Попыток: (\d+)\. Сыграем ещё\?\n"
DIALOG = re.compile(ROUND * 2 + r"Спасибо за игру! По раундам: (\d+), (\d+)")


@dataclass
class Server:
    """One process and its port; it is started anew after each death."""

    number: int
    port: int = field(default_factory=peers.free_port)
    process: subprocess.Popen[bytes] | None = None
    ending: bool = False


class Soak:
    """The run: its servers, its users, and what they have seen."""

    def __init__(self, folder: Path, options: list[str], seed: int, ablated: bool, processes: int) -> None:
        self.folder, self.options, self.seed, self.ablated = folder, options, seed, ablated
        self.end = 0.0
        self.servers = [Server(n) for n in range(processes)]
        self.counts: Counter[str] = Counter()
        self.killed: dict[int, float] = {}
        self.acknowledged: dict[tuple[str, int], bytes] = {}
        self.failures: list[BaseException] = []
        self._frozen = 0
        self._lock = threading.Lock()

    def run(self, users: int, seconds: float) -> None:
        """So long from when the servers answer, or until a thread fails; all servers have ended afterwards."""
        try:
            for server in self.servers:
                self._start(server)
            self.end = time.monotonic() + seconds
            work: list[Callable[[], None]] = [lambda s=server: self._disturb(s) for server in self.servers]  # type: ignore[misc]
            work += [lambda n=n: self._user(n) for n in range(users)]  # type: ignore[misc]
            threads = [threading.Thread(target=self._guarded, args=(one,)) for one in work]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for server in self.servers:
                if server.process is not None:
                    server.process.terminate()
                    server.process.wait()
        if self.failures:
            raise self.failures[0]

    def count(self, what: str, by: int = 1) -> None:
        with self._lock:
            self.counts[what] += by

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.failures.append(error)

    def _goes_on(self) -> bool:
        return time.monotonic() < self.end and not self.failures

    def _rng(self, who: str) -> random.Random:
        """A generator of its own for each thread: none draws what another one's luck left."""
        return random.Random(f"{self.seed} {who}")

    def _start(self, server: Server) -> None:
        head = ["-c", WITHOUT_CLAIMS] if self.ablated else ["-m", "tornado_alice"]
        command = [sys.executable, *head, str(SKILL), "--port", str(server.port), "--data-dir", str(self.folder)]
        with open(self.folder / f"server{server.number}.log", "ab") as log:
            server.process = subprocess.Popen([*command, *self.options], stdout=log, stderr=log)
        peers.wait_for(server.port, server.process)

    def _disturb(self, server: Server) -> None:
        rng = self._rng(f"signals {server.number}")
        while self._goes_on():
            time.sleep(rng.uniform(0.0, 2.0))
            rng.choice((self._kill, self._kill, self._stop, self._terminate))(server, rng)

    def _kill(self, server: Server, rng: random.Random) -> None:
        assert server.process is not None
        self.killed[server.process.pid] = time.monotonic()
        server.process.kill()
        server.process.wait()
        self.count("kills")
        self._start(server)

    def _stop(self, server: Server, rng: random.Random) -> None:
        assert server.process is not None
        with self._lock:
            self._frozen += 1
        server.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(rng.uniform(1.0, 3.0))
        finally:
            server.process.send_signal(signal.SIGCONT)
            with self._lock:
                self._frozen -= 1
        self.count("stops")

    def _terminate(self, server: Server, rng: random.Random) -> None:
        assert server.process is not None
        server.ending = True
        server.process.terminate()
        server.process.wait(PATIENCE)
        server.ending = False
        self.count("terms")
        self._start(server)

    def _user(self, number: int) -> None:
        dialog, rng = 0, self._rng(f"user {number}")
        with ThreadPoolExecutor(2) as both:
            while self._goes_on():
                self._hold(f"user{number}-{dialog}", rng, both)
                dialog += 1

    def _hold(self, session: str, rng: random.Random, both: ThreadPoolExecutor) -> None:
        said: list[str] = []
        command, guess, rounds = "", 0, 0
        for n in range(60):
            request = json.dumps(make_request(command, n, session={"session_id": session})).encode()
            times = 2 if rng.random() < 0.1 else 1
            answers = list(both.map(self._send, [request] * times, range(n, n + times)))
            self.acknowledged[session, n] = answers[0]
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
        if not _is_whole("\n".join(said)):
            self.count("transcripts that differ")
            print(f"{session}: {' / '.join(said)}", file=sys.stderr)

    def _send(self, request: bytes, first: int) -> bytes:
        """The answer, from one process after another until one acknowledges; an apology acknowledges nothing."""
        end, turn = time.monotonic() + PATIENCE, first
        while time.monotonic() < end:
            server = self.servers[turn % len(self.servers)]
            turn += 1
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", request, timeout=10) as answer:
                    body = bytes(answer.read())
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
                continue
            if not json.loads(body)["response"]["text"].startswith("Извините"):
                return body
            self.count("apologies")
            self.count("apologies heard at SIGTERM", server.ending and not self._frozen)
            time.sleep(0.02)
        raise RuntimeError(f"nobody has acknowledged this for {PATIENCE} s: {request.decode()}")


def _is_whole(text: str) -> bool:
    found = DIALOG.fullmatch(text)
    if found is None:
        return False
    tries = [str(found[at].count("Больше") + 1) for at in (1, 3)]
    return tries == [found[2], found[4]] == [found[5], found[6]]


def repeated_effects(path: Path, killed: dict[int, float]) -> int:
    """Effects left again although the process that left them before was not killed until then."""
    last: dict[str, int] = {}
    repeated = 0
    for line in path.read_text().splitlines() if path.exists() else []:
        key, pid, at = line.rsplit(" ", 2)
        before = last.get(key)
        repeated += before is not None and not killed.get(before, float("inf")) <= float(at)
        last[key] = int(pid)
    return repeated
