"""``python -m tornado_alice chat``: talk to a skill in the terminal."""

import argparse
import asyncio
import logging
from pathlib import Path

from .. import logs
from ..chat import chat as talk
from ..loading import reloader
from ..server import Server
from ..settings import Settings
from .options import add_data_dir, add_debug


def chat(words: list[str]) -> int:
    """Talk until the user leaves."""
    parser = argparse.ArgumentParser(
        prog="python -m tornado_alice chat", description="Talk to a skill in the terminal."
    )
    parser.add_argument("script", nargs="?", metavar="SCRIPT", help="file or module of the skill")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the conversation as a scenario for `test`")
    add_data_dir(parser)
    add_debug(parser)
    given = parser.parse_args(words)
    logs.set_up(logging.DEBUG if given.debug else logging.WARNING)
    try:
        asyncio.run(_talk(given.script, given.data_dir, given.record))
    except KeyboardInterrupt:
        print()
    return 0


async def _talk(script: str | None, data_dir: Path, record: Path | None) -> None:
    server = Server(Settings(scripts=() if script is None else (script,), data_dir=data_dir, durability="memory"))
    await server.start_halves(with_pi=script is None)
    try:
        await talk(server.skill, record, reloader(script, server.skill), data_dir / "chat_history")
    finally:
        await server.stop()
