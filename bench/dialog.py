"""Turns per second of the webhook, against a bare Tornado JSON handler and against alice_scripts under gunicorn.

    python bench/dialog.py [--rounds 5] [--seconds 3] [--connections 32] [--in-process] [--json]

All servers run at once; the load goes to one after another, round by round, so that a drift of the machine's speed
meets all of them. Figures are ratios to the bare handler of the same round. With `--in-process` there is neither HTTP
nor a rival: microseconds of processor time of a turn, see `engine.py`.
"""

import argparse
import json
import statistics
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import engine
import peers


class Load(NamedTuple):
    """One round of load on one server.

    Attributes:
        rate: turns per second.
        cost: seconds of the server's processor time per turn.
    """

    rate: float
    cost: float


def load(server: peers.Server, connections: int, seconds: float) -> Load:
    """What `load.py`, in a process of its own, gets out of a server."""
    command = [sys.executable, str(Path(__file__).with_name("load.py")), f"http://127.0.0.1:{server.port}/"]
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    before = server.spent()
    done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return Load(float(done["turns_per_second"]), (server.spent() - before) / max(done["answered"], 1))


def measure(servers: dict[str, peers.Server], rounds: int, connections: int, seconds: float) -> dict[str, list[Load]]:
    """Each server in each round; the first, unreported round warms up."""
    loads: dict[str, list[Load]] = {name: [] for name in servers}
    for number in range(rounds + 1):
        for name, server in servers.items():
            done = load(server, connections, seconds if number else min(seconds, 1.0))
            if number:
                loads[name].append(done)
    return loads


def ratios(loads: dict[str, list[Load]], to: str) -> dict[str, dict[str, float]]:
    """Median rate, and median, least and largest ratio to the server `to` of the same round: of the rates, and of what
    the processor time would allow, which says more on a busy machine."""
    table = {}
    for name, done in loads.items():
        pairs = list(zip(done, loads[to], strict=True))
        parts, costs = [one.rate / other.rate for one, other in pairs], [other.cost / one.cost for one, other in pairs]
        table[name] = {
            "turns_per_second": round(statistics.median(one.rate for one in done)),
            "ratio": round(statistics.median(parts), 2),
            "min": round(min(parts), 2),
            "max": round(max(parts), 2),
            "by_processor_time": round(statistics.median(costs), 2),
            "least": round(min(costs), 2),
            "most": round(max(costs), 2),
        }
    return table


def show(title: str, table: dict[str, dict[str, float]]) -> None:
    print(f"{title} ({peers.environment()})")
    print(f"{'':<32}{'turns/s':>9}{'ratio':>8}{'min':>7}{'max':>7}{'by CPU':>9}{'min':>7}{'max':>7}")
    for name, row in table.items():
        rate, ratio, low, high, cost, least, most = row.values()
        print(f"{name:<32}{rate:>9}{ratio:>8}{low:>7}{high:>7}{cost:>9}{least:>7}{most:>7}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of load per server and round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--in-process", action="store_true", help="the engine alone, without HTTP")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.in_process:
        peers.report("The engine in process", engine.figures(given.rounds), given.json)
        return
    with ExitStack() as stack:
        servers = {"bare Tornado handler": stack.enter_context(peers.bare_tornado())}
        servers["tornado_alice, journal on disk"] = stack.enter_context(peers.tornado_alice())
        memory = peers.tornado_alice("--durability", "memory")
        servers["tornado_alice, journal in memory"] = stack.enter_context(memory)
        try:
            servers["alice_scripts, gunicorn"] = stack.enter_context(peers.alice_scripts())
        except RuntimeError as error:
            print(f"alice_scripts is left out: {error}", file=sys.stderr)
        table = ratios(measure(servers, given.rounds, given.connections, given.seconds), "bare Tornado handler")
    if given.json:
        print(json.dumps(table, indent=1, ensure_ascii=False))
    else:
        show("Webhook turns per second; ratio to the bare handler", table)


if __name__ == "__main__":
    main()
