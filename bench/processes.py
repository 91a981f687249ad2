"""What a second process brings on one port: `--processes 2` against one, round by round.

    python bench/processes.py [--rounds 5] [--seconds 3] [--connections 32]

The generator of load shares the cores with the processes. So beside a turn that does nothing there is one that works:
with it the generator is not the limit, as it would not be on a machine of its own.
"""

import argparse
from contextlib import ExitStack
from typing import Any

import peers
from dialog import Load, load

#: How far the script counts in each turn.
TURNS = {"turns alone": 0, "turns that work": 200_000}
#: Processes.
NUMBERS = (1, 2)


def figures(loads: dict[str, dict[int, list[Load]]]) -> dict[str, Any]:
    """Spreads over the rounds, with the ratio of two processes to one within each round."""
    told: dict[str, Any] = {}
    for name, by_number in loads.items():
        for number, done in by_number.items():
            told[f"{name}, --processes {number}: turns/s"] = peers.spread([one.rate for one in done], 0)
            told[f"{name}, --processes {number}: CPU per turn, us"] = peers.spread([1e6 * one.cost for one in done], 0)
        one, two = by_number[1], by_number[2]
        told[f"{name}: two ÷ one"] = peers.spread([b.rate / a.rate for a, b in zip(one, two, strict=True)], 2)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each load")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    loads: dict[str, dict[int, list[Load]]] = {name: {number: [] for number in NUMBERS} for name in TURNS}
    with ExitStack() as stack:
        servers = {
            (name, number): stack.enter_context(peers.tornado_alice("--processes", str(number), work=work))
            for name, work in TURNS.items()
            for number in NUMBERS
        }
        for _ in range(given.rounds):
            for (name, number), server in servers.items():
                loads[name][number].append(load(server, given.connections, given.seconds))
    peers.report("Processes on one port, journal in one file", figures(loads), given.json)


if __name__ == "__main__":
    main()
