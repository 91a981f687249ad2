"""Where the program begins: one order of sets for all processes of a journal, then the command.

The order of a set of strings depends on PYTHONHASHSEED, which Python draws anew for each process. A script that says
``", ".join(a_set)`` would say something else in a replay. So the seed is derived from the journal's secret, and the
process starts itself anew with it before any script is loaded. One that is set already stays.
"""

import argparse
import os
import sys
from hashlib import blake2b
from pathlib import Path

from ..errors import AliceError
from ..journal.sqlite import FILE_NAME, SqliteJournal


def main() -> int:
    """Run the command line; the exit status."""
    words = sys.argv[1:]
    seed = None if "PYTHONHASHSEED" in os.environ else hash_seed(words)
    if seed is not None:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | {"PYTHONHASHSEED": str(seed)})  # noqa: S606 this very program
    from .cli import main  # only now: it loads both halves

    return main(words)


def hash_seed(words: list[str]) -> int | None:
    """The seed for a command: from the journal it will use; None if it uses none, or cannot (it will say so itself)."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--durability")
    try:
        given, _ = parser.parse_known_args(words)
    except (argparse.ArgumentError, SystemExit):
        return None
    is_serving = words[:1] not in (["chat"], ["sessions"])
    if {"-h", "--help"} & set(words) or given.durability == "memory" or words[:1] == ["chat"]:
        return None
    try:
        return _of_journal(given.data_dir, create=is_serving)
    except (AliceError, OSError):
        return None


def _of_journal(folder: Path, create: bool) -> int | None:
    path = folder / FILE_NAME
    if create:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not path.exists():
        return None
    journal = SqliteJournal(path)
    journal.open()
    try:
        # 1 to 2^32 - 1: 0 would switch the randomness of hashes off
        return int.from_bytes(blake2b(b"PYTHONHASHSEED", key=journal.secret, digest_size=4).digest()) or 1
    finally:
        journal.close()
