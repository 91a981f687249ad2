"""How fast pi comes, decimal string included, against the other ways to get it in Python.

    python bench/pi.py --digits 1e6 1e7 --rounds 5        ratios to python-flint, mpmath and gmpy2
    python bench/pi.py --digits 1e7 --phases              what each phase takes, and how busy the cores are
    python bench/pi.py --digits 1e7 --extend              2n digits after n, against 2n afresh
    python bench/pi.py --digits 1e8 --memory              the peak over all processes

Every run is a process of its own (python-flint and mpmath keep pi once they have it), and the programs take
turns, at one priority, so that other load on the machine meets all of them. Times are taken inside the process,
after its imports; ours begins with the worker processes up, as in the server, and ends when the file is
written. A ratio is ours / theirs of one round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

LAST_TEN = {
    100_000: "5493624646",
    1_000_000: "5779458151",
    10_000_000: "5348955897",
    100_000_000: "0187751592",
    1_000_000_000: "5275045519",
}
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def ours(n: int, workdir: Path) -> dict[str, Any]:
    """Compute n digits with a warm LocalEngine; the seconds, and the steps with their times."""
    from pi_service.engines.local_engine import LocalEngine

    async def run() -> dict[str, Any]:
        engine = LocalEngine()
        await engine.start(workdir)
        steps = record(engine)
        begin, cpu = time.perf_counter(), busy(engine.pids())
        path = await engine.compute(n, lambda done: None)
        seconds = time.perf_counter() - begin
        cpu = busy(engine.pids()) - cpu
        await engine.stop()
        text = path.read_text()
        assert len(text) == n + 1
        return {"seconds": seconds, "cpu": cpu, "last": text[-10:], "phases": phases(steps, begin, seconds)}

    return asyncio.run(run())


def record(engine: Any) -> list[tuple[str, float, float, float, float]]:
    """Note (task, begin, end, processor seconds of all workers at both) of every task the engine runs from now on."""
    steps: list[tuple[str, float, float, float, float]] = []
    run = engine._pool.run

    async def timed(name: str, function: Callable[..., None], *args: Any) -> None:
        begin, cpu = time.perf_counter(), busy(engine.pids())
        await run(name, function, *args)
        steps.append((function.__name__, begin, time.perf_counter(), cpu, busy(engine.pids())))

    engine._pool.run = timed
    return steps


def phases(steps: list[tuple[str, float, float, float, float]], start: float, total: float) -> list[dict[str, Any]]:
    """Seconds and processor seconds of splitting (with merges and the square root), division and conversion."""
    result = []
    for phase, names in {
        "splitting, merges, square root": ("split", "merge", "root", "power"),
        "last merge, division, first halving": ("fraction",),
        "conversion": ("convert",),
    }.items():
        part = [step for step in steps if step[0] in names]
        if part:
            begin, end = min(step[1] for step in part), max(step[2] for step in part)
            cpu = max(step[4] for step in part) - min(step[3] for step in part)
            result.append({"phase": phase, "seconds": end - begin, "cpu": cpu, "of": total})
    return result


def flint(n: int, workdir: Path) -> dict[str, Any]:
    """python-flint's arb.pi with all cores."""
    from flint import arb, ctx

    ctx.threads = len(os.sched_getaffinity(0))
    begin = time.perf_counter()
    ctx.dps = n + 10
    text = arb.pi().str(n + 9, radius=False)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "last": text[2:][n - 10 : n]}


def mpmath(n: int, workdir: Path) -> dict[str, Any]:
    """mpmath's pi with its gmpy2 backend."""
    import gmpy2
    from mpmath.libmp import BACKEND, pi_fixed

    assert BACKEND == "gmpy"
    begin = time.perf_counter()
    bits = int((n + 10) * 3.3219280949) + 10
    text = (gmpy2.mpz(pi_fixed(bits)) * gmpy2.mpz(10) ** n >> bits).digits()
    return {"seconds": time.perf_counter() - begin, "last": text[-10:]}


def gmpy2(n: int, workdir: Path) -> dict[str, Any]:
    """MPFR's const_pi through gmpy2."""
    import gmpy2

    begin = time.perf_counter()
    gmpy2.get_context().precision = int((n + 10) * 3.3219280949) + 10
    text = gmpy2.const_pi().digits(10, n + 10)[0]
    return {"seconds": time.perf_counter() - begin, "last": text[1:][n - 10 : n]}


PROGRAMS = {"ours": ours, "python-flint": flint, "mpmath": mpmath, "gmpy2.const_pi": gmpy2}


def nice() -> None:
    """Run the rivals at the priority of our workers, so that other load on the machine meets both alike."""
    os.nice(19)


