"""Mutated bodies against a running server: every request is answered, none with 500, and the log holds no traceback.

    make fuzz                                     # five minutes
    python bench/fuzz.py --minutes 1 --seed 7

Bodies for the webhook and the API are mutated in their bytes and in their structure. The server is a process of its own
on loopback; it ends with the fuzzer. Exit status 1 if anything was wrong; the seed and the body are printed then.
"""

import argparse
import base64
import copy
import http.client
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import peers

from tornado_alice.testing import make_request

#: Values that programs trip over.
ODD: list[Any] = [
    None, True, False, 0, -1, 1e400, -0.0, 2**63, 10**40, "", "ping", "\0", "\ud800", "ё" * 5000, "{}", [], {}, [[]],
    {"": {}}, "../../etc/passwd", "<script>", "'; DROP TABLE turn; --", "\x1b[2J", "9" * 400,
]  # fmt: skip
SECONDS = 10.0  #: an answer that takes longer is none


def seeds() -> list[tuple[str, str, Any]]:
    """(method, path, body) that are right."""
    pressed = make_request("", 1)
    pressed["request"] = {"type": "ButtonPressed", "payload": {"a": [1]}, "nlu": {"tokens": [], "entities": []}}
    linked = {key: value for key, value in make_request("", 2).items() if key != "request"}
    linked["account_linking_complete_event"] = {}
    alice = [make_request("тысячная цифра", 0), make_request("да", 1), pressed, linked, {"body": make_request("", 0)}]
    jobs = [("POST", "/api/jobs", {"n": 100}), ("POST", "/api/jobs/100/retry", {}), ("DELETE", "/api/jobs/100", {})]
    return [*(("POST", "/", body) for body in alice), *jobs, ("GET", "/v1/pi?start=0&numberOfDigits=10", None)]


def mutate(rng: random.Random, value: Any) -> Any:
    """The structure with something in it changed, removed, doubled or nested."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        value = dict(value)
        key = rng.choice(list(value))
        how = rng.random()
        if how < 0.15:
            del value[key]
        elif how < 0.25:
            value[key + rng.choice(["", "x", "\0", "ё" * 300])] = rng.choice(ODD)
        else:
            value[key] = mutate(rng, value[key])
        return value
    if isinstance(value, list) and value and rng.random() < 0.7:
        return [mutate(rng, item) if rng.random() < 0.5 else item for item in value] * (
            rng.choice([1, 1, 1, 50]) if len(value) < 5 else 1
        )
    if rng.random() < 0.1:
        for _ in range(rng.choice([3, 99, 300])):
            value = rng.choice([lambda inner: [inner], lambda inner: {"a": inner}])(value)
        return value
    return copy.deepcopy(rng.choice(ODD))


def garble(rng: random.Random, body: bytes) -> bytes:
    """The bytes with some of them changed, cut or doubled."""
    data = bytearray(body)
    for _ in range(rng.choice([1, 1, 3, 30])):
        if data:
            place = rng.randrange(len(data))
            data[place : place + rng.choice([0, 1, 1, 8])] = rng.choice(
                [b"", b"\xff", b"{", b"]", b"\\u", rng.randbytes(4)]
            )
    return bytes(data[: rng.randrange(len(data) + 1)]) if rng.random() < 0.1 else bytes(data)


def dump(value: Any) -> bytes:
    """JSON however deep and odd; what cannot be JSON becomes text."""
    try:
        return json.dumps(value).encode("utf-8", "surrogatepass")
    except RecursionError:
        return b"[" * 5000


def one(rng: random.Random, port: int) -> tuple[int, str, bytes]:
    """Send one mutated request; its status, where it went, and its body."""
    method, path, body = rng.choice(seeds())
    for _ in range(rng.choice([0, 1, 1, 1, 2])):
        body = mutate(rng, body)
    data = dump(body)
    if rng.random() < 0.4:
        data = garble(rng, data)
    if rng.random() < 0.1:
        path += rng.choice(["?", "/", "%00", "?start=-1", "?q=" + "9" * 100, "/../x", "?after=x"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(method, path, data, {"Content-Type": rng.choice(["application/json"] * 9 + ["text/plain"])})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status == 200 and path == "/":
            assert json.loads(content)["response"]["text"] is not None
        return answer.status, f"{method} {path}", data
    except Exception as error:
        raise RuntimeError(f"{method} {path}: {error!r}; body in base64: {base64.b64encode(data).decode()}") from error
    finally:
        connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = parser.parse_args()
    print(f"seed {given.seed}", file=sys.stderr, flush=True)
    rng, statuses, port = random.Random(given.seed), Counter[int](), peers.free_port()
    with tempfile.TemporaryDirectory() as name, (Path(name) / "log").open("w+") as log:
        command = [sys.executable, "-m", "tornado_alice", "--port", str(port), "--data-dir", f"{name}/data"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        try:
            peers.wait_for(port, server)
            end = time.monotonic() + 60 * given.minutes
            while time.monotonic() < end:
                status, where, body = one(rng, port)
                statuses[status] += 1
                if status >= 500 and status != 503:
                    print(f"{status} for {where}; body in base64: {base64.b64encode(body).decode()}")
                    return 1
        finally:
            server.terminate()
            server.wait(timeout=30)
        log.seek(0)
        text = log.read()
        traces = text.count("Traceback")
        if traces:
            print(text[text.index("Traceback") - 500 :][:4000], file=sys.stderr)
    print(f"{statuses.total()} requests: {dict(sorted(statuses.items()))}; tracebacks in the log: {traces}")
    return 1 if traces or server.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
