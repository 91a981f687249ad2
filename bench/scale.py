"""Several processes behind nginx on PostgreSQL, under load, and everything that happens to them in a year.

    python bench/scale.py [--processes 2] [--seconds 60] [--users 8] [--sticky] [--seed N] [--json]

Users hold dialogs through nginx, whose turns go to one process after the other; a tenth of the messages is sent twice
at once. Meanwhile, one after the other and at least once each: a process is killed (SIGKILL), ended (SIGTERM), stopped
for 10 s and let go on (SIGSTOP); the database crashes and recovers; it ends all its connections; and all processes get
the other version of the script, one by one: two versions run side by side all the time. Everything below "turns sent
twice at once" must be 0, or the exit status is 1.

`--ablation claims,fence,drain` breaks protections (see ablations.py) to show that the counts can fail. `--acts` chooses
what happens. The seed repeats what is chosen at random; what an act meets there is left to the machine.
"""

import argparse
import http.client
import json
import os
import random
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from ablations import BROKEN, head
from cluster import Cluster
from crowd import Crowd
from effects import effects, repeated
from servers import PATIENCE, Server
from watch import Watch

#: The versions of the script, which run side by side.
VERSIONS = tuple(Path(__file__).with_name(name) for name in ("crash_skill.py", "crash_skill_async.py"))
#: Seconds that a process is stopped: more than the lease of a step.
ZOMBIE = 10.0
#: Faults of a kind that are shown.
SHOWN = 5
#: What happens, by its name on the command line, and its name in the table.
ACTS = {
    "kill": "SIGKILL",
    "term": "SIGTERM",
    "stop": f"SIGSTOP for {ZOMBIE:.0f} s",
    "crash": "database crash",
    "cut": "connections ended",
    "deploy": "deploy of a version",
}
#: Those of which no user may hear anything.
SILENT = ("term", "deploy")
FAULTS = (
    "acknowledged turns lost",
    "transcripts that differ",
    "repeats that differ",
    "effects repeated without a death",
    "failed requests at SIGTERM",
    "apologies at SIGTERM",
)