def measure(program: str, n: int, workdir: Path, memory: bool = False) -> dict[str, Any] | None:
    """One run in a process of its own; None if the program is not installed."""
    command = [sys.executable, __file__, "--one", program, "--digits", str(n), "--workdir", str(workdir)]
    priority = None if program == "ours" else nice
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=priority)
    peak = 0
    while memory and process.poll() is None:
        peak = max(peak, sum(resident(pid) for pid in family(process.pid)))
        time.sleep(0.02)
    result: dict[str, Any] = json.loads(process.communicate()[0] or '{"missing": "it ended with an error"}')
    if "missing" in result:
        print(f"{program} is left out: {result['missing']}", file=sys.stderr)
        return None
    expected = LAST_TEN.get(n, result["last"])
    if result["last"] != expected:
        sys.exit(f"{program}: digits ...{result['last']} where ...{expected} are right")
    return {**result, "peak": peak}


def family(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    try:
        children = [
            int(child)
            for task in os.listdir(f"/proc/{pid}/task")
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()
        ]
    except OSError:
        return
    for child in children:
        yield from family(child)


def resident(pid: int) -> int:
    """Resident bytes of a process, 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def busy(pids: set[int]) -> float:
    """Processor seconds that the processes have used."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def spread(values: list[float]) -> str:
    """Median, and the least and greatest in brackets."""
    return f"{statistics.median(values):7.3f} [{min(values):.3f} .. {max(values):.3f}]"


def compare(n: int, rounds: int, memory: bool) -> list[dict[str, Any]]:
    """All programs in turn, `rounds` times; a row for each."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name in list(runs):
            with tempfile.TemporaryDirectory() as directory:
                result = measure(name, n, Path(directory), memory)
            if result is None:
                del runs[name]
            else:
                runs[name].append(result)
    mine = [run["seconds"] for run in runs["ours"]]
    rows = []
    for name, results in runs.items():
        seconds = [result["seconds"] for result in results]
        ratios = [own / other for own, other in zip(mine, seconds, strict=True)]
        peak = max(result["peak"] for result in results)
        rows.append({"digits": n, "program": name, "seconds": seconds, "ours/theirs": ratios, "peak": peak})
        memory_text = f"{peak / 2**30:8.2f} GiB" if memory else ""
        print(f"{n:>12,} {name:<16} {spread(seconds)} s   ours/theirs {spread(ratios)}{memory_text}", flush=True)
    return rows


def show_phases(n: int, rounds: int) -> list[dict[str, Any]]:
    """Our phases of each round: seconds, share of the whole, and how many of the cores' seconds were used."""
    cores, rows = len(os.sched_getaffinity(0)), []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as directory:
            result = measure("ours", n, Path(directory))
        assert result is not None
        for row in result["phases"]:
            use = row["cpu"] / row["seconds"] / cores
            share = row["seconds"] / row["of"]
            print(f"{n:>12,} {row['phase']:<36} {row['seconds']:8.3f} s {share:6.0%}   cores busy {use:5.0%}")
            rows.append({"digits": n, **row, "use": use})
        whole = result["cpu"] / result["seconds"] / cores
        print(f"{n:>12,} {'whole':<36} {result['seconds']:8.3f} s {1:6.0%}   cores busy {whole:5.0%}", flush=True)
    return rows


def extend(n: int, rounds: int) -> list[dict[str, Any]]:
    """2n digits after n in the same directory, against 2n in an empty one."""
    after, afresh = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as empty:
            measure("ours", n, Path(kept))
            for directory, times in ((kept, after), (empty, afresh)):
                result = measure("ours", 2 * n, Path(directory))
                assert result is not None
                times.append(result["seconds"])
    ratios = [a / b for a, b in zip(after, afresh, strict=True)]
    print(f"{2 * n:>12,} after {n:,}: {spread(after)} s, afresh {spread(afresh)} s, ratio {spread(ratios)}", flush=True)
    return [{"digits": 2 * n, "after": after, "afresh": afresh, "ratio": ratios}]


def one(program: str, n: int, workdir: Path) -> None:
    """The measured process: one program, its result as a line of JSON."""
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    try:
        print(json.dumps(PROGRAMS[program](n, workdir)))
    except ImportError as error:
        print(json.dumps({"missing": str(error)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=float, nargs="+", default=[1e6, 1e7])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--phases", action="store_true", help="our phases instead of the comparison")
    parser.add_argument("--extend", action="store_true", help="2n after n instead of the comparison")
    parser.add_argument("--memory", action="store_true", help="also the peak of resident memory over all processes")
    parser.add_argument("--only", nargs="+", choices=list(PROGRAMS), help="only these rivals")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON at the end")
    parser.add_argument("--one", choices=list(PROGRAMS), help=argparse.SUPPRESS)
    parser.add_argument("--workdir", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one, int(options.digits[0]), options.workdir)
        return
    for name in [name for name in PROGRAMS if options.only and name not in ("ours", *options.only)]:
        del PROGRAMS[name]
    rows: list[dict[str, Any]] = []
    for n in map(int, options.digits):
        if options.phases:
            rows += show_phases(n, options.rounds)
        elif options.extend:
            rows += extend(n, options.rounds)
        else:
            rows += compare(n, options.rounds, options.memory)
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
