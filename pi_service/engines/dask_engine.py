"""Pi on a cluster: the engine of `--engine dask`, for Dask distributed (the extra `dask`).

1. P, Q, T, the root and the powers of five stay in the workers' memory. Dask runs each merge where most of its data
   lies; only the finished text comes to the server, piece by piece.
2. Keys are pure: two servers that compute the same thing at the same time share it. So nothing is ever cancelled by
   force. Futures are released, and the scheduler drops what nobody wants any more. A task that runs already
   runs on to its end, a second or so up to 10^7 digits.
3. Dask computes lost data again when a worker dies. A failed check is not repeated by Dask but raised, so that it
   becomes an event of the job.
4. The ranges that lead to the biggest result stay in the cluster: a bigger n splits only the new terms.
"""

# mypy: disallow-untyped-calls=False
# (Dask has annotations, but not on all of its methods)

from __future__ import annotations

import asyncio
import hashlib
import logging
import operator
import pickle
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker, as_completed

from ..arithmetic import chudnovsky, radix
from ..errors import LimitExceeded, PiError, WorkerDied, unwritable
from . import dask_tasks
from .base import QUICK, Phase, Progress, first
from .dask_tasks import code, work
from .local_tasks import write_all
from .plan import CONVERT, FRACTION, MERGE, POWER, ROOT, SPLIT, cover, halves
from .ranges import Span

# Importing distributed silences Tornado's loggers below CRITICAL, the server's own among them; they are given back.
for _name in ("tornado", "tornado.application"):
    logging.getLogger(_name).setLevel(logging.NOTSET)

#: Seconds in which a scheduler must answer.
CONNECT_SECONDS = 10.0
#: Seconds between two looks for workers.
WATCH_SECONDS = 1.0
#: Seconds without any worker before a job fails; a new one may take a dead one's place meanwhile.
WORKERLESS_SECONDS = 30.0
#: Digits that come to the server at once; also a second of work at most.
PIECE = 1_000_000
#: So many pieces at most, however many digits: longer ones then, and no more work for the scheduler.
MOST_PIECES = 256


@dataclass
class Graph:
    """The tasks of one computation by their keys, as Dask takes them, and their shares in the progress."""

    tasks: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    ends: dict[Span, Any] = field(default_factory=dict)  #: keys, or futures of what is kept from before
    texts: list[str] = field(default_factory=list)
    #: a phase begins when the tasks of all these keys are done; the later one comes first
    begins: dict[Phase, set[str]] = field(default_factory=dict)

    def add(self, name: str, weight: float, function: Callable[..., object], *args: Any) -> str:
        """Add a task whose arguments may be keys of others; its key says all that its result depends on."""
        values = [arg.key if isinstance(arg, Future) else arg for arg in args]
        digest = hashlib.sha256(repr((code(), name, values)).encode()).hexdigest()
        key = f"pi {name}-{digest[:20]}"
        # a worker that cannot unpickle a task ends; unpickled inside the task, a missing package is only an error
        call = pickle.dumps(partial(work, code(), function))
        self.tasks[key] = (operator.call, (pickle.loads, call), *args)
        self.weights[key] = weight
        return key

    def phase(self, finished: set[str]) -> Phase | None:
        """What goes on when these tasks are finished; None if there is nothing to tell apart."""
        if not self.begins:
            return None
        return next((phase for phase, keys in self.begins.items() if keys <= finished), Phase.SPLITTING)


def small_graph(n: int) -> Graph:
    """One task."""
    graph = Graph()
    graph.texts = [graph.add("small", 1.0, dask_tasks.small, radix.size(n + radix.SPARE))]
    return graph


