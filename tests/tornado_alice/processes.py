"""Real server processes, for tests of this folder and of others."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tornado_alice.testing import make_request

HELLO = """
from tornado_alice import Skill, request, say

skill = Skill(__name__)

@skill.script
def run_script():
    n = 0
    while True:
        n += 1
        yield say(f'{n} {request.command}')
"""


class ServerProcess:
    """``python -m tornado_alice`` on a free loopback port; `kill` is SIGKILL."""

    def __init__(self, data_dir: Path, *args: str) -> None:
        command = [sys.executable, "-m", "tornado_alice", "--port", "0", "--data-dir", str(data_dir), *args]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.announced = self.process.stdout.readline()
        found = re.findall(r"(http://[^\s/]+)/", self.announced)
        if not found:
            self.kill()
            raise AssertionError(f"the server did not start: {self.announced}{self.errors}")
        self.url, self.webhook = found[0], found[-1]

    def fetch(self, path: str, data: Any = None, **headers: str) -> tuple[int, Any]:
        body = None if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
        headers.setdefault("Content-Type", "application/json")
        call = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(call, timeout=30) as answer:
                return answer.status, _content(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _content(error.read())

    def say(self, command: str, message_id: int, session_id: str = "s") -> str:
        session = {"session_id": session_id}
        status, answer = self.fetch("/", make_request(command, message_id, session=session))
        assert status == 200
        text: str = answer["response"]["text"]
        return text

    def kill(self) -> None:
        self.process.kill()
        self._gone()

    def stop(self, how: int = signal.SIGTERM) -> int:
        """End it with a signal; its exit status."""
        self.process.send_signal(how)
        self._gone()
        return self.process.returncode

    def _gone(self) -> None:
        _, self.errors = self.process.communicate(timeout=20)


def _content(body: bytes) -> Any:
    return json.loads(body) if body.startswith((b"{", b"[")) else body.decode() or None
