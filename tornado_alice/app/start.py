"""Where the program begins: one order of sets for all processes of a journal, then the command.

The order of a set of strings depends on PYTHONHASHSEED, which Python draws anew for each process. A script that says
``", ".join(a_set)`` would say something else in a replay. So the seed is derived from the journal's secret, and the
process starts itself anew with it before any script is loaded. One that is set already stays. A password in the URL of
a database moves from the command line, which all users of the machine see, into PGPASSWORD by the same way.
"""

import argparse
import asyncio
import os
import re
import sys
from hashlib import blake2b
from pathlib import Path

from ..errors import AliceError, SettingsError
from ..journal.base import Archive
from ..journal.postgres_url import take_password
from .journals import journal_file, make_archive

#: A scenario that was recorded says a set in the same order when it is played.
SCENARIO_SEED = 1
#: Commands that use no journal on disk, or load no script.
WITHOUT_JOURNAL = ("chat", "dev", "migrate", "new", "upload")


def main() -> int:
    """Run the command line; the exit status."""
    given = sys.argv[1:]
    words = list(map(without_password, given))
    seed = None if "PYTHONHASHSEED" in os.environ else hash_seed(words)
    if seed is not None or words != given:
        command = [sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - len(words)], *words]
        os.execve(sys.executable, command, os.environ | ({} if seed is None else {"PYTHONHASHSEED": str(seed)}))  # noqa: S606 this very program
    from .cli import main  # only now: it loads both halves

    return main(words)


def without_password(word: str) -> str:
    """A word of the command line; if it is the URL of a database, its password goes into PGPASSWORD."""
    found = re.fullmatch(r"(--[a-z]+=)?(postgres(?:ql)?://.*)", word)
    if found is None:
        return word
    try:
        url, password = take_password(found[2])
    except SettingsError:
        return word  # the command will say so
    if password is None:
        return word
    os.environ["PGPASSWORD"] = password
    return (found[1] or "") + url


def hash_seed(words: list[str]) -> int | None:
    """The seed for a command: from the journal it will use; None if it uses none, or cannot (it will say so itself).

    Scenarios, which are recorded and played without a journal on disk, have a seed of their own.
    """
    if words[:1] == ["test"] or (words[:1] == ["chat"] and "--record" in " ".join(words)):
        return SCENARIO_SEED
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--journal")
    parser.add_argument("--durability")
    try:
        given, _ = parser.parse_known_args(words)
    except (argparse.ArgumentError, SystemExit):
        return None
    is_serving = words[:1] != ["sessions"]
    if {"-h", "--help"} & set(words) or given.durability == "memory" or (words and words[0] in WITHOUT_JOURNAL):
        return None
    try:
        path = journal_file(given.journal, given.data_dir)
        if given.journal is None and is_serving:
            given.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif path is not None and not is_serving and not path.exists():
            return None
        checks = not is_serving and "check" in words  # which reads only
        return asyncio.run(_of_journal(make_archive(given.journal, given.data_dir), unchanged=checks))
    except (AliceError, OSError):
        return None


async def _of_journal(journal: Archive, unchanged: bool) -> int:
    await journal.open(unchanged=unchanged)
    try:
        # 1 to 2^32 - 1: 0 would switch the randomness of hashes off
        return int.from_bytes(blake2b(b"PYTHONHASHSEED", key=journal.secret, digest_size=4).digest()) or 1
    finally:
        await journal.close()
