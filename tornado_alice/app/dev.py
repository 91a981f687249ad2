"""``python -m tornado_alice dev hello.py``: the server with the workbench, started anew whenever a file is saved.

The journal is what makes that pleasant: a new process replays the dialogs in the new code and goes on in them. A file
that cannot be loaded stops nothing but the server: the next save starts it again.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import SettingsError
from ..fingerprint import INSTALLED
from ..media import LOCK
from .loading import stamps

#: Seconds between two looks at the files.
PACE = 0.25
#: Seconds that a server has to end its turns before it is killed.
PATIENCE = 10.0


def dev(words: list[str]) -> int:
    """Serve with the workbench until SIGINT or SIGTERM; the exit status.

    Args:
        words: scripts, and options of the server.

    Raises:
        SettingsError: no file of a script is named.
    """
    command = [sys.executable, "-m", "tornado_alice", *words]
    if {"-h", "--help"} & set(words):
        return subprocess.call(command)  # noqa: S603 this very program
    files = [word.partition(":")[0] for word in words]
    folders = {Path(file).resolve().parent for file in files if file.endswith(".py")}
    if not folders:
        raise SettingsError("dev watches files: name the script's, for example hello.py")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        while True:
            _serve([*command, "--workbench"], folders)
            print("Saved: the server starts anew.", flush=True)
    except KeyboardInterrupt:
        return 0


def _serve(command: list[str], folders: Iterable[Path]) -> None:
    """One server, until a file has changed."""
    seen = stamps(watched(folders))
    server = subprocess.Popen(command)  # noqa: S603 this very program
    told = False
    try:
        while stamps(watched(folders)) == seen:
            time.sleep(PACE)
            if not told and server.poll() is not None:
                told = True
                print("The server has ended; it starts again when a file is saved. Ctrl+C ends this.", flush=True)
    finally:
        _end(server)


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def watched(folders: Iterable[Path]) -> list[Path]:
    """The files that a script in one of these folders may consist of; installed packages are left out."""
    return [path for folder in folders for path in _files(folder)]


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if not path.name.startswith(".") and path.name not in (*INSTALLED, "__pycache__"):
                yield from _files(path)
        elif path.suffix == ".py" or path.name == LOCK:
            yield path


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
