"""The feed: from an event to the last of many open pages, and what so many pages cost a webhook turn.

    python bench/feed.py [--clients 1000] [--seconds 10] [--rate 100] [--json]

Clients are raw websockets in this process, which only count frames and read ids. Jobs whose digits are on disk already
make five events each. Loopback only; it stops by itself.
"""

import argparse
import json
import os
import re
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import peers

HANDSHAKE = (
    "GET /api/events?batch=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
ID = re.compile(rb'"id":(\d+),"n":')


class Pages(threading.Thread):
    """Many open pages: for each event when the last of them had it."""

    def __init__(self, port: int, count: int) -> None:
        super().__init__(daemon=True)
        self.last: dict[int, tuple[int, float]] = {}  # id → pages that have it, when the last one got it
        self.bytes = self.ids = 0
        self._selector, self._going = selectors.DefaultSelector(), True
        for _ in range(count):
            page = socket.create_connection(("127.0.0.1", port))
            page.sendall(HANDSHAKE.format(port=port).encode())
            while b"\r\n\r\n" not in (head := page.recv(65536)):
                pass
            if b" 101 " not in head:
                raise RuntimeError(head.decode("latin-1"))
            self._selector.register(page, selectors.EVENT_READ)

    def run(self) -> None:
        while self._going:
            for key, _ in self._selector.select(0.2):
                page = key.fileobj
                assert isinstance(page, socket.socket)
                chunk = page.recv(1 << 20)
                self.bytes += len(chunk)
                now = time.time()
                for id in ID.findall(
                    chunk
                ):  # an id that falls between two chunks is not seen: its event does not count
                    self.ids += 1
                    self.last[int(id)] = self.last.get(int(id), (0, 0.0))[0] + 1, now

    def stop(self) -> None:
        self._going = False
        self.join()
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()


def call(port: int, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def make_events(port: int, seconds: float, rate: float) -> dict[int, float]:
    """About `rate` events a second; id → when it was recorded, by the server's clock, which is this machine's."""
    made: dict[int, float] = {}
    start, n = time.monotonic(), 0
    while time.monotonic() < start + seconds:
        n += 1
        call(port, "POST", "/api/jobs", {"n": n})
        made |= {event["id"]: event["at"] for event in call(port, "GET", f"/api/jobs/{n}")["events"]}
        time.sleep(max(0.0, start + len(made) / rate - time.monotonic()))
    return made


def load_apart(port: int, seconds: float, pause: float) -> dict[str, float]:
    """Turns of dialogs from a process of its own: the pages read here must not slow down the clock of the turns."""
    command = [sys.executable, str(Path(__file__).with_name("load.py")), f"http://127.0.0.1:{port}/"]
    done = subprocess.run(
        [*command, "--connections", "4", "--seconds", str(seconds), "--pause", str(pause)],
        check=True,
        capture_output=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def cpu_seconds(pid: int) -> float:
    """What a process has had of the processors, whoever else wants them: ticks 14 and 15 of proc(5)."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def measure(clients: int, seconds: float, rate: float, pause: float) -> dict[str, Any]:
    with peers.tornado_alice() as (port, pid):
        call(port, "POST", "/api/jobs", {"n": 100_000})
        while call(port, "GET", "/api/jobs/100000")["status"] != "stored":
            time.sleep(0.1)
        rest = load_apart(port, seconds / 2, pause)
        pages = Pages(port, clients)
        pages.start()
        spent = cpu_seconds(pid)
        with ThreadPoolExecutor(1) as pool:
            turns = pool.submit(load_apart, port, seconds, pause)
            made = make_events(port, seconds, rate)
            meanwhile = turns.result()
        spent = cpu_seconds(pid) - spent
        time.sleep(1.0)
        pages.stop()
    whole = [pages.last[id][1] - at for id, at in made.items() if pages.last.get(id, (0, 0.0))[0] == clients]
    delays = sorted(1000 * delay for delay in whole)
    return {
        "clients": clients,
        "events a second": round(len(made) / seconds),
        "events seen by all, %": round(100 * len(whole) / len(made)),
        "event to last client, ms, median": round(statistics.median(delays), 1),
        "event to last client, ms, p99": round(delays[int(len(delays) * 0.99)], 1),
        "webhook turn p99 at rest, ms": round(rest["p99"], 1),
        "webhook turn p99 meanwhile ÷ at rest": round(meanwhile["p99"] / rest["p99"], 2),
        "CPU of the server for 1,000 events, s": round(1000 * spent / len(made), 1),
        "bytes for each event and client": round(pages.bytes / max(1, pages.ids)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=100.0, help="events a second")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between the turns of each of 4 dialogs")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * given.clients + 500), hard))
    figures = measure(given.clients, given.seconds, given.rate, given.pause)
    if given.json:
        print(json.dumps(figures, indent=1, ensure_ascii=False))
    else:
        for key, value in figures.items():
            print(f"{key:<40}{value}")


if __name__ == "__main__":
    main()
