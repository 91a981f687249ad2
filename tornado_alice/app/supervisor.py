"""Several processes on one port of one machine, supervised: ``--processes N``.

Rules:
1. The supervisor binds the ports and keeps them; the processes accept on the same sockets. When one dies, connections
   that nobody has accepted yet wait for another one.
2. The first process starts alone: what keeps it from starting is told once, and ends everything.
3. A process that ends by itself is replaced at once; one that cannot even start is tried again after pauses that grow.
4. SIGHUP replaces them one after the other, each only when the next one is ready: a deploy. They load the scripts anew.
5. SIGTERM and SIGINT stop all of them; who takes too long is killed. They also stop when the supervisor is gone.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from typing import Any

from ..errors import CannotListen
from ..serving import stop_signals
from ..shares import Shares
from ..sockets import PatientSocket, close
from .inheritance import MOST_SAID, variable
from .server import bind_ports, tell
from .settings import Settings

log = logging.getLogger(__name__)

#: Seconds that a process may take to stop: two times `GRACE`, and what its journal and workers need.
PATIENCE = 15.0
#: Seconds before another try to start a process that did not: the first pause, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0


class Child:
    """One process; `place` is its own among the shares."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        place: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process, self.place, self._reader = process, place, reader
        self._writer = writer  # open as long as this is: its end would stop the process
        self.pid = process.pid
        self.places = ""

    @classmethod
    async def start(cls, index: int, place: int, shares: int, ports: list[list[PatientSocket]]) -> "Child":
        """Begin the command of this program once more, with these ports and the file of shares."""
        ours, theirs = socket.socketpair()
        with theirs:
            fds = [sock.fileno() for port in ports for sock in port]
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *sys.orig_argv[1:],
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), shares, *fds],
                env=os.environ | variable(index, place, theirs, shares, ports),
                start_new_session=True,  # a Ctrl-C in the terminal is for the supervisor, which tells them
            )
        return cls(process, place, *await asyncio.open_connection(sock=ours))

    async def ready(self) -> bool:
        """Wait until it serves; False if it ends instead."""
        self.places = (await self._reader.read(MOST_SAID)).decode()
        return self.places != ""

    async def ended(self) -> int:
        """Its exit status, once it has one."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to stop, and see that it does."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), PATIENCE)
        except TimeoutError:
            log.error("process %d did not stop within %g s: it is killed", self.pid, PATIENCE)
            self._process.kill()
            await self._process.wait()


class Supervisor:
    """The processes of one command.

    Args:
        settings: the command's; `processes` of them are started.

    Raises:
        CannotListen: a port is taken or not ours.
    """

    def __init__(self, settings: Settings) -> None:
        self._ports = bind_ports(settings)
        self._indices = range(settings.processes)
        self._serving: dict[int, Child] = {}
        self._all: set[Child] = set()
        self._shares = Shares(settings.processes + 1)  # one more than serve, for a deploy
        self._changing = [asyncio.Lock() for _ in self._indices]
        self._told_to_deploy = asyncio.Event()

    async def run(self) -> int:
        """Serve until SIGINT or SIGTERM; the exit status."""
        stopping = stop_signals()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._told_to_deploy.set)
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self._serve()), asyncio.create_task(stopping.wait())]
        serve, _ = tasks
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return serve.result() if serve.done() else 0
        finally:
            for task in tasks:
                task.cancel()
            await self._stop()

    async def _stop(self) -> None:
        close([sock for port in self._ports for sock in port])  # with the last process the port is free
        print("Stopping.", flush=True)
        await asyncio.gather(*(child.stop() for child in self._all))
        self._shares.close()

    async def _serve(self) -> int:
        """Start all, and keep them; the status of the first one if it cannot start."""
        first = await self._start(0)
        if not await first.ready():
            return await first.ended()
        self._serving[0] = first
        self._serving |= zip(self._indices[1:], await asyncio.gather(*map(self._begin, self._indices[1:])), strict=True)
        print(f"tornado_alice serves {first.places}: {len(self._serving)} processes", flush=True)
        async with asyncio.TaskGroup() as group:
            for index in self._indices:
                group.create_task(self._keep(index))
            group.create_task(self._deploy())
        raise AssertionError("they are kept for ever")

    async def _start(self, index: int) -> Child:
        child = await Child.start(index, self._shares.take(), self._shares.fileno(), self._ports)
        self._all.add(child)
        return child

    async def _begin(self, index: int) -> Child:
        """A process that serves, however long that takes."""
        pause = FIRST_PAUSE
        while True:
            child = await self._start(index)
            if await child.ready():
                return child
            status = await self._end_of(child)
            log.error("process %d does not start (status %d); again in %g s", child.pid, status, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _keep(self, index: int) -> None:
        """Have another one in the place of each that ends by itself."""
        while True:
            child = self._serving[index]
            status = await self._end_of(child)
            async with self._changing[index]:
                if self._serving[index] is child:
                    told = "process %d ended by itself (status %d); another one takes its place"
                    log.warning(told, child.pid, status)
                    self._serving[index] = await self._begin(index)

    async def _end_of(self, child: Child) -> int:
        status = await child.ended()
        if child in self._all:
            self._all.remove(child)
            self._shares.leave(child.place)
        return status

    async def _deploy(self) -> None:
        """Replace all, each time one is told to."""
        while True:
            await self._told_to_deploy.wait()
            self._told_to_deploy.clear()
            log.info("SIGHUP: %d processes are replaced, one after the other", len(self._serving))
            for index, changing in zip(self._indices, self._changing, strict=True):
                async with changing:  # not while a dead one's successor starts: there would be two
                    is_replaced = await self._replace(index)
                if not is_replaced:
                    log.error("the next process does not start; those that serve go on as they are")
                    break
            else:
                log.info("all processes are new")

    async def _replace(self, index: int) -> bool:
        child = await self._start(index)
        if not await child.ready():
            await self._end_of(child)
            return False
        old, self._serving[index] = self._serving[index], child
        await old.stop()
        await self._end_of(old)
        return True


def run(settings: Settings) -> int:
    """Serve with several processes until SIGINT or SIGTERM; the exit status."""
    try:
        return asyncio.run(_run(settings))
    except CannotListen as error:
        return tell(error)


async def _run(settings: Settings) -> int:
    return await Supervisor(settings).run()
