"""The files of examples/scaling as they are: nginx before two processes with one journal in PostgreSQL."""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from databases import Postgres, serving
from nginx import Nginx, find, free_ports
from processes import ServerProcess

from tornado_alice.testing import make_request

FOLDER = Path(__file__).parents[2] / "examples" / "scaling"
SECRET = "/hook-CHANGE-ME"


def commands(first: str) -> list[list[str]]:
    """The README's commands `python -m tornado_alice` whose next word is `first`, from that word on."""
    text = (FOLDER / "README.md").read_text().replace("\\\n", " ")
    lines = re.findall(r"^    python -m tornado_alice (.*)$", text, re.M)
    return [words for words in map(shlex.split, lines) if words[0] == first]


class Cluster:
    """Two processes with data directories of their own, behind nginx with one of the files."""

    secret = SECRET

    def __init__(self, folder: Path, config: str, database: str) -> None:
        self.config = config
        self.port, *webhooks = free_ports(3)
        self._commands = commands("../deploy/skill.py")
        self._here = {
            "../deploy/skill.py": str(FOLDER.parent / "deploy" / "skill.py"),
            "postgresql:///alice": database,
            "8880": str(webhooks[0]),
            "8881": str(webhooks[1]),
            "one": str(folder / "one"),
            "two": str(folder / "two"),
        }
        changes = {
            "listen 127.0.0.1:8000": f"listen 127.0.0.1:{self.port}",
            "127.0.0.1:8880": f"127.0.0.1:{webhooks[0]}",
            "127.0.0.1:8881": f"127.0.0.1:{webhooks[1]}",
        }
        (folder / "nginx").mkdir()
        self.nginx = Nginx(folder / "nginx", FOLDER / config, self.port, changes)
        self.servers: list[ServerProcess] = []

    def start(self) -> None:
        with ThreadPoolExecutor() as both:
            self.servers = list(both.map(self.serve, range(2)))
        self.nginx.start()

    def serve(self, number: int) -> ServerProcess:
        """A process of the README, at other ports."""
        words = [self._here.get(word, word) for word in self._commands[number]]
        where, port = words.index("--data-dir") + 1, words.index("--port")
        return ServerProcess(Path(words[where]), *words[:port], *words[port + 2 :])

    def restart(self, number: int) -> None:
        assert self.servers[number].stop() == 0
        assert "ERROR" not in self.servers[number].errors
        self.servers[number] = self.serve(number)

    def kill(self, number: int) -> None:
        """SIGKILL, and a new process in its place."""
        self.servers[number].kill()
        self.servers[number] = self.serve(number)

    def stop(self) -> None:
        self.nginx.stop()
        for server in self.servers:
            server.stop()

    def command(self, first: str) -> list[str]:
        """The only command of the README that begins like this, to be run in its folder, for this port."""
        [words] = commands(first)
        return [
            sys.executable,
            "-m",
            "tornado_alice",
            *(word.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}") for word in words),
        ]

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=30)

    def say(self, command: str, n: int, session: str) -> str:
        """What is answered through nginx."""
        connection = self.connect()
        request = make_request(command, n, session={"session_id": session, "new": n == 0})
        connection.request("POST", SECRET, json.dumps(request).encode())
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == 200, body
        text: str = json.loads(body)["response"]["text"]
        return text

    def figures(self, name: str) -> list[float]:
        """A figure of each process."""
        return [_figure(server.fetch("/metrics", Host="localhost")[1], name) for server in self.servers]


def _figure(text: Any, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", text, re.M)
    assert found is not None, f"no {name} among the metrics"
    return float(found[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    find("nginx")
    with serving() as server:
        yield server


@pytest.fixture(scope="module", params=["nginx.conf", "nginx.sticky.conf"])
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[Cluster]:
    """The cluster with either file; tests share it, and take sessions of their own."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), request.param, postgres.create())
    cluster.start()
    yield cluster
    cluster.stop()
