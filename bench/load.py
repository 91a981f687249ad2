"""A load of dialogs over keep-alive connections, from a process that is cheaper than the server it loads.

    python bench/load.py http://127.0.0.1:8888/ --connections 32 --turns 20 --seconds 3

Requests are made by filling numbers into prepared bytes, answers are read up to their length and not parsed. Loopback
only; it stops by itself after `--seconds`.
"""

import argparse
import json
import selectors
import socket
import time
import uuid
from collections import deque
from urllib.parse import urlsplit

SESSION = "S" * 36
BODY = json.dumps(
    {
        "meta": {
            "locale": "ru-RU",
            "timezone": "Europe/Moscow",
            "client_id": "ru.yandex.searchplugin/7.16 (none none; android 4.4.2)",
            "interfaces": {"screen": {}, "account_linking": {}, "audio_player": {}},
        },
        "session": {
            "message_id": 10000,
            "session_id": SESSION,
            "skill_id": "3ad36498-f5rd-4079-a14b-788652932056",
            "user_id": "47C73714B580ED2469056E71081159529FFC676A4E5B059D629A819E857DC2F8",
            "application": {"application_id": "47C73714B580ED2469056E71081159529FFC676A4E5B059D629A819E857DC2F8"},
            "new": False,
        },
        "request": {
            "command": "я думаю что это 500",
            "original_utterance": "я думаю, что это 500",
            "nlu": {
                "tokens": ["я", "думаю", "что", "это", "500"],
                "entities": [{"type": "YANDEX.NUMBER", "tokens": {"start": 4, "end": 5}, "value": 500}],
                "intents": {},
            },
            "markup": {"dangerous_context": False},
            "type": "SimpleUtterance",
        },
        "state": {"session": {}, "user": {}, "application": {}},
        "version": "1.0",
    },
    ensure_ascii=False,
).encode()


class Connection:
    """One user after another: each holds a session of `turns` turns."""

    def __init__(self, address: tuple[str, int], turns: int, body: bytes = BODY) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._turns, self._n = turns, turns
        head = f"POST / HTTP/1.1\r\nHost: {address[0]}\r\nContent-Type: application/json\r\n"
        template = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        before, rest = template.split(b"10000")
        between, after = rest.split(SESSION.encode())
        self._parts = [before, between, after]
        self._sessions = 0
        self._run = str(uuid.uuid4())[:26]
        self._buffer, self._missing = b"", 0
        self.sent_at = 0.0

    def send(self) -> None:
        if self._n == self._turns:
            self._n, self._sessions = 0, self._sessions + 1
        before, between, after = self._parts
        session = b"%s%010d" % (self._run.encode(), self._sessions)
        number = b"%5d" % self._n
        body = before + number + between + session + after
        if self._n == 0:
            body = body.replace(b'"new": false', b'"new":  true')
        self._n += 1
        self.sent_at = time.perf_counter()
        self.socket.sendall(body)

    def receive(self) -> bool:
        """Read what is there; True when the answer is whole."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._buffer += chunk
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self._buffer[:end].lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return False
        if not head.startswith(b"http/1.1 200"):
            raise ConnectionError(self._buffer[:300].decode("utf-8", "replace"))
        self._buffer = b""
        return True


def load(
    address: tuple[str, int], connections: int, turns: int, seconds: float, pause: float = 0.0
) -> dict[str, float]:
    """Load the server, with a `pause` of seconds after each answer; turns per second and percentiles of their time in
    milliseconds."""
    selector = selectors.DefaultSelector()
    start = time.perf_counter()
    waiting: deque[tuple[float, Connection]] = deque()  # when they speak again, in order
    for k, connection in enumerate(Connection(address, turns) for _ in range(connections)):
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        waiting.append((start + pause * k / connections, connection))
    times: list[float] = []
    while (now := time.perf_counter()) < start + seconds:
        while waiting and waiting[0][0] <= now:
            waiting.popleft()[1].send()
        for key, _ in selector.select(max(0.0, waiting[0][0] - now) if waiting else 1.0):
            if key.data.receive():
                times.append(time.perf_counter() - key.data.sent_at)
                if pause:
                    waiting.append((time.perf_counter() + pause, key.data))
                else:
                    key.data.send()
    spent = time.perf_counter() - start
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    times.sort()
    at = {name: 1000 * times[int(len(times) * part)] for name, part in (("p50", 0.5), ("p99", 0.99))}
    return {"answered": len(times), "turns_per_second": len(times) / spent} | at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--turns", type=int, default=20, help="turns of each session")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds from an answer to the next request")
    given = parser.parse_args()
    parts = urlsplit(given.url)
    if parts.hostname not in ("127.0.0.1", "localhost"):
        parser.error("loads go to this machine alone: 127.0.0.1")
    print(
        json.dumps(load((parts.hostname, parts.port or 80), given.connections, given.turns, given.seconds, given.pause))
    )


if __name__ == "__main__":
    main()
