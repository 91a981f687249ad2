"""The real nginx with the file of examples/deploy, before real servers."""

import http.client
import json
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nginx import Nginx, find, free_ports
from processes import HELLO, ServerProcess

CONFIG = Path(__file__).parents[2] / "examples" / "deploy" / "nginx.conf"
SECRET = "/hook-CHANGE-ME"
PASSWORD = "correct horse battery"


@pytest.fixture
def program() -> Callable[[str], str]:
    return find


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate and key of example.org and localhost, signed by themselves."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = [find("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=example.org", "-addext", "subjectAltName=DNS:example.org,DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
    return cert, key


class Proxy(Nginx):
    """nginx with TLS; requests go to the webhook ports and the port of the pages."""

    def __init__(self, folder: Path, certificate: tuple[Path, Path], webhooks: list[int], pages: int) -> None:
        cert, key = certificate
        (port,) = free_ports(1)
        self.tls = ssl.create_default_context(cafile=str(cert))
        changes = {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "/etc/letsencrypt/live/example.org/fullchain.pem": str(cert),
            "/etc/letsencrypt/live/example.org/privkey.pem": str(key),
            "127.0.0.1:8880": f"127.0.0.1:{webhooks[0]}",
            "127.0.0.1:8881": f"127.0.0.1:{webhooks[1]}",
            "127.0.0.1:8888": f"127.0.0.1:{pages}",
            "server_name example.org": "server_name example.org localhost",
        }
        super().__init__(folder, CONFIG, port, changes)


@pytest.fixture
def proxy(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Callable[[list[int], int], Proxy]]:
    """Start nginx before ports; it is stopped after the test."""
    started = []

    def start(webhooks: list[int], pages: int) -> Proxy:
        folder = tmp_path / f"nginx{len(started)}"
        folder.mkdir()
        started.append(Proxy(folder, certificate, webhooks, pages))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        each.stop()


class Site:
    """Two servers on one data directory behind nginx."""

    secret, password = SECRET, PASSWORD

    def __init__(self, folder: Path, proxy: Callable[[list[int], int], Proxy]) -> None:
        self._folder = folder
        (folder / "hello.py").write_text(HELLO, "utf-8")
        (folder / "password").write_text(PASSWORD)
        self._pages, self._webhooks = free_ports(2), free_ports(2)
        self.proxy = proxy(self._webhooks, self._pages[0])
        self.url = f"https://localhost:{self.proxy.port}/pi-app/"
        self.servers = [self.start(0), self.start(1)]

    def start(self, number: int) -> ServerProcess:
        private = ["--password-file", str(self._folder / "password"), "--public-url", self.url]
        return ServerProcess(
            self._folder / "data",
            *[str(self._folder / "hello.py"), "--port", str(self._pages[number])],
            *["--webhook-port", str(self._webhooks[number]), "--webhook-path", SECRET],
            *["--trusted-proxy", "127.0.0.1", *private],
        )

    def restart(self, number: int) -> None:
        assert self.servers[number].stop() == 0
        assert "ERROR" not in self.servers[number].errors
        self.servers[number] = self.start(number)

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("localhost", self.proxy.port, context=self.proxy.tls, timeout=30)

    def ask(self, path: str, method: str = "GET", data: Any = None, **headers: str) -> tuple[int, Any, str]:
        connection = self.connect()
        connection.request(method, path, None if data is None else json.dumps(data).encode(), headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, body


@pytest.fixture
def site(tmp_path: Path, proxy: Callable[[list[int], int], Proxy]) -> Iterator[Site]:
    site = Site(tmp_path, proxy)
    yield site
    for server in site.servers:
        server.stop()
