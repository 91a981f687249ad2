"""The pi service over HTTP: job latency, dialogs while it computes, windows of digits, search.

    python bench/service.py [--digits 100000000] [--rounds 5] [--json]

The windows are read at random from a digits file of `--digits` digits; their rate is a ratio to a bare Tornado handler
that sends as many bytes, measured in turns in the same run. Loopback only.
"""

import argparse
import http.client
import json
import random
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peers

BARE = """
    import asyncio, sys
    from tornado.web import Application, RequestHandler

    class Bare(RequestHandler):
        def get(self):
            self.set_header("Content-Type", "application/json")
            self.finish(b'{"content": "' + b"3" * int(self.get_query_argument("numberOfDigits")) + b'"}')

    async def main():
        Application([("/v1/pi", Bare)], log_function=lambda handler: None).listen(int(sys.argv[1]), "127.0.0.1")
        await asyncio.Event().wait()

    asyncio.run(main())
"""


@contextmanager
def bare_windows() -> Iterator[int]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        (path / "bare.py").write_text(textwrap.dedent(BARE))
        port = peers.free_port()
        with peers.serving([sys.executable, "bare.py", str(port)], port, path):
            yield port


def ask(port: int, path: str, sent: Any = None) -> Any:
    body = None if sent is None else json.dumps(sent).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def until_stored(port: int, n: int, seconds: float = 3600) -> dict[str, Any]:
    """The job once it is stored; it is asked for every 2 ms."""
    end = time.monotonic() + seconds
    while (job := ask(port, f"/api/jobs/{n}"))["status"] != "stored":
        if job["status"] in ("error", "cancelled") or time.monotonic() > end:
            raise RuntimeError(f"the job {n} is {job['status']}: {job['error']}")
        time.sleep(0.002)
    return dict(job)


def job_seconds(port: int, n: int) -> float:
    """From POST to the `stored` event, by the server's own times."""
    ask(port, "/api/jobs", {"n": n})
    until_stored(port, n)
    events = ask(port, f"/api/jobs/{n}")["events"]
    return float(events[-1]["at"] - events[0]["at"])


def turn_p99(port: int, seconds: float) -> float:
    """The 99th percentile of a turn's time in milliseconds, one user at a time."""
    command = [sys.executable, str(Path(__file__).with_name("load.py")), f"http://127.0.0.1:{port}/"]
    command += ["--connections", "1", "--seconds", str(seconds)]
    return float(json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["p99"])


def window_rate(port: int, digits: int, size: int, seconds: float) -> float:
    """Random windows per second over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        connection.request("GET", f"/v1/pi?start={random.randrange(digits - size)}&numberOfDigits={size}")
        answer = connection.getresponse()
        if len(answer.read()) < size:
            raise RuntimeError("a window is too short")
        count += 1
    connection.close()
    return count / seconds


def measure(digits: int, rounds: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    options = ["--pi-max-digits", str(2 * digits), "--durability", "memory"]
    with peers.tornado_alice(*options) as (port, _):
        small = [1000 * job_seconds(port, n) for n in range(1000, 1001 + rounds)]
        figures["POST to stored, 1,000 digits and one more each time, ms"] = peers.spread(small, 1)
        million = job_seconds(port, 1_000_000)
        alone = ask(port, "/api/jobs/1000000")["seconds"]
        figures["POST to stored, 10^6 digits, ÷ its computation"] = round(million / alone, 2)
    with peers.tornado_alice(*options) as (port, _), bare_windows() as bare:
        turn_p99(port, 1.0)
        rest = [turn_p99(port, 2.0) for _ in range(rounds)]
        ask(port, "/api/jobs", {"n": digits})
        time.sleep(0.5)
        busy = [turn_p99(port, 2.0) for _ in range(rounds)]
        start = time.monotonic()
        ask(port, "/api/jobs", {"n": 1000})
        until_stored(port, 1000)
        figures["a job of 1,000 digits beside a big one, s"] = round(time.monotonic() - start, 2)
        if ask(port, f"/api/jobs/{digits}")["status"] == "stored":
            print("the big job ended before the dialogs were measured: choose more --digits", file=sys.stderr)
        figures["p99 of a turn while all cores compute ÷ at rest"] = round(
            statistics.median(busy) / statistics.median(rest), 2
        )
        until_stored(port, digits)
        for size in (100, 1000, 10_000):
            parts = [window_rate(port, digits, size, 1.0) / window_rate(bare, digits, size, 1.0) for _ in range(rounds)]
            figures[f"windows of {size} digits out of {digits}, ÷ bare handler"] = peers.spread(parts, 2)
        times = []
        for _ in range(rounds):
            missing = "".join(random.choices("0123456789", k=20))
            start = time.perf_counter()
            ask(port, f"/api/search?q={missing}")
            times.append(1000 * (time.perf_counter() - start))
        figures[f"search through {digits} digits for what is not there, ms"] = peers.spread(times, 0)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digits", type=int, default=100_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = measure(given.digits, given.rounds)
    peers.report("The pi service", figures, given.json)


if __name__ == "__main__":
    main()
