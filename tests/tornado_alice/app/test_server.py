"""The server as a process: both halves, signals, taken ports, restarts."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tornado_alice.testing import make_request

pytestmark = pytest.mark.slow  # each test starts servers


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if os.path.exists(f"/proc/{pid}")}


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for what another process does; fail loudly when it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_bundled_skill_and_dashboard_share_the_service(serve: Callable[..., Any]) -> None:
    """The bundled skill's job is on the dashboard, the API knows it, and the digit comes by voice."""
    server = serve()
    assert server.say("", 0).startswith("Я знаю число пи")
    said, n = server.say("тысячную", 1), 2
    while said.startswith("Считаю"):
        said, n = server.say("ну что", n), n + 1
    assert said == "Цифра номер 1000 после запятой: 9."
    status, job = server.fetch("/api/jobs/1000")
    assert (status, job["status"], job["digit"]) == (200, "stored", 9)
    assert "1000" in server.fetch("/")[1]
    assert server.fetch("/v1/pi?start=0&numberOfDigits=10")[1] == {"content": "3141592653"}


def test_health_and_metrics(serve: Callable[..., Any]) -> None:
    """/healthz answers, /metrics counts turns and jobs in Prometheus' format."""
    server = serve()
    server.say("", 0)
    assert server.fetch("/healthz") == (200, {"status": "ok"})
    metrics = server.fetch("/metrics")[1]
    assert "\nalice_turns_total 1\n" in metrics and "# TYPE pi_jobs gauge" in metrics


def test_a_users_script(serve: Callable[..., Any], hello: str) -> None:
    """A script in a file is served instead of the bundled skill, beside the dashboard."""
    server = serve(hello)
    assert server.say("привет", 0) == "1 привет"
    assert server.fetch("/")[0] == 200


def test_stops_cleanly_in_mid_computation(serve: Callable[..., Any], children_of: Callable[[int], set[int]]) -> None:
    """SIGTERM during a computation: exit status 0, workers gone, nothing orphaned, nothing complained of."""
    server = serve()
    server.fetch("/api/jobs", {"n": 10_000_000})
    until(lambda: server.fetch("/api/jobs/10000000")[1]["status"] == "taken")
    workers = children_of(server.process.pid)
    assert workers
    assert server.stop() == 0
    until(lambda: not alive(workers), 5)
    assert "Traceback" not in server.errors


def test_sigint_stops_too(serve: Callable[..., Any]) -> None:
    """Ctrl-C ends the server with status 0 and without a traceback."""
    server = serve()
    assert server.stop(signal.SIGINT) == 0
    assert server.errors == ""


def test_killed_server_leaves_no_workers(serve: Callable[..., Any], children_of: Callable[[int], set[int]]) -> None:
    """After SIGKILL of the server its workers end by themselves."""
    server = serve()
    server.fetch("/api/jobs", {"n": 10_000_000})
    until(lambda: server.fetch("/api/jobs/10000000")[1]["status"] == "taken")
    workers = children_of(server.process.pid)
    server.kill()
    until(lambda: not alive(workers), 5)


def test_port_taken(tmp_path: Path, children_of: Callable[[int], set[int]]) -> None:
    """A taken port: a clear message, exit status 1, no worker left."""
    before = children_of(os.getpid())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "tornado_alice", "--port", str(port), "--data-dir", str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Cannot listen on 127.0.0.1:{port}: Address already in use.")
    assert "Choose another one with --port" in ended.stderr
    assert children_of(os.getpid()) <= before


def test_dialogs_survive_kill_and_restart(serve: Callable[..., Any], hello: str) -> None:
    """kill -9 between two turns: the next process goes on where the dialog was."""
    server = serve(hello)
    said = [server.say(word, n) for n, word in enumerate(["а", "б"])]
    server.kill()
    server = serve(hello)
    said += [server.say(word, n) for n, word in enumerate(["в", "г"], 2)]
    assert said == ["1 а", "2 б", "3 в", "4 г"]


def test_jobs_survive_kill_and_restart(serve: Callable[..., Any]) -> None:
    """kill -9 in the middle of jobs: after the next start every job is finished by new events."""
    server = serve()
    jobs = [1_000_000, 1_500_000, 20]
    for n in jobs:
        server.fetch("/api/jobs", {"n": n})
    server.kill()
    server = serve()
    until(lambda: all(server.fetch(f"/api/jobs/{n}")[1]["status"] == "stored" for n in jobs), 60)
    assert server.fetch("/v1/pi?start=999991&numberOfDigits=10")[1] == {"content": "5779458151"}


def test_two_processes_hold_one_dialog(serve: Callable[..., Any], hello: str) -> None:
    """Two servers on one data directory, requests alternating between them, hold the dialog of one."""
    servers = [serve(hello), serve(hello)]
    said = [servers[n * 7 % 3 % 2].say(str(n), n) for n in range(10)]
    assert said == [f"{n + 1} {n}" for n in range(10)]


def test_second_process_of_the_bundled_skill_tells_digits(serve: Callable[..., Any]) -> None:
    """The second process on a data directory serves the same dialogs, and tells digits that the first one computes."""
    first, second = serve(), serve()
    assert first.say("", 0).startswith("Я знаю число пи")
    said, n = second.say("тысячную", 1), 2
    while said.startswith("Считаю"):
        said, n = second.say("ну что", n), n + 1
    assert said == "Цифра номер 1000 после запятой: 9."
    assert first.say("тысячную", n) == said


def test_memory_durability_forgets(serve: Callable[..., Any], hello: str) -> None:
    """--durability memory keeps nothing on disk: after a restart the dialog begins anew."""
    server = serve(hello, "--durability", "memory")
    server.say("а", 0)
    server.stop()
    server = serve(hello, "--durability", "memory")
    assert server.say("б", 1) == "1 б"


@pytest.mark.parametrize("durability", ["normal", "power"])
def test_killed_at_random_moments(serve: Callable[..., Any], durability: str) -> None:
    """Guess-number dialogs, the server killed and restarted at random moments: no acknowledged turn is lost."""
    rng = random.Random(durability)
    server, script, kills = None, "tornado_alice.examples.guess_number_subgens", 0
    transcripts = {}
    for session in range(4):
        killed_at = {rng.randrange(3), 1}  # a dialog has three turns at least
        guesses = iter([*map(str, range(1, 11)), "нет"])
        said, command = [], ""
        for n in range(20):
            answer = None
            while answer is None:
                server = server or serve(script, "--durability", durability)
                try:
                    if n in killed_at:
                        # in the middle of it: the request is sent, the answer is not waited for
                        killed_at.remove(n)
                        body = json.dumps(make_request(command, n, session={"session_id": f"k{session}"})).encode()
                        host, port = server.url.removeprefix("http://").split(":")
                        with socket.create_connection((host, int(port))) as raw:
                            head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
                            raw.sendall(head.encode() + body)
                            time.sleep(rng.random() * 0.005)  # before, while or after it is handled
                            server.kill()
                        server, kills = None, kills + 1
                        continue
                    answer = server.say(command, n, f"k{session}")
                except urllib.error.URLError:
                    server = None
            said.append(answer)
            if answer.startswith("Спасибо"):
                break
            command = "нет" if answer.startswith("Верно") else next(guesses)
        transcripts[session] = said
    assert kills >= 4
    for said in transcripts.values():
        assert said[0] == "Я загадала число от 1 до 10. Какое?" and said[-1] == "Спасибо за игру!"
        right = len(said) - 2
        assert said[1:-2] == ["Больше"] * (right - 1)
        assert said[-2] == f"Верно! Лучший результат, попыток: {right}. Сыграем ещё?"
