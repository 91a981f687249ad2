"""What `skill.run()` and the server have in common: address, TLS, and serving until somebody stops it."""

import asyncio
import signal
import ssl

from .errors import SettingsError

#: Seconds that turns under way, and then open connections, may take to end when a server stops.
GRACE = 3.0


def parse_port(port: int | str) -> int:
    """A port number, also from a string.

    Raises:
        SettingsError: it is none.

    >>> parse_port("8888")
    8888
    """
    text = str(port)
    if not (text.isascii() and text.isdecimal() and int(text) < 65536):
        raise SettingsError(f"port: a number from 0 to 65535, got {port!r}")
    return int(text)


def tls_context(given: "ssl.SSLContext | tuple[str, str] | str | None") -> ssl.SSLContext | None:
    """The TLS context of a server; None serves plain HTTP.

    Args:
        given: a context, or (certificate file, key file).

    Raises:
        SettingsError: it is a word, as Flask's ``'adhoc'``.
    """
    if given is None or isinstance(given, ssl.SSLContext):
        return given
    if isinstance(given, str):
        raise SettingsError(f"ssl_context: an ssl.SSLContext or (certificate file, key file), got {given!r}")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*given)
    return context


def stop_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set from now on."""
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    return stopping


def url(scheme: str, host: str, port: int) -> str:
    """The address as a browser takes it.

    >>> url("http", "::1", 8888)
    'http://[::1]:8888/'
    """
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"