class Scale:
    """The run: the cluster, its users, and what is done to it."""

    def __init__(self, cluster: Cluster, seed: int, acts: list[str]) -> None:
        self.cluster, self.watch = cluster, Watch()
        self.crowd = Crowd(seed, self._send)
        self._rng = self.crowd.rng("acts")
        self._acts = acts

    def run(self, users: int, seconds: float) -> None:
        """So long, and until everything has happened once."""
        end = time.monotonic() + seconds
        round = list(self._acts)
        with self.crowd.talking(users):
            for number in count():
                time.sleep(self._rng.uniform(0.2, 1.0))
                if not self.crowd.goes_on() or (number >= len(round) and time.monotonic() >= end):
                    return
                if round:
                    if number % len(round) == 0:
                        self._rng.shuffle(round)
                    self._do(round[number % len(round)])

    def _do(self, act: str) -> None:
        with self.watch.during(ACTS[act]):
            self._happen(act, self._rng.choice(self.cluster.servers))

    def _happen(self, act: str, server: Server) -> None:
        cluster = self.cluster
        match act:
            case "kill":
                server.kill()
                cluster.start(server)
            case "term":
                server.terminate()
                cluster.start(server)
            case "stop":
                server.stop(ZOMBIE)
            case "deploy":
                for each in cluster.servers:
                    cluster.deploy(each)
            case "crash":
                cluster.crash()
            case "cut":
                cluster.cut()

    def _send(self, request: bytes, _: int) -> bytes:
        """The answer that acknowledges the turn; a user who hears an error or an apology repeats it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with self.watch.request() as met:
                try:
                    with urllib.request.urlopen(
                        f"http://127.0.0.1:{self.cluster.port}/", request, timeout=PATIENCE
                    ) as answer:
                        body = bytes(answer.read())
                except (OSError, http.client.HTTPException):
                    met.failed = 1
                else:
                    met.apologies = json.loads(body)["response"]["text"].startswith("Извините")
                    met.answers = 1 - met.apologies
                    if met.answers:
                        return body
            time.sleep(0.02)
        raise RuntimeError(f"nobody has acknowledged this for {PATIENCE} s: {request.decode()}")


def lost(held: dict[tuple[str, int], bytes], acknowledged: dict[tuple[str, int], bytes]) -> int:
    """Acknowledged turns that the journal does not hold as they were acknowledged."""
    missed = [place for place, answer in acknowledged.items() if held.get(place) != answer]
    for place in missed[:SHOWN]:
        print(f"{place}: acknowledged {acknowledged[place]!r}, held {held.get(place)!r}", file=sys.stderr)
    return len(missed)


def measure(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from databases import serving

    os.environ["CRASH_EFFECTS"], os.environ["CRASH_BLOCKING"] = str(folder / "effects.txt"), ""
    with serving(f"fsync={given.fsync}") as postgres:
        cluster = Cluster(postgres, folder, given.processes, VERSIONS, sticky=given.sticky, head=head(given.ablation))
        scale = Scale(cluster, given.seed, given.acts)
        with cluster.running():
            scale.run(given.users, given.seconds)
        return {"seed": given.seed, "met": dict(scale.watch.met)} | figures(scale, cluster, folder)


def figures(scale: Scale, cluster: Cluster, folder: Path) -> dict[str, int]:
    """What was counted, by its name."""
    crowd, met = scale.crowd, scale.watch.met
    again = repeated(effects(folder / "effects.txt"), cluster.fates)
    for pair in again[:SHOWN]:
        print(f"an effect again: {pair}", file=sys.stderr)
    silent = [met[ACTS[act]] for act in SILENT]
    return {
        "turns acknowledged": len(crowd.acknowledged),
        "turns sent twice at once": crowd.counts["turns sent twice at once"],
        "acknowledged turns lost": lost(cluster.replies(), crowd.acknowledged),
        "transcripts that differ": crowd.counts["transcripts that differ"],
        "repeats that differ": crowd.counts["repeats that differ"],
        "effects repeated without a death": len(again),
        "failed requests at SIGTERM": sum(one.failed for one in silent),
        "apologies at SIGTERM": sum(one.apologies for one in silent),
    }


def tell_errors(folder: Path) -> None:
    """What the servers have logged as errors."""
    for log in sorted(folder.glob("server*.log")):
        for line in log.read_text().splitlines():
            if " ERROR " in line:
                print(f"{log.stem}: {line}", file=sys.stderr)


def report(figures: dict[str, Any]) -> None:
    print(f"{'':<24}{'times':>6}{'answers':>9}{'failed':>8}{'apologies':>11}{'slowest, s':>12}")
    for act, met in figures.pop("met").items():
        print(f"{act:<24}{met.times:>6}{met.answers:>9}{met.failed:>8}{met.apologies:>11}{met.slowest:>12.2f}")
    for name, figure in figures.items():
        print(f"{name:<40}{figure}")


def words(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Reads a list with commas, which may be empty."""

    def read(text: str) -> list[str]:
        found = [word for word in text.split(",") if word]
        if unknown := set(found) - set(known):
            raise argparse.ArgumentTypeError(f"no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        return found

    return read


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2, help="behind nginx")
    parser.add_argument("--seconds", type=float, default=60, help="at least; and everything happens once (%(default)s)")
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--sticky", action="store_true", help="nginx keeps a session with a process")
    parser.add_argument("--fsync", choices=("on", "off"), default="on", help="does the database wait for the disk?")
    parser.add_argument("--acts", type=words(ACTS), default=list(ACTS), metavar="ACT,...", help=", ".join(ACTS))
    parser.add_argument(
        "--ablation", type=words(BROKEN), default=[], metavar="PART,...", help=f"break {', '.join(BROKEN)}"
    )
    parser.add_argument(
        "--seed", type=int, default=random.randrange(1 << 32), help="of a run to repeat; random if not given"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    print(f"--seed {given.seed}", file=sys.stderr)  # at once: a run that fails must be repeatable, too
    with tempfile.TemporaryDirectory() as name:
        figures = measure(given, Path(name))
        is_faulty = any(figures[name] for name in FAULTS)
        if is_faulty:
            tell_errors(Path(name))
    if given.json:
        print(json.dumps(figures | {"met": {act: asdict(met) for act, met in figures["met"].items()}}, indent=1))
    else:
        report(figures)
    return int(is_faulty)


if __name__ == "__main__":
    sys.exit(main())
