"""The URL of a database, with its password kept out of sight."""

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from ..errors import SettingsError

#: What the URL of a database may begin with.
SCHEMES = ("postgresql", "postgres")
#: One of the hosts of a URL: a name, or an address in brackets, and a port.
HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?")


def is_database(place: str) -> bool:
    """Is it the URL of a database?

    >>> is_database("postgresql://alice@db.example.org/journal"), is_database("sqlite:journal.sqlite3")
    (True, False)
    """
    return place.partition("://")[0] in SCHEMES


def take_password(url: str) -> tuple[str, str | None]:
    """The URL without its password, and the password: only the former may be shown.

    Raises:
        SettingsError: it is no URL; the message does not show it, since a password may be anywhere in it.

    >>> take_password("postgresql://alice:s3cret@db.example.org/journal?sslmode=require")
    ('postgresql://alice@db.example.org/journal?sslmode=require', 's3cret')
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _unreadable() from None
    user, at, hosts = parts.netloc.rpartition("@")
    rest = parts.path + parts.fragment + ("" if at else parts.query)
    if "@" in rest or parts.fragment or not all(map(HOST.fullmatch, hosts.split(","))):
        raise _unreadable()  # a password with such characters in it looks like this
    query = parse_qsl(parts.query, keep_blank_values=True)
    name, colon, password = user.partition(":")
    found = [value for word, value in query if word == "password"] + [unquote(password)] * bool(colon)
    kept = urlencode([item for item in query if item[0] != "password"], safe="/")
    plain = f"{parts.scheme}://{name}{at}{hosts}{parts.path}" + (f"?{kept}" if kept else "")
    return plain, found[0] if found else None


def _unreadable() -> SettingsError:
    return SettingsError(
        "the URL of the database cannot be read: expected postgresql://USER@HOST:PORT/NAME; in its parts / is written "
        "as %2F, @ as %40, # as %23, ? as %3F, : as %3A. The password is better in PGPASSWORD or the password file"
    )
