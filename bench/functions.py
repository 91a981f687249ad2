"""Cloud functions: one cold start, and many cold instances at once before a pooler with few connections.

    python bench/functions.py --cold 100 --connections 20

The database and PgBouncer are real and start for this run (Debian: apt install postgresql pgbouncer). An instance of
the crowd is a skill with its own loop, thread and connection; a few dozen share an interpreter. All of them share the
processors of this machine, which a thousand instances in a cloud do not: with too many, time runs out here for want of
processors and not of connections. What an interpreter costs is measured apart.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peers

from tornado_alice import Skill, say
from tornado_alice.journal.postgres import PostgresJournal
from tornado_alice.testing import make_request

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests" / "tornado_alice"))  # the fixtures of the tests are the servers of this run

#: Seconds that the platform waits for an answer.
PLATFORM = 4.5
HOT_TURNS = 200
#: Milliseconds of processor time of asyncio, which the platform has loaded, and of what the package adds to it.
IMPORT = """
import time; start = time.process_time()
import asyncio; loop = time.process_time()
import tornado_alice; end = time.process_time()
print(1000 * (loop - start), 1000 * (end - loop))
"""
SCRIPT = """
from tornado_alice import Skill, request, say

skill = Skill(__name__)
handler = skill.handler

@skill.script
def run_script():
    while True:
        yield say(f"Вы сказали: {request.command}")
"""


def message(command: str, n: int, session: str) -> dict[str, Any]:
    return make_request(command, n, session={"session_id": session, "new": n == 0})


def cold() -> Skill:
    skill = Skill("cold")

    @skill.script
    def run():
        yield say("1")

    return skill


async def crowd(first: int, count: int) -> list[tuple[float, str]]:
    """(seconds, answer) of so many cold instances that are called at once, when a line comes."""
    skills = [cold() for _ in range(count)]
    print("ready", flush=True)
    sys.stdin.readline()

    async def call(skill: Skill, n: int) -> tuple[float, str]:
        begun = time.perf_counter()
        answer = await skill.handler(message("", 0, f"cold{n}"))
        return time.perf_counter() - begun, answer["response"]["text"]

    return await asyncio.gather(*(call(skill, first + n) for n, skill in enumerate(skills)))


def at_once(url: str, count: int, processes: int) -> list[tuple[float, str]]:
    """What `count` instances in so many interpreters have answered."""
    share, pipe = -(-count // processes), subprocess.PIPE
    workers = []
    for first in range(0, count, share):
        command = [sys.executable, __file__, "--crowd", str(first), str(min(share, count - first))]
        environment = os.environ | {"ALICE_JOURNAL": url}
        null = subprocess.DEVNULL
        workers.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=null, text=True, env=environment))
    for worker in workers:
        worker.stdout.readline()
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    return [tuple(found) for worker in workers for found in json.loads(worker.communicate(timeout=120)[0])]


def cold_start(url: str, file: Path) -> dict[str, float]:
    """Milliseconds of one interpreter: until the skill is loaded, its first answer, a later one."""
    from instances import Instance

    def spend(act: Callable[[], Any]) -> float:
        begun = time.perf_counter()
        act()
        return 1000 * (time.perf_counter() - begun)

    instance = Instance(file, ALICE_JOURNAL=url)
    session = f"one{instance.process.pid}"
    loaded = spend(instance.wait)
    first = spend(lambda: instance.call(message("", 0, session)))
    hot = [spend(lambda n=n: instance.call(message("а", n, session))) for n in range(1, HOT_TURNS)]
    instance.end()
    return {"load": loaded, "first answer": first, "hot turn": statistics.median(hot)}


def imports(rounds: int) -> dict[str, list[float]]:
    """What `IMPORT` says in fresh interpreters, with the bytecode there, as an installation has it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    asked = [sys.executable, "-c", IMPORT]
    said = [subprocess.run(asked, env=environment, capture_output=True, text=True).stdout for _ in range(rounds + 1)]
    asyncio_alone, package = zip(*(map(float, line.split()) for line in said[1:]), strict=True)
    return {"import asyncio": list(asyncio_alone), "import tornado_alice beyond asyncio": list(package)}


def measure(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from databases import serving
    from pooler import pooling

    (folder / "skill.py").write_text(SCRIPT, "utf-8")
    with serving() as postgres:
        database = postgres.create()
        asyncio.run(PostgresJournal(database).migrate())
        with pooling(database, "alice", given.connections, clients=given.cold + 10) as url:
            rounds = [cold_start(url, folder / "skill.py") for _ in range(given.rounds)]
            answers = at_once(url, given.cold, given.processes)
        rows = postgres.execute("SELECT session_id FROM tornado_alice.turn WHERE n = 0", url=database)
    kept = {row[0] for row in rows}
    times = imports(4 * given.rounds) | {name: [one[name] for one in rounds] for name in rounds[0]}
    return {f"{name}, ms": peers.spread(found, 1) for name, found in times.items()} | told(answers, kept)


def told(answers: list[tuple[float, str]], kept: set[str]) -> dict[str, Any]:
    """What a crowd has heard, against what is kept."""
    seconds = sorted(spent for spent, _ in answers)
    answered = {f"cold{n}" for n, (_, said) in enumerate(answers) if said == "1"}
    return {
        "cold at once": len(answers),
        "answered": len(answered),
        "apologies": len(answers) - len(answered),
        "seconds, p50": round(seconds[len(seconds) // 2], 2),
        "seconds, the last": round(seconds[-1], 2),
        f"later than {PLATFORM} s": sum(spent > PLATFORM for spent in seconds),
        "answered and lost": len(answered - kept),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cold", type=int, default=100, help="instances at once")
    parser.add_argument("--connections", type=int, default=20, help="of the pooler to the database")
    parser.add_argument("--processes", type=int, default=8, help="interpreters that the instances share")
    parser.add_argument("--rounds", type=int, default=5, help="of the cold start of one interpreter")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--crowd", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.crowd:
        print(json.dumps(asyncio.run(crowd(*given.crowd))))
        return
    with tempfile.TemporaryDirectory() as folder:
        peers.report("Cloud functions", measure(given, Path(folder)), given.json)


if __name__ == "__main__":
    main()
