"""What a server that gets SIGKILL must not leave behind: processes, folders, warnings.

1. Processes: the fork server ends when nobody holds its pipe, and its workers with it (`pool.prepare`), also one that
   is stopped. So there are none to clean up at the next start.
2. A folder with the fork server's socket in the system's temporary directory. It cannot lie in the data directory,
   since the path of a socket may have 107 bytes; a link in there tells the next start where it is.
3. Named semaphores: the resource tracker of multiprocessing outlives the server and removes them. Its warning of
   leaks is for programmers who forgot them, and says nothing to an operator.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.util import get_temp_dir
from pathlib import Path

#: The link to the folder, in the engine's working directory.
LINK = "temporary"
#: What silences the resource tracker, as PYTHONWARNINGS has it.
QUIET = "ignore:resource_tracker:UserWarning"


def clean(workdir: Path) -> None:
    """Remove the folder of an earlier process that had this `workdir`, and note that of this one."""
    link = workdir / LINK
    with suppress(OSError):
        folder = Path(os.readlink(link))
        if _is_dead(folder):
            shutil.rmtree(folder)
    link.unlink(missing_ok=True)
    link.symlink_to(get_temp_dir())


def _is_dead(folder: Path) -> bool:
    """Whether a folder is one of multiprocessing, ours, and nobody listens in it."""
    ours = re.fullmatch(r"pymp-\w+", folder.name) and not folder.is_symlink() and folder.stat().st_uid == os.geteuid()
    return bool(ours) and str(folder) != get_temp_dir() and not any(map(_listens, folder.iterdir()))


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return False
    return True


def start_tracker() -> None:
    """Start the resource tracker without its warnings, unless another part of the program did before."""
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = f"{before},{QUIET}" if before else QUIET
    try:
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before
