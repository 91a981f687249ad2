"""Sockets on which the processes of one data directory ask each other.

They are files in a folder of the server's user alone, so nobody else reaches them, and no port is taken. A path may be
longer than the 107 bytes of an address (unix(7)), so they are reached through a descriptor of the folder.
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tornado.iostream import IOStream
from tornado.netutil import Resolver
from tornado.routing import Router
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from ..listener import BACKLOG, Listener

#: What Tornado takes for the address of who asks over such a socket.
NOBODY = "0.0.0.0"  # noqa: S104 no address to bind to


class Private:
    """The sockets of a folder, which is made if need be."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def close(self) -> None:
        """No socket can be reached any more."""
        os.close(self._folder)

    def names(self) -> list[str]:
        """Those that there are, though perhaps nobody listens any more."""
        return sorted(os.listdir(self._folder))

    def serve(self, name: str, router: Router) -> Listener:
        """Listen at `name`; whoever did before is not reached any more."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        fresh = f"{name}.{os.getpid()}"
        sock.bind(self._path(fresh))
        sock.listen(BACKLOG)
        os.rename(fresh, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        server = Listener(router, trusted=[NOBODY])
        server.serve([sock])
        return server

    async def connect(self, name: str) -> IOStream:
        """A connection to who listens at `name`.

        Raises:
            OSError: nobody does.
        """
        stream = IOStream(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        await stream.connect(self._path(name))
        return stream

    def client(self) -> SimpleAsyncHTTPClient:
        """Asks ``http://NAME/...``."""
        return SimpleAsyncHTTPClient(force_instance=True, resolver=_Resolver(self._path))

    def _path(self, name: str) -> str:
        return f"/proc/self/fd/{self._folder}/{name}"


class _Resolver(Resolver):
    def initialize(self, path: Callable[[str], str]) -> None:
        self._path = path

    async def resolve(self, host: str, port: int, family: int = 0) -> list[tuple[int, Any]]:
        return [(socket.AF_UNIX, self._path(host))]
