"""What stickiness spares, and what a second process brings: the same load through nginx, on PostgreSQL.

    python bench/spread.py [--rounds 5] [--seconds 3] [--connections 64]

Loads are the journal's readings. The generator of load, nginx, the database and the processes share the cores of this
machine; so turns a second tell what this machine does, and processor time of the skill per turn what it costs.
"""

import argparse
import re
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import peers
from cluster import Cluster
from load import load

#: Turns of each session.
TURNS = 20
#: By name: processes, and whether nginx is sticky.
KINDS = {"one process": (1, False), "two, turn by turn": (2, False), "two, sticky": (2, True)}
#: What is compared with the first kind.
RATIOS = ("CPU of the skill per turn, us", "turns/s")
#: Counters of a process that are summed up.
COUNTERS = ("alice_turns_total", "alice_load_seconds_count", "process_cpu_seconds_total")


@contextmanager
def clusters(folder: Path) -> Iterator[dict[str, Cluster]]:
    """All kinds at once: only one of them is loaded at a time."""
    from databases import serving

    script = folder / "counting.py"
    script.write_text(peers.counting("tornado_alice", "skill", peers.ON_LOOP))
    with serving("fsync=on") as postgres, ExitStack() as all:
        found = {}
        for name, (processes, sticky) in KINDS.items():
            own = folder / str(len(found))
            own.mkdir()
            found[name] = Cluster(postgres, own, processes, (script,), sticky=sticky)
            all.enter_context(found[name].running())
        yield found


def counted(cluster: Cluster) -> list[float]:
    """The counters, summed up over the processes."""
    sums = [0.0] * len(COUNTERS)
    for server in cluster.servers:
        text = urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics").read().decode()
        for number, name in enumerate(COUNTERS):
            found = re.search(rf"^{name} (\S+)$", text, re.M)
            assert found is not None
            sums[number] += float(found[1])
    return sums


def measure(cluster: Cluster, connections: int, seconds: float) -> dict[str, float]:
    """One load."""
    before = counted(cluster)
    rate = load(("127.0.0.1", cluster.port), connections, TURNS, seconds)["turns_per_second"]
    turns, loads, cpu = (now - then for then, now in zip(before, counted(cluster), strict=True))
    return {"turns/s": rate, "loads per turn": loads / turns, "CPU of the skill per turn, us": 1e6 * cpu / turns}


def figures(rounds: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Spreads over the rounds, with ratios to the first kind within each round."""
    told: dict[str, Any] = {}
    first, *_ = KINDS
    for name in KINDS:
        for what, digits in (("loads per turn", 2), *((what, 0) for what in RATIOS)):
            told[f"{name}: {what}"] = peers.spread([one[name][what] for one in rounds], digits)
        for what in RATIOS if name != first else ():
            ratios = [one[name][what] / one[first][what] for one in rounds]
            told[f"{name}: {what} ÷ {first}"] = peers.spread(ratios, 2)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each load")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, clusters(Path(name)) as found:
        rounds = [
            {kind: measure(cluster, given.connections, given.seconds) for kind, cluster in found.items()}
            for _ in range(given.rounds)
        ]
    peers.report("Behind nginx, on PostgreSQL", figures(rounds), given.json)


if __name__ == "__main__":
    main()
