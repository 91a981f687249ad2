"""Servers on one data directory that are killed, stopped and ended again and again, and users who do not notice."""

import http.client
import json
import random
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from crowd import Crowd
from effects import Fates
from servers import PATIENCE, PLAIN, Server

SKILL = Path(__file__).with_name("crash_skill.py")
#: The claim of a step switched off: everybody may have it. Shows that the count of effects can fail.
WITHOUT_CLAIMS = (
    "import sys; from tornado_alice.journal import statements; statements._is_free = lambda *given: True; "
    "from tornado_alice.app.cli import main; sys.exit(main())"
)


class Soak:
    """The run: its servers, and the users who talk to them."""

    def __init__(self, folder: Path, options: list[str], seed: int, ablated: bool, processes: int) -> None:
        self._options = ["--data-dir", str(folder), *options]
        self.fates = Fates()
        head = ("-c", WITHOUT_CLAIMS) if ablated else PLAIN
        self.servers = [Server(n, folder, self.fates, head) for n in range(processes)]
        self.crowd = Crowd(seed, self._send)
        self._ending: set[int] = set()
        self._frozen = 0
        self._lock = threading.Lock()

    def run(self, users: int, seconds: float) -> None:
        """So long from when the servers answer, or until a thread fails; all servers have ended afterwards."""
        try:
            for server in self.servers:
                self._start(server)
            end = time.monotonic() + seconds
            with self.crowd.talking(users), ThreadPoolExecutor(len(self.servers)) as each:
                list(each.map(lambda server: self._disturb(server, end), self.servers))
        finally:
            for server in self.servers:
                server.terminate()

    def _start(self, server: Server) -> None:
        server.start(SKILL, *self._options)

    def _disturb(self, server: Server, end: float) -> None:
        rng = self.crowd.rng(f"signals {server.number}")
        while time.monotonic() < end and self.crowd.goes_on():
            time.sleep(rng.uniform(0.0, 2.0))
            rng.choice((self._kill, self._kill, self._stop, self._terminate))(server, rng)

    def _kill(self, server: Server, rng: random.Random) -> None:
        server.kill()
        self.crowd.count("kills")
        self._start(server)

    def _stop(self, server: Server, rng: random.Random) -> None:
        with self._lock:
            self._frozen += 1
        try:
            server.stop(rng.uniform(1.0, 3.0))
        finally:
            with self._lock:
                self._frozen -= 1
        self.crowd.count("stops")

    def _terminate(self, server: Server, rng: random.Random) -> None:
        self._ending.add(server.number)
        server.terminate()
        self._ending.discard(server.number)
        self.crowd.count("terms")
        self._start(server)

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
            self.crowd.count("apologies")
            self.crowd.count("apologies heard at SIGTERM", server.number in self._ending and not self._frozen)
            time.sleep(0.02)
        raise RuntimeError(f"nobody has acknowledged this for {PATIENCE} s: {request.decode()}")
