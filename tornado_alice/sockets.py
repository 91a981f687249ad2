"""Sockets that are bound before they listen, that wait when the process is out of file descriptors, and that leave
connections to processes that have fewer."""

import asyncio
import errno
import logging
import socket
import time
from typing import Any

from tornado.ioloop import IOLoop

from .errors import CannotListen
from .shares import Share

log = logging.getLogger(__name__)

#: Seconds without accepting when there are no file descriptors.
PAUSE = 1.0
#: Seconds for which a process leaves a connection to others that have fewer.
BEAT = 0.002
#: Seconds between two log lines that say the same.
QUIET = 60.0
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Seldom:
    """Logs an error that may come thousands of times a second, once in QUIET seconds."""

    def __init__(self) -> None:
        self._again = 0.0

    def __call__(self, message: str, *args: object) -> None:
        if time.monotonic() >= self._again:
            self._again = time.monotonic() + QUIET
            log.error(message, *args)


class PatientSocket(socket.socket):
    """A listening socket. Out of file descriptors it pauses; a loop that asks it again at once would only spin."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._exhausted = Seldom()

    def accept(self) -> tuple[socket.socket, Any]:
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._exhausted("cannot accept connections: %s. They wait; raise `ulimit -n`", error.strerror)
            self._pause(PAUSE)
            raise BlockingIOError(errno.EAGAIN, "paused") from None

    def _pause(self, seconds: float) -> None:
        loop = IOLoop.current()
        loop.update_handler(self.fileno(), 0)
        asyncio.get_running_loop().call_later(seconds, self._go_on, loop)

    def _go_on(self, loop: IOLoop) -> None:
        if self.fileno() != -1:  # not closed meanwhile
            loop.update_handler(self.fileno(), IOLoop.READ)


class SharedSocket(PatientSocket):
    """One on which several processes accept.

    Rules:
    1. Each takes one connection at a time, so that an idle one gets the next. Tornado accepts until there is none left,
       and the first process to wake would take a whole burst.
    2. One that has more connections than another leaves it the next one, but takes it if nobody wants it for a `BEAT`.

    Args:
        fd: of the socket.
        share: the connections of this process, over all of its sockets.
    """

    def __init__(self, fd: int, share: Share) -> None:
        super().__init__(fileno=fd)
        self._share = share
        self._has_taken = False
        self._left: bytes | None = None  # how all were when the last connection was left to the others

    def listen(self, *backlog: int) -> None:
        super().listen(*backlog)
        self._share.begin()

    def close(self) -> None:
        self._share.end()
        super().close()

    def accept(self) -> tuple[socket.socket, Any]:
        self._has_taken = not self._has_taken
        if not self._has_taken:
            raise BlockingIOError(errno.EAGAIN, "one at a time")
        try:
            return self._take()
        except BlockingIOError:
            self._has_taken = False
            raise

    def _take(self) -> tuple[socket.socket, Any]:
        now = self._share.state()
        if self._share.others_have_fewer and self._left != now:
            self._left = now
            self._pause(BEAT)
            raise BlockingIOError(errno.EAGAIN, "left to others")
        self._left = None
        connection, address = super().accept()
        return _Counted(connection.detach(), self._share), address


class _Counted(socket.socket):
    """A connection that counts as long as it is open."""

    def __init__(self, fd: int, share: Share) -> None:
        super().__init__(fileno=fd)
        self._share: Share | None = share
        share.add(1)

    def close(self) -> None:
        if self._share is not None:
            self._share.add(-1)
            self._share = None
        super().close()


def bind(port: int, address: str) -> list[PatientSocket]:
    """Sockets for all addresses of a name, bound but not listening: until they do, nobody can connect.

    Args:
        port: 0 chooses one, the same for all of them.

    Raises:
        CannotListen: the port is taken or not ours, or there is no such address.
    """
    sockets: list[PatientSocket] = []
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, proto, _, place in dict.fromkeys(found):
            if (sock := _socket(family, kind, proto)) is not None:
                sockets.append(sock)
                own_port = port or (sockets[0].getsockname()[1] if sockets[1:] else 0)
                # a port that others may use again is also chosen twice, as long as nobody listens
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, own_port != 0)
                sock.bind((place[0], own_port, *place[2:]))
    except OSError as error:
        close(sockets)
        raise CannotListen(f"Cannot listen on {address}:{port}: {error.strerror or error}.") from None
    return sockets


def close(sockets: list[PatientSocket]) -> None:
    """Give the ports back."""
    for sock in sockets:
        sock.close()


def _socket(family: int, kind: int, proto: int) -> PatientSocket | None:
    try:
        sock = PatientSocket(family, kind, proto)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:  # a name may have an address of IPv6, and the machine none
            return None
        raise
    sock.setblocking(False)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return sock
