"""Dockerfile, compose.yaml and the unit of systemd in examples/deploy: what of them runs without Docker and systemd."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml
from processes import ServerProcess

from tornado_alice.testing import make_request

DEPLOY = Path(__file__).parents[2] / "examples" / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
GREETING = "Добрый день! Как вас зовут?"
TALK = ("", "анна", "кошек")


def instructions() -> list[tuple[str, str]]:
    """The lines of the Dockerfile: (instruction, the rest)."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def command_of(instruction: str) -> list[str]:
    """The JSON array of CMD or HEALTHCHECK."""
    words: list[str] = json.loads(re.sub(r"^[^\[]*", "", dict(instructions())[instruction]))
    return words


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Start what a file of the folder starts, but here: free ports, a folder of the test, loopback."""
    servers: list[ServerProcess] = []

    def begin(command: list[str]) -> ServerProcess:
        assert command[1:3] == ["-m", "tornado_alice"]
        here = {"/var/lib/alice": str(tmp_path), "/data": str(tmp_path), "0.0.0.0": "127.0.0.1"}
        here |= {
            "skill.py": str(DEPLOY / "skill.py"),
            "postgresql://alice@database/alice": f"sqlite:{tmp_path}/journal",
        }
        words = " ".join(command[3:])
        for there, value in here.items():
            words = re.sub(rf"(?<=[ =]){there}|^{there}", value, words)
        words = re.sub(r"(port[ =])\d+", r"\g<1>0", words)
        servers.append(ServerProcess(tmp_path, *words.split()))
        return servers[-1]

    yield begin
    for server in servers:
        assert server.stop() == 0


def say(server: ServerProcess, command: str = "", n: int = 0, path: str = "") -> str:
    """The skill's answer, at the webhook's own port."""
    page, server.url = server.url, server.webhook
    try:
        answer = server.fetch(path, make_request(command, n, session={"session_id": "s", "new": n == 0}))
    finally:
        server.url = page
    said: str = answer[1]["response"]["text"]
    return said


@pytest.mark.slow
def test_the_image_has_what_it_copies_and_its_command_serves(start: Callable[..., ServerProcess]) -> None:
    """Whatever is copied exists and is let in by .dockerignore; the user is not root; the command answers, and the
    health check tells a server that lives from one that does not."""
    copied = [words.split()[0] for name, words in instructions() if name == "COPY"]
    let_in = (DEPLOY / ".dockerignore").read_text().split()
    assert copied == ["requirements.txt", "skill.py"]
    assert all((DEPLOY / name).is_file() and f"!{name}" in let_in for name in copied)
    assert int(dict(instructions())["USER"]) > 0
    server = start(command_of("CMD"))
    assert say(server) == GREETING
    port = server.url.rpartition(":")[2]
    check = [word.replace(":8888/", f":{port}/") for word in command_of("HEALTHCHECK")]
    assert subprocess.run([sys.executable, *check[1:]], check=False).returncode == 0
    away = [word.replace(":8888/", ":1/") for word in command_of("HEALTHCHECK")]
    assert subprocess.run([sys.executable, *away[1:]], check=False, stderr=subprocess.DEVNULL).returncode == 1


def test_compose_holds_together() -> None:
    """Four services, two of them equal processes of the skill; nginx leads to their addresses, ports and path; all that
    is mounted exists, and a secret that is missing is told."""
    services = COMPOSE["services"]
    assert services.keys() == {"first", "second", "database", "nginx"}
    first, second = services["first"], services["second"]
    assert first["command"] == second["command"] and first["build"] == second["build"] == "."
    config = (DEPLOY / "nginx.compose.conf").read_text()
    addresses = [one["networks"]["alice"]["ipv4_address"] for one in (first, second)]
    assert re.findall(r"server (\S+) max_fails=0;", config) == [f"{address}:8880" for address in addresses]
    options = dict(word.lstrip("-").split("=", 1) for word in first["command"] if "=" in word)
    assert options["webhook-port"] == "8880" and f"location = {options['webhook-path']} {{" in config
    for service in services.values():
        for place in service.get("volumes", ()):
            source = place.rpartition("}")[0] or place.partition(":")[0]
            assert source.startswith("${") or source in COMPOSE["volumes"] or (DEPLOY / source).is_file(), place
    variables = re.findall(r"\$\{(\w+)(.)", (DEPLOY / "compose.yaml").read_text())
    assert {name for name, _ in variables} == {"POSTGRES_PASSWORD", "CERTIFICATES"}
    assert {mark for _, mark in variables} == {":"}, "compose refuses to start without them"


@pytest.mark.slow
def test_the_processes_of_compose_share_a_journal(start: Callable[..., ServerProcess]) -> None:
    """The command of both services serves, at the secret path alone, and each goes on with the other's dialog."""
    servers = [start(COMPOSE["services"][name]["command"]) for name in ("first", "second")]
    for server in servers:
        assert server.fetch("/readyz", Host="localhost")[0] == 200
        assert server.fetch("/", Host="elsewhere.example")[0] == 421
        with pytest.raises(KeyError):
            say(server)
    said = [say(servers[n % 2], command, n, "/hook-CHANGE-ME") for n, command in enumerate(TALK)]
    assert said == [GREETING, "анна, вы любите кошек или собак?", "Подарю вам котёнка, анна!"]


