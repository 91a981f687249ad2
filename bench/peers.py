"""Servers that the benchmarks compare: each is a process of its own on a free loopback port."""

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

SCRIPT = """
    from {library} import Skill, request, say

    {name} = Skill(__name__{options})

    @{name}.script
    def run_script():
        n = 0
        while True:
            n += 1{work}
            yield say(f'Попытка {{n}}: больше, чем {{request.command}}')
"""

#: A machine so busy that a turn waits for 50 ms would have it run in threads from then on.
ON_LOOP = ", threads=False"

BARE = """
    import asyncio, json, sys
    from tornado.web import Application, RequestHandler

    class Bare(RequestHandler):
        def post(self):
            data = json.loads(self.request.body)
            text = f"больше, чем {data['request']['command']}"
            response = {"text": text, "end_session": False}
            self.set_header("Content-Type", "application/json")
            self.finish(json.dumps({"version": "1.0", "session": data["session"], "response": response}))

    async def main():
        Application([("/", Bare)], log_function=lambda handler: None).listen(int(sys.argv[1]), "127.0.0.1")
        await asyncio.Event().wait()

    asyncio.run(main())
"""

#: What pymorphy2 needs and Python 3.11 has no longer; put in place in that peer's own process alone.
GUNICORN = """
    import inspect
    from collections import namedtuple

    Spec = namedtuple("ArgSpec", "args varargs keywords defaults")
    inspect.getargspec = lambda f: Spec(*inspect.getfullargspec(f)[:4])
"""


class Server(NamedTuple):
    """One that runs; `pid` is that of its first process."""

    port: int
    pid: int

    def spent(self) -> float:
        """Seconds of processor time so far, of its children too."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it has ended meanwhile
                fields = stat.read_text().rpartition(")")[2].split()
                if self.pid in (int(stat.parent.name), int(fields[1])):
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def counting(library: str, name: str, options: str = "", work: int = 0) -> str:
    """The text of a script that counts its turns, and in each of them up to `work`."""
    counts = f"; sum(range({work}))" if work else ""
    return textwrap.dedent(SCRIPT.format(library=library, name=name, options=options, work=counts))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"a server ended with status {process.returncode} before it answered")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
            return
        except urllib.error.HTTPError:
            return  # it answers, and has no such page
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("a server did not come up")


@contextmanager
def serving(command: list[str], port: int, cwd: Path) -> Iterator[int]:
    """Run a server until the block ends; gives its process id."""
    with open(cwd / "server.log", "ab") as log:
        process = subprocess.Popen(command, cwd=cwd, stdout=log, stderr=log)
    try:
        wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def bare_tornado() -> Iterator[Server]:
    """A Tornado handler that parses and answers JSON, and keeps nothing."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        (path / "bare.py").write_text(textwrap.dedent(BARE))
        port = free_port()
        with serving([sys.executable, "bare.py", str(port)], port, path) as pid:
            yield Server(port, pid)


@contextmanager
def tornado_alice(*options: str, data_dir: Path | None = None, work: int = 0) -> Iterator[Server]:
    """`python -m tornado_alice` with the script of `counting`."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        (path / "counting.py").write_text(counting("tornado_alice", "skill", ON_LOOP, work))
        port = free_port()
        data = ["--data-dir", str(data_dir or path / "data")]
        with serving(
            [sys.executable, "-m", "tornado_alice", "counting.py", "--port", str(port), *data, *options], port, path
        ) as pid:
            yield Server(port, pid)


@contextmanager
def alice_scripts() -> Iterator[Server]:
    """The same script in alice_scripts under gunicorn, one worker, as its README has it."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        (path / "counting.py").write_text(textwrap.dedent(GUNICORN) + counting("alice_scripts", "app"))
        port = free_port()
        command = [sys.executable, "-W", "ignore", "-m", "gunicorn", "counting:app", "--bind", f"127.0.0.1:{port}"]
        with serving([*command, "--workers", "1", "--threads", "4"], port, path) as pid:
            yield Server(port, pid)


def report(title: str, figures: dict[str, Any], as_json: bool) -> None:
    """Print figures by name, each a number, a list, or a spread {"median", "min", "max"}."""
    if as_json:
        print(json.dumps(figures, indent=1, ensure_ascii=False))
        return
    print(f"{title} ({environment()})")
    for name, figure in figures.items():
        row = figure if not isinstance(figure, dict) else "  ".join(f"{key} {value}" for key, value in figure.items())
        print(f"{name:<64} {row}")


def spread(values: list[float], digits: int) -> dict[str, float]:
    """Median, least and largest."""
    rounded = [round(value, digits) for value in (statistics.median(values), min(values), max(values))]
    return dict(zip(("median", "min", "max"), rounded, strict=True))


def resident_kib(pid: int) -> int:
    """Resident memory of a process in KiB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


def environment() -> str:
    """What the figures were measured on."""
    return f"Python {sys.version.split()[0]}, {os.cpu_count()} cores"
