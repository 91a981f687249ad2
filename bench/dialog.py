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

import engine
import peers


def turns_per_second(port: int, connections: int, seconds: float) -> float:
    """What `load.py`, in a process of its own, gets out of a server."""
    command = [sys.executable, str(Path(__file__).with_name("load.py")), f"http://127.0.0.1:{port}/"]
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["turns_per_second"])


def measure(ports: dict[str, int], rounds: int, connections: int, seconds: float) -> dict[str, list[float]]:
    """Turns per second of each server in each round; the first, unreported round warms up."""
    rates: dict[str, list[float]] = {name: [] for name in ports}
    for number in range(rounds + 1):
        for name, port in ports.items():
            rate = turns_per_second(port, connections, seconds if number else min(seconds, 1.0))
            if number:
                rates[name].append(rate)
    return rates


def ratios(rates: dict[str, list[float]], to: str) -> dict[str, dict[str, float]]:
    """Median rate, and median, least and largest ratio to the server `to` of the same round."""
    table = {}
    for name, values in rates.items():
        parts = [value / other for value, other in zip(values, rates[to], strict=True)]
        table[name] = {
            "turns_per_second": round(statistics.median(values)),
            "ratio": round(statistics.median(parts), 2),
            "min": round(min(parts), 2),
            "max": round(max(parts), 2),
        }
    return table


def show(title: str, table: dict[str, dict[str, float]]) -> None:
    print(f"{title} ({peers.environment()})")
    print(f"{'':<32}{'turns/s':>9}{'ratio':>8}{'min':>7}{'max':>7}")
    for name, row in table.items():
        print(f"{name:<32}{row['turns_per_second']:>9}{row['ratio']:>8}{row['min']:>7}{row['max']:>7}")


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
        ports = {"bare Tornado handler": stack.enter_context(peers.bare_tornado())}
        ports["tornado_alice, journal on disk"] = stack.enter_context(peers.tornado_alice())[0]
        memory = peers.tornado_alice("--durability", "memory")
        ports["tornado_alice, journal in memory"] = stack.enter_context(memory)[0]
        try:
            ports["alice_scripts, gunicorn"] = stack.enter_context(peers.alice_scripts())
        except RuntimeError as error:
            print(f"alice_scripts is left out: {error}", file=sys.stderr)
        table = ratios(measure(ports, given.rounds, given.connections, given.seconds), "bare Tornado handler")
    if given.json:
        print(json.dumps(table, indent=1, ensure_ascii=False))
    else:
        show("Webhook turns per second; ratio to the bare handler", table)


if __name__ == "__main__":
    main()
