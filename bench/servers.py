"""A server process that dies, is stopped, ends, and is started anew; for the soaks."""

import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import peers
from effects import Fates

#: Seconds that a server may take to end.
PATIENCE = 60
#: How Python starts the server; others break its protection, to show that counts can fail.
PLAIN = ("-m", "tornado_alice")


@dataclass
class Server:
    """One process and its port.

    Args:
        number: its name in the folder.
        folder: where its log goes.
        fates: what is told of deaths and stops.
        head: how Python starts it.
    """

    number: int
    folder: Path
    fates: Fates
    head: tuple[str, ...] = PLAIN
    port: int = field(default_factory=peers.free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self, script: Path, *options: str) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, *self.head, str(script), "--port", str(self.port), *options]
        with open(self.folder / f"server{self.number}.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        peers.wait_for(self.port, self.process)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.fates.killed[self.process.pid] = time.monotonic()
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float) -> None:
        """SIGSTOP for so long."""
        assert self.process is not None
        since = time.monotonic()
        self.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            self.fates.stopped.append((self.process.pid, since, time.monotonic()))
            self.process.send_signal(signal.SIGCONT)

    def terminate(self) -> None:
        """SIGTERM, as a deploy ends it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
