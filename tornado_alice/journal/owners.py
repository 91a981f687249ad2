"""Which process runs a step, and whether it is still alive.

A process that claims steps holds a lock (flock) on a file of its own as long as it lives; the kernel lets go of it
whatever the process dies of. So a step is taken over at once when its process is gone, and never before: neither a
stopped process nor one with a wrong clock is taken for a dead one. It works between containers that share a folder.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4


class Owner:
    """This process, as one that may run steps; `folder` is the same for all processes of a journal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = ""
        self._file = -1

    @property
    def name(self) -> str:
        """What names it; it holds its lock from the first time on that somebody asks."""
        if not self._name:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._name = uuid4().hex
            self._file = os.open(self._folder / self._name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        return self._name

    def is_other_alive(self, name: str) -> bool:
        """Does another process with this name live?"""
        return name not in ("", self._name) and _is_locked(self._folder / name)

    def is_gone(self, name: str) -> bool:
        """Did another process have this name, and has it ended?"""
        return name != self._name and not self.is_other_alive(name)

    def clean(self) -> None:
        """Remove the files of processes that were killed."""
        for path in self._folder.glob("*"):
            if path.name != self._name and not _is_locked(path):
                path.unlink(missing_ok=True)

    def release(self) -> None:
        """Let go: others may take over what this process has claimed."""
        if self._name:
            with suppress(FileNotFoundError):
                os.unlink(self._folder / self._name)
            os.close(self._file)
            self._name, self._file = "", -1


def _is_locked(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
