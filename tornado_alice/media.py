"""Pictures and sounds that the platform keeps: their ids by the names of their files.

``python -m tornado_alice upload media/`` uploads what is in the folder and writes ``media.lock.json`` beside it; a
script then says ``image("cat.png")`` or ``effect("bell.mp3")``. The nearest lock file counts: in the folder of the file
that asks, or above it. It is read once in the life of a process, and belongs to the version of the script: a new id is
a new reply.
"""

import json
import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from .errors import ReplyError, SettingsError
from .frames import authors_frame

Kind = Literal["images", "sounds"]
#: How the names of files end that are one or the other.
SUFFIXES: dict[Kind, tuple[str, ...]] = {"images": (".png", ".jpg", ".jpeg"), "sounds": (".mp3", ".wav", ".ogg")}
LOCK = "media.lock.json"
REMEDY = "python -m tornado_alice upload FOLDER"


class Stored(NamedTuple):
    """A file that the platform keeps.

    Attributes:
        id: the platform's.
        sha256: of its content, 64 hex digits.
    """

    id: str
    sha256: str


class Lock(NamedTuple):
    """What one skill has uploaded, by the path of the file below its folder, with ``/``."""

    skill_id: str
    images: Mapping[str, Stored] = MappingProxyType({})
    sounds: Mapping[str, Stored] = MappingProxyType({})

    def of(self, kind: Kind) -> Mapping[str, Stored]:
        """The files of one kind."""
        return self.images if kind == "images" else self.sounds

    def plus(self, kind: Kind, name: str, stored: Stored) -> "Lock":
        """One file more."""
        if kind == "images":
            return self._replace(images={**self.images, name: stored})
        return self._replace(sounds={**self.sounds, name: stored})


def kind_of(name: str) -> Kind | None:
    """What a file is, by its name.

    >>> kind_of("cats/Tom.PNG"), kind_of("bell.mp3"), kind_of("1540737/7ee4a5c0e72f")
    ('images', 'sounds', None)
    """
    return next((kind for kind, ends in SUFFIXES.items() if name.lower().endswith(ends)), None)


def image_id(name: str) -> str:
    """The id of an uploaded picture; anything but the name of a picture's file is an id already.

    Raises:
        ReplyError: the lock file does not have it.
    """
    return _stored("images", name)[1].id if isinstance(name, str) and kind_of(name) == "images" else name


def sound_path(name: str) -> str | None:
    """The path of an uploaded sound, as ``<speaker audio="...">`` takes it; None if `name` is no sound's file.

    Raises:
        ReplyError: the lock file does not have it.
    """
    if kind_of(name) != "sounds":
        return None
    lock, stored = _stored("sounds", name)
    return f"dialogs-upload/{lock.skill_id}/{stored.id}.opus"


def lock_of(file: str) -> Lock | None:
    """The lock that counts for a script's file; None if there is none.

    Raises:
        SettingsError: it cannot be read.
    """
    path = _nearest(os.path.dirname(os.path.abspath(file)))
    return None if path is None else _read_once(path)


def read_lock(path: Path) -> Lock:
    """The content of a lock file.

    Raises:
        SettingsError: it cannot be read, or is none.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
        return Lock(_text(data["skill_id"]), _entries(data["images"]), _entries(data["sounds"]))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SettingsError(f"{path}: damaged ({error!r}); take it from version control, or `{REMEDY}` anew") from None


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock file whole or not at all; names in order, so that version control shows what has changed."""
    entries = {kind: {name: stored._asdict() for name, stored in sorted(lock.of(kind).items())} for kind in SUFFIXES}
    fresh = path.with_name(path.name + ".new")
    text = json.dumps({"skill_id": lock.skill_id, **entries}, ensure_ascii=False, indent=2)
    fresh.write_text(text + "\n", "utf-8")
    fresh.replace(path)


def forget() -> None:
    """Read lock files anew: the script is loaded anew too."""
    _nearest.cache_clear()
    _read_once.cache_clear()


def _stored(kind: Kind, name: str) -> tuple[Lock, Stored]:
    author = authors_frame(sys._getframe(1))
    file = "." if author is None else author.f_code.co_filename
    lock = lock_of(file)
    if lock is None:
        raise ReplyError(f"{name!r}: there is no {LOCK} in the folder of {file}, nor above it: `{REMEDY}` writes it")
    stored = lock.of(kind).get(name)
    if stored is None:
        from difflib import get_close_matches  # here: for mistakes alone

        near = get_close_matches(name, lock.of(kind), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"`{REMEDY}` uploads what is new"
        raise ReplyError(f"{name!r} is none of the {kind} in {LOCK}; {hint}")
    return lock, stored


@lru_cache(maxsize=256)
def _nearest(folder: str) -> Path | None:
    place = Path(folder)
    return next((path for home in (place, *place.parents) if (path := home / LOCK).is_file()), None)


@lru_cache(maxsize=64)
def _read_once(path: Path) -> Lock:
    return read_lock(path)


def _entries(data: dict[str, Any]) -> dict[str, Stored]:
    return {name: Stored(_text(entry["id"]), _text(entry["sha256"])) for name, entry in data.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"text expected, got {value!r}")
    return value
