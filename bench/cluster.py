"""Processes with one journal in a real PostgreSQL behind a real nginx, each with a data directory of its own."""

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peers
from effects import Fates
from servers import PLAIN, Server

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests" / "tornado_alice"))  # the fixtures of the tests are the servers of this run
SCALING = ROOT / "examples" / "scaling"

#: Ends all connections but the one that asks.
CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
#: What the journal holds: the answer to each message of each session.
REPLIES = """SELECT DISTINCT f.session_id, t.message_id, t.reply
             FROM tornado_alice.turn AS t JOIN tornado_alice.turn AS f ON f.sid = t.sid AND f.n = 0"""


class Cluster:
    """Not yet started.

    Args:
        postgres: a running server.
        folder: for all that is written.
        processes: how many.
        scripts: the processes run them in turn.
        sticky: nginx keeps a session with a process.
        head: how Python starts a process.

    Attributes:
        port: of nginx.
        fates: of the processes.
    """

    def __init__(
        self,
        postgres: Any,
        folder: Path,
        processes: int,
        scripts: tuple[Path, ...],
        *,
        sticky: bool = False,
        head: tuple[str, ...] = PLAIN,
    ) -> None:
        self.postgres, self._folder, self._scripts = postgres, folder, scripts
        self.url, self.fates, self.port = postgres.create(), Fates(), peers.free_port()
        self.servers = [Server(number, folder, self.fates, head) for number in range(processes)]
        self._versions = [number % len(scripts) for number in range(processes)]
        self._nginx = self._proxy("nginx.sticky.conf" if sticky else "nginx.conf")

    def _proxy(self, config: str) -> Any:
        from nginx import Nginx

        servers = " ".join(f"server 127.0.0.1:{server.port} max_fails=0;" for server in self.servers)
        changes = {
            "listen 127.0.0.1:8000": f"listen 127.0.0.1:{self.port}",
            "location = /hook-CHANGE-ME": "location = /",
            "server 127.0.0.1:8881 max_fails=0;": "",
            "server 127.0.0.1:8880 max_fails=0;": servers,
            "    upstream": "    keepalive_requests 100000000;  # of one user\n    upstream",
        }
        (self._folder / "nginx").mkdir()
        return Nginx(self._folder / "nginx", SCALING / config, self.port, changes)

    @contextmanager
    def running(self) -> Iterator[None]:
        """All of it runs until the block ends."""
        try:
            self.start(self.servers[0])  # makes the tables
            with ThreadPoolExecutor() as each:
                list(each.map(self.start, self.servers[1:]))
            self._nginx.start()
            try:
                yield
            finally:
                self._nginx.stop()
        finally:
            for server in self.servers:
                server.terminate()

    def start(self, server: Server) -> None:
        """With its version of the script."""
        script, data = self._scripts[self._versions[server.number]], self._folder / f"data{server.number}"
        server.start(script, "--journal", self.url, "--data-dir", str(data))

    def deploy(self, server: Server) -> None:
        """End it, and start it with the next version of the script."""
        server.terminate()
        self._versions[server.number] = (self._versions[server.number] + 1) % len(self._scripts)
        self.start(server)

    def crash(self) -> None:
        """The database ends at once, as by `pg_ctl stop -m immediate`, and recovers from its log."""
        self.postgres.stop(signal.SIGQUIT)
        self.postgres.start()

    def cut(self) -> None:
        """The database ends all connections."""
        self.postgres.execute(CUT)

    def replies(self) -> dict[tuple[str, int], bytes]:
        """What the journal holds."""
        return {(name, message): reply for name, message, reply in self.postgres.execute(REPLIES, url=self.url)}