def big_graph(n: int, threads: int, kept: dict[Span, Future[Any]]) -> Graph:
    """The tasks to n digits.

    Args:
        n: digits after the point.
        threads: of the whole cluster.
        kept: ranges from before, to go on from.
    """
    graph = Graph()
    levels = (min(MOST_PIECES, max(threads, -(-n // PIECE))) - 1).bit_length()
    digits = radix.size(n + radix.SPARE, 1 << levels)
    root = graph.add("root", ROOT, dask_tasks.root, radix.bits(digits))
    powers = [graph.add("power", POWER / levels, dask_tasks.power, digits >> i + 1) for i in range(levels)]
    graph.ends = add_terms(graph, chudnovsky.terms(digits), threads, kept)
    whole = graph.add("fraction", FRACTION, dask_tasks.fraction, root, digits, threads, *graph.ends.values())

    graph.begins = {Phase.CONVERSION: {whole}, Phase.DIVISION: {root, *graph.ends.values()} & graph.tasks.keys()}

    parts = [(whole, 0)]
    weight = CONVERT / (levels + 1)
    for power in powers:
        args = power, threads / len(parts)
        keys = [graph.add("halve", weight / len(parts), dask_tasks.halve, *part, *args) for part in parts]
        parts = [(key, index) for key in keys for index in (0, 1)]
    graph.texts = [graph.add("digits", weight / len(parts), dask_tasks.convert, *part) for part in parts]
    return graph


def add_terms(graph: Graph, last: int, threads: int, kept: dict[Span, Future[Any]]) -> dict[Span, Any]:
    """Add the tasks to the one or two ranges that cover the terms up to `last`; those ranges."""

    def tree(parts: list[Span]) -> Any:
        share = (parts[-1].b - parts[0].a) / last
        if len(parts) > 1:
            left, right = map(tree, halves(parts))
            return graph.add("merge", MERGE * share, dask_tasks.merge, left, right, share * threads)
        (span,) = parts
        return kept.get(span) or graph.add("split", SPLIT * share, chudnovsky.split, span.a, span.b)

    parts = cover(sorted(kept), last, threads)
    groups = halves(parts) if len(parts) > 1 else [parts]
    return {Span(group[0].a, group[-1].b): tree(group) for group in groups}


class DaskEngine:
    """The engine of a cluster. It belongs to whoever started it; `stop` leaves it running.

    A limit of memory is the workers' own (`dask worker --memory-limit`).

    Args:
        scheduler: the address, such as tcp://10.0.0.1:8786.
        time_limit: seconds for one job; None is no limit.
    """

    _workdir: Path  #: since `start`

    def __init__(self, scheduler: str, time_limit: float | None = None) -> None:
        self.scheduler = scheduler
        self.time_limit = time_limit
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._kept: dict[Span, Future[Any]] = {}

    async def start(self, workdir: Path) -> None:
        """Connect.

        Raises:
            WorkerDied: there is no scheduler; the text names the address.
        """
        self._workdir = workdir
        await self._connected()

    async def stop(self) -> None:
        """Release everything and disconnect."""
        self._kept.clear()
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def compute(self, n: int, progress: Progress) -> Path:
        target = self._workdir / f"pi-{n}.txt"
        limit = asyncio.timeout(self.time_limit)
        try:
            async with limit:
                await self._compute(n, target, progress)
        except BaseException as error:
            target.unlink(missing_ok=True)
            if isinstance(error, TimeoutError) and limit.expired():
                message = f"pi to {n} digits took longer than the limit of {self.time_limit:g} s"
                raise LimitExceeded(message) from error
            raise
        return target

    async def _compute(self, n: int, target: Path, progress: Progress) -> None:
        try:
            client = await self._connected()
            if n <= QUICK:  # it goes before the tasks of big jobs
                await Computation(client, small_graph(n), 1).finish(n, target, progress)
            else:
                threads = sum((await client.nthreads()).values()) or 1
                await self._compute_large(
                    Computation(client, big_graph(n, threads, self._alive())), n, target, progress
                )
        except BaseExceptionGroup as errors:
            raise translated(first(errors), self.scheduler) from errors
        except Exception as error:
            if (told := translated(error, self.scheduler)) is error:
                raise
            raise told from error

    async def _compute_large(self, run: Computation, n: int, target: Path, progress: Progress) -> None:
        try:
            await run.finish(n, target, progress)
        finally:
            self._keep(run.ends())

    def _alive(self) -> dict[Span, Future[Any]]:
        """What is kept and was not lost with the scheduler."""
        self._kept = {span: future for span, future in self._kept.items() if future.status == "finished"}
        return self._kept

    def _keep(self, ends: dict[Span, Future[Any]]) -> None:
        """Hold on to the ranges of the biggest n so far, also if the job failed after them; let go of the others."""
        before = self._kept
        done = all(future.status == "finished" for future in ends.values())
        if done and max(ends).b > max((span.b for span in before), default=0):
            self._kept = ends
        keys = {future.key for future in self._kept.values()}
        for future in (*before.values(), *ends.values()):
            if future.key not in keys:
                future.release()

    async def _connected(self) -> Client:
        """The client, with a new connection where the old one is lost."""
        async with self._connecting:
            if self._client is not None and self._client.status != "running":
                await self.stop()
            if self._client is None:
                self._client = await connect(self.scheduler)
            return self._client


class Computation:
    """One computation in the cluster."""

    def __init__(self, client: Client, graph: Graph, priority: int = 0) -> None:
        self._client, self._graph = client, graph
        futures = client.get(graph.tasks, list(graph.tasks), sync=False, priority=priority)
        self._futures = dict(zip(graph.tasks, futures, strict=True))

    def ends(self) -> dict[Span, Future[Any]]:
        """The ranges that lead to the result; `finish` leaves them to the caller."""
        return {span: self._futures.get(end, end) for span, end in self._graph.ends.items()}

    async def finish(self, n: int, target: Path, progress: Progress) -> None:
        """Write the digits as they come.

        Args:
            n: digits after the point.
            target: the file, made anew.
            progress: told of finished tasks.

        Raises:
            BaseExceptionGroup: what went wrong, in groups of groups.
        """
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch())
                follow = group.create_task(self._follow(progress))
                await self._write(n, target)
                await follow
                watch.cancel()
        finally:
            ends = self.ends().values()
            for future in self._futures.values():
                if future not in ends:
                    future.release()

    async def _follow(self, progress: Progress) -> None:
        """Report finished tasks; release what only other tasks need, so that the workers can forget it."""
        done, total, finished = 0.0, sum(self._graph.weights.values()), set()
        wanted = {*self._graph.texts, *(end.key for end in self.ends().values())}
        async for future in as_completed(list(self._futures.values()), loop=self._client.loop):
            if future.status in ("error", "cancelled"):
                await future  # raises
            done += self._graph.weights[future.key]
            finished.add(future.key)
            progress(min(1.0, done / total), self._graph.phase(finished))
            if future.key not in wanted:
                future.release()

    async def _write(self, n: int, target: Path) -> None:
        """The texts in their order, one in memory at a time; a write to the page cache takes under a millisecond."""
        put(target, b"3", 0)
        offset = 1
        for key in self._graph.texts:
            data = await self._futures[key]
            self._futures[key].release()
            if offset + len(data) > n + 1:
                data = radix.settled(data.decode(), n + 1 - offset).encode()
            put(target, data, offset)
            offset += len(data)

    async def _watch(self) -> None:
        """Raise WorkerDied when there are no workers for long, OSError when the scheduler is gone."""
        missing = 0.0
        while missing < WORKERLESS_SECONDS:
            await asyncio.sleep(WATCH_SECONDS)
            missing = 0.0 if await self._client.nthreads() else missing + WATCH_SECONDS
        scheduler: Any = self._client.scheduler
        address = scheduler.address
        raise WorkerDied(f"the Dask scheduler at {address} has no workers; start some with: dask worker {address}")


def put(target: Path, data: bytes, offset: int) -> None:
    """Write into a file, which offset 0 begins anew.

    Raises:
        DiskFull: it cannot be written.
    """
    try:
        with target.open("r+b" if offset else "wb", buffering=0) as file:
            write_all(file.fileno(), data, offset)
    except OSError as error:
        raise unwritable(error) from error


async def connect(scheduler: str) -> Client:
    """A client on the running loop.

    Raises:
        WorkerDied: no scheduler answers.
    """
    client = Client(scheduler, asynchronous=True, set_as_default=False, timeout=CONNECT_SECONDS, name="pi_service")
    try:
        await client
    except (OSError, ValueError) as error:
        raise WorkerDied(
            f"no Dask scheduler answers at {scheduler}: {error}; start one with `dask scheduler`, "
            "or name another one with --dask-scheduler"
        ) from error
    finally:
        if client.status != "running":
            await client.close()
    return client


def translated(error: BaseException, scheduler: str) -> BaseException:
    """What the job's user is told for an error of Dask."""
    if isinstance(error, PiError):
        return error
    if isinstance(error, KilledWorker):
        return WorkerDied(f"Dask workers died again and again: {error}")
    if isinstance(error, CancelledError | OSError):
        return WorkerDied(f"the Dask scheduler at {scheduler} was lost: {error}")
    if isinstance(error, MemoryError):
        return LimitExceeded("no memory left in a Dask worker")
    if isinstance(error, ImportError):
        return PiError(
            f"a Dask worker cannot run the tasks ({error}); install the server's version of tornado_alice[dask] "
            "on the machines of all workers"
        )
    return error
