"""Instances of a cloud function, each an interpreter of its own, as the platform runs them."""

import json
import os
import queue
import subprocess
import sys
from pathlib import Path
from typing import Any

#: Reads an event a line and writes an answer a line. Each call has a loop of its own, which is closed after it.
HOST = """
import asyncio, importlib.util, inspect, json, sys, types

spec = importlib.util.spec_from_file_location("skill", sys.argv[1])
skill = importlib.util.module_from_spec(spec)
spec.loader.exec_module(skill)
assert inspect.iscoroutinefunction(skill.handler)
print(flush=True)
for line in sys.stdin:
    event, token = json.loads(line)
    context = types.SimpleNamespace(token={"access_token": token} if token else None)
    print(json.dumps(asyncio.run(skill.handler(event, context))), flush=True)
"""


class Gone(Exception):
    """The instance was killed before it has answered."""


class Instance:
    """An instance of the function in the file `path`; `kill` is SIGKILL."""

    def __init__(self, path: Path, **environment: str) -> None:
        command = [sys.executable, "-W", "error", "-c", HOST, str(path)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=os.environ | environment
        )
        self.is_warm = False

    def wait(self) -> None:
        """Until the author's file is loaded."""
        if not self.is_warm:
            self._line()
            self.is_warm = True

    def call(self, event: Any, token: str = "") -> Any:
        """The answer to an event; Gone if there will be none."""
        self.wait()
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps([event, token]) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Gone from None
        return json.loads(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        if not (line := self.process.stdout.readline()):
            raise Gone
        return line

    def kill(self) -> None:
        self.is_warm = False
        self.process.kill()

    def end(self) -> str:
        """End it as the platform does; what it has logged."""
        self.process.terminate()
        return self.process.communicate(timeout=20)[1]


class Platform:
    """Sends each event to an instance that is free; one that is gone is replaced by a cold one."""

    def __init__(self, path: Path, count: int, **environment: str) -> None:
        self._path, self._environment = path, environment
        self._free: queue.Queue[Instance] = queue.Queue()
        self.instances = [self._start() for _ in range(count)]
        for instance in self.instances:
            self._free.put(instance)
        self.logs: list[str] = []

    def _start(self) -> Instance:
        return Instance(self._path, **self._environment)

    def call(self, event: Any) -> Any:
        """The answer of whichever instance; Gone if it was killed meanwhile."""
        instance = self._free.get()
        try:
            return instance.call(event)
        except Gone:
            self.logs.append(instance.end())
            cold = self._start()
            self.instances[self.instances.index(instance)] = instance = cold
            raise
        finally:
            self._free.put(instance)

    def stop(self) -> None:
        self.logs += [instance.end() for instance in self.instances]
