"""What a process gets from the supervisor that starts it: ports that are bound already, a channel, and its share.

The words of the environment variable are numbers, most of them of file descriptors. Over the channel the process says
once where it serves, when it is ready; that the channel closes tells it that the supervisor has gone.
"""

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..shares import Share
from ..sockets import PatientSocket, SharedSocket

#: Of the environment: ``INDEX PLACE CHANNEL SHARES PORT,PORT PORT``.
VARIABLE = "TORNADO_ALICE_INHERITED"
#: Bytes of what a process says when it is ready.
MOST_SAID = 4096


@dataclass
class Inheritance:
    """Of one process.

    Attributes:
        index: which of the processes it is, from 0.
        channel: to the supervisor.
        ports: sockets of the pages and, if it has a port of its own, of the webhook.
    """

    index: int
    channel: socket.socket
    ports: list[list[PatientSocket]]

    @classmethod
    def taken(cls) -> "Inheritance | None":
        """What the environment has for this process; None if it stands alone. It is there once."""
        words = os.environ.pop(VARIABLE, "").split()
        if not words:
            return None
        (index, place, channel, shares), ports = map(int, words[:4]), words[4:]
        share = Share(shares, place)
        os.close(shares)  # it is in memory now
        sockets: list[list[PatientSocket]] = [
            [SharedSocket(int(fd), share) for fd in port.split(",")] for port in ports
        ]
        for sock in (one for port in sockets for one in port):
            sock.set_inheritable(False)
            sock.setblocking(False)
        return cls(index, _channel(channel), sockets)

    def ready(self, places: str, stopping: asyncio.Event) -> None:
        """Say where it serves; from now on it stops when the supervisor is gone."""
        self.channel.sendall(places.encode()[:MOST_SAID])
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(self.channel)
            stopping.set()

        loop.add_reader(self.channel, gone)


def _channel(fd: int) -> socket.socket:
    channel = socket.socket(fileno=fd)
    channel.set_inheritable(False)
    return channel


def variable(
    index: int, place: int, channel: socket.socket, shares: int, ports: list[list[PatientSocket]]
) -> Mapping[str, str]:
    """What a supervisor puts into the environment of a process."""
    numbers = (index, place, channel.fileno(), shares)
    words = [*map(str, numbers), *(",".join(str(sock.fileno()) for sock in port) for port in ports)]
    return {VARIABLE: " ".join(words)}


def private(data_dir: Path) -> Path:
    """The folder of sockets on which the processes of a data directory ask each other."""
    return data_dir / "run"
