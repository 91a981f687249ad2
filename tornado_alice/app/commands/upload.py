"""``python -m tornado_alice upload``: pictures and sounds to the platform."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from ...media import LOCK
from .. import logs
from ..resources import API, Resources
from ..terminal import printable
from ..upload import TOKEN, lock_for, make_plan, read_folder, read_token, show, tell_plan
from ..upload import upload as bring
from .options import add_debug


def upload(words: list[str]) -> int:
    """Upload what changed."""
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice upload",
        description="Upload pictures and sounds that are new or changed; their ids go to a file the script reads.",
    )
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="with .png, .jpg, .mp3, .wav, .ogg, folders in it too"
    )
    parser.add_argument("--skill-id", metavar="ID", help="from the console; once there is a lock file it is known")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help=f"its first line; else ${TOKEN} has the token")
    parser.add_argument("--lock", type=Path, metavar="FILE", help=f"where the ids are kept ({LOCK} beside FOLDER)")
    actions = parser.add_mutually_exclusive_group()
    actions.add_argument("--list", action="store_true", help="show what the platform keeps, change nothing")
    actions.add_argument("--dry-run", action="store_true", help="show what would be done, change nothing")
    actions.add_argument("--delete-unused", action="store_true", help="delete what no file needs; asks before")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--api", default=API, metavar="URL", help="of the platform (%(default)s)")
    add_debug(parser)
    given = parser.parse_args(words)
    logs.set_up(logging.DEBUG if given.debug else logging.WARNING)
    try:
        asyncio.run(_run(given))
    except KeyboardInterrupt:
        print("\nStopped. What was uploaded is in the lock file; the same command goes on.", file=sys.stderr)
        return 1
    return 0


async def _run(given: argparse.Namespace) -> None:
    path = given.lock or given.folder.resolve().parent / LOCK
    lock = lock_for(path, given.skill_id)
    resources = Resources(lock.skill_id, read_token(given.token_file), given.api)
    if given.list:
        await show(lock, resources)
        return
    files, others = read_folder(given.folder)
    for name in others:
        print(f"left out, no picture or sound: {printable(name)}")
    if given.dry_run:
        tell_plan(await make_plan(files, lock, resources), len(files))
        return
    await bring(files, path, lock, resources, lambda count: given.delete_unused and (given.yes or _agrees(count)))


def _agrees(count: int) -> bool:
    print(
        f"Delete {count} from the platform? A version of the skill that runs may still show them. [y/N] ",
        end="",
        flush=True,
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes", "д", "да")
