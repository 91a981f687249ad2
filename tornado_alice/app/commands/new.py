"""``python -m tornado_alice new``: a skill to start from."""

import argparse
from pathlib import Path

from ..new import write_skill


def new(words: list[str]) -> int:
    """Write it."""
    parser = argparse.ArgumentParser(prog="python -m tornado_alice new", description="Write a skill to start from.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new or empty one")
    write_skill(parser.parse_args(words).folder)
    return 0
