"""A proxy before PostgreSQL that counts round trips and can lose an answer."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

#: Name of the socket in its folder, for the default port.
SOCKET = ".s.PGSQL.5432"
#: Messages of a client that demand an answer: Sync, Flush, Query
#: (https://www.postgresql.org/docs/current/protocol-message-formats.html).
DEMANDS = b"SHQ"


class Proxy:
    """Leads connections on to the server in `folder`.

    Attributes:
        url: of a database of that server, through this proxy.
        trips: how often a client has waited for an answer.
        lost: set once an answer was lost.
        tried: connections that have gone silent and were asked something since.
    """

    def __init__(self, url: str) -> None:
        where, self.folder = url.split("?host=")
        self.own = Path(tempfile.mkdtemp(prefix="pgproxy", dir="/tmp"))
        self.url = f"{where}?host={self.own}"
        self.trips, self.lost = 0, asyncio.Event()
        self.tried: set[asyncio.StreamWriter] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self._inner: set[asyncio.StreamWriter] = set()
        self._losing: int | None = None

    def lose(self, after: int = 0) -> None:
        """Throw an answer away, after so many more have come, and cut its connection."""
        self._losing = after
        self.lost.clear()

    def silence(self) -> None:
        """Swallow what comes on all connections there are, as a firewall does that has forgotten them."""
        self._silent |= self._inner

    async def lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        inner_reader, inner_writer = await asyncio.open_unix_connection(f"{self.folder}/{SOCKET}")
        self._inner.add(inner_writer)
        tasks = [
            asyncio.create_task(self._ask(reader, inner_writer)),
            asyncio.create_task(self._answer(inner_reader, writer)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.transport.abort()
        inner_writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kind = b""  # the first message has none
        while True:
            size = await reader.readexactly(4)
            message = kind + size + await reader.readexactly(int.from_bytes(size) - 4)
            if writer in self._silent:
                self.tried |= {writer} if kind in DEMANDS else set()
            else:
                writer.write(message)
                self.trips += kind != b"" and kind in DEMANDS
            kind = await reader.readexactly(1)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 16):
            if self._losing == 0:
                self._losing = None
                self.lost.set()
                return
            self._losing = self._losing and self._losing - 1
            writer.write(chunk)


@asynccontextmanager
async def before(url: str) -> AsyncIterator[Proxy]:
    """A proxy before the server of this database."""
    proxy = Proxy(url)
    server = await asyncio.start_unix_server(proxy.lead, proxy.own / SOCKET)
    try:
        yield proxy
    finally:
        server.close()
        shutil.rmtree(proxy.own)
