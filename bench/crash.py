"""The long soak: dialogs under load, servers killed, stopped and ended at random moments, and started anew.

    python bench/crash.py [--minutes 2] [--users 8] [--processes 1] [--durability normal] [--seed N] [--json]

Each user holds dialogs one after another and repeats a request until it is acknowledged, as a proxy would, with another
process of the same data directory each time; a tenth of the requests are sent twice at once. Everything below
"apologies" must be 0, or the exit status is 1. `--ablate claims` switches the claim of steps off, to show that the
count of effects can fail; `--blocking` lets the script block its thread.

The seed repeats what is chosen at random: the signals and their times, and which requests each user sends twice. What a
signal meets there is left to the machine.
"""

import argparse
import contextlib
import io
import json
import os
import random
import sys
import tempfile
from pathlib import Path

from effects import effects, repeated
from soak import SKILL, Soak

from tornado_alice import SqliteJournal
from tornado_alice.app.loading import load_skill
from tornado_alice.app.sessions import ask, replay_session
from tornado_alice.journal.base import Archive
from tornado_alice.journal.sqlite import FILE_NAME

HARMLESS = ("kills", "stops", "terms", "turns acknowledged", "apologies")
FAULTS = (
    "acknowledged turns lost",
    "repeats that differ",
    "transcripts that differ",
    "sessions that do not replay",
    "effects repeated without a death",
    "apologies heard at SIGTERM",
)


async def replies(journal: Archive) -> dict[tuple[str, int | None], bytes]:
    """What each message of each session was answered."""
    return {
        (entry.key[1], record.message_id): record.reply
        for entry in await journal.sessions(-1)
        for _, record in await journal.turns(entry.id)
    }


def lost(journal: SqliteJournal, acknowledged: dict[tuple[str, int], bytes]) -> int:
    """Acknowledged turns that the journal does not hold as they were acknowledged."""
    held = ask(journal, replies)
    missed = [place for place, answer in acknowledged.items() if held.get(place) != answer]
    for place in missed:
        print(f"{place}: acknowledged {acknowledged[place]!r}, held {held.get(place)!r}", file=sys.stderr)
    return len(missed)


def stuck(journal: SqliteJournal) -> int:
    """Sessions whose last epoch does not replay in this process."""
    skill, failed = load_skill(str(SKILL)), 0
    for entry in ask(journal, lambda journal: journal.sessions(-1)):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                replay_session(journal, str(entry.id), skill, None, debug=False)
        except Exception as error:
            print(f"{entry.key[1]}: {error!r}", file=sys.stderr)
            failed += 1
    return failed


def measure(given: argparse.Namespace, folder: Path) -> dict[str, int]:
    os.environ["CRASH_EFFECTS"] = str(folder / "effects.txt")
    os.environ["CRASH_BLOCKING"] = "1" if given.blocking else ""
    soak = Soak(folder, ["--durability", given.durability], given.seed, given.ablate == "claims", given.processes)
    soak.run(given.users, 60 * given.minutes)
    journal = SqliteJournal(folder / FILE_NAME)
    counts, acknowledged = soak.crowd.counts, soak.crowd.acknowledged
    counts["turns acknowledged"] = len(acknowledged)
    counts["acknowledged turns lost"] = lost(journal, acknowledged)
    counts["sessions that do not replay"] = stuck(journal)
    counts["effects repeated without a death"] = len(repeated(effects(folder / "effects.txt"), soak.fates))
    return {"seed": given.seed} | {name: counts[name] for name in HARMLESS + FAULTS}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--processes", type=int, choices=(1, 2, 3), default=1, help="on one data directory")
    parser.add_argument("--durability", choices=("normal", "power"), default="normal")
    parser.add_argument("--blocking", action="store_true", help="the script blocks its thread")
    parser.add_argument("--ablate", choices=("claims",), help="switch off, to see the counts fail")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(1 << 32), help="of a run to repeat; random if not given"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    print(f"--seed {given.seed}", file=sys.stderr)  # at once: a run that fails must be repeatable, too
    with tempfile.TemporaryDirectory() as name:
        figures = measure(given, Path(name))
    if given.json:
        print(json.dumps(figures, indent=1))
    else:
        for key, value in figures.items():
            print(f"{key:<34}{value}")
    return int(any(figures[name] for name in FAULTS))


if __name__ == "__main__":
    sys.exit(main())