def test_nginx_takes_the_file_of_compose(
    tmp_path: Path, certificate: tuple[Path, Path], program: Callable[[str], str]
) -> None:
    """The real nginx finds no fault in nginx.compose.conf."""
    folder = tmp_path / "tls"
    folder.mkdir()
    for path, name in zip(certificate, ("fullchain.pem", "privkey.pem"), strict=True):
        shutil.copy(path, folder / name)
    (tmp_path / "nginx.conf").write_text(
        (DEPLOY / "nginx.compose.conf").read_text().replace("/etc/nginx/tls", str(folder))
    )
    rest = f"pid {tmp_path}/pid; error_log {tmp_path}/error.log;"
    command = [program("nginx"), "-t", "-p", str(tmp_path), "-c", "nginx.conf", "-g", rest]
    tested = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tested.returncode == 0 and "warn" not in tested.stderr, tested.stderr


def unit() -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None, comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names are as they are written
    parser.read(DEPLOY / "alice@.service")
    return parser


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """systemd itself finds no fault in the unit, and little that the process may do to the system (2.0 of 10)."""
    if (program := shutil.which("systemd-analyze")) is None:
        pytest.skip("no systemd-analyze on this machine (Debian: apt install systemd): the unit was NOT verified")
    path = tmp_path / "alice@.service"
    path.write_text((DEPLOY / path.name).read_text().replace("/opt/alice/.venv/bin/python", sys.executable))
    for command in (["verify", path], ["security", "--offline=true", "--threshold=20", path]):
        tested = subprocess.run([program, *map(str, command)], capture_output=True, text=True, check=False)
        assert tested.returncode == 0, tested.stdout + tested.stderr
        assert path.name not in tested.stderr, "a warning"


@pytest.mark.slow
def test_the_units_serve_where_nginx_leads(start: Callable[..., ServerProcess]) -> None:
    """The command of the unit answers with the options of each process; ports and path are those of nginx.conf."""
    config = (DEPLOY / "nginx.conf").read_text()
    for number in (0, 1):
        options = (DEPLOY / f"{number}.env").read_text().split("OPTIONS=")[1]
        words = shlex.split(unit()["Service"]["ExecStart"].replace("$OPTIONS", options))
        webhook, path = words[words.index("--webhook-port") + 1], words[words.index("--webhook-path") + 1]
        assert f"server 127.0.0.1:{webhook} " in config and f"location = {path} {{" in config
        port = words[words.index("--port") + 1]
        assert (f"proxy_pass http://127.0.0.1:{port}/;" in config) == (number == 0)
        assert say(start(words), path=path) == GREETING
