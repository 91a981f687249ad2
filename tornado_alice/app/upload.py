"""``python -m tornado_alice upload media/``: what changed goes to the platform, its ids to the lock file.

The lock file is written after each file, so that an upload that was interrupted is gone on with by the same command.
Nothing is removed unless it is asked for: a version of the skill that still runs may show it.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..errors import SettingsError, UploadError
from ..media import SUFFIXES, Kind, Lock, Stored, kind_of, read_lock, write_lock
from .resources import Resources
from .terminal import printable

Tell = Callable[[str], None]
Ask = Callable[[int], bool]
#: Bytes, at least and at most, that the platform takes.
SIZES: dict[Kind, tuple[int, int]] = {"images": (1 << 10, 1 << 20), "sounds": (1, 1 << 30)}
TOKEN = "ALICE_TOKEN"  # noqa: S105 the name of the variable


@dataclass(frozen=True)
class File:
    """One file of the folder.

    Attributes:
        name: its path below the folder, with ``/``.
    """

    name: str
    kind: Kind
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Plan:
    """What there is to do.

    Attributes:
        kept: what the lock file will have without any upload.
        fresh: files to upload.
        unused: what the platform keeps and no file of the folder needs: kind, id, its name there.
    """

    kept: Lock
    fresh: list[File]
    unused: list[tuple[Kind, str, str]]


def read_token(file: Path | None) -> str:
    """The OAuth token, of a file's first line or of the environment; never of the command line, which `ps` shows.

    Raises:
        SettingsError: there is none.
    """
    if file is None:
        token = os.environ.get(TOKEN, "")
        source = f"the environment has no {TOKEN}; set it, or name a file with --token-file"
    else:
        token, source = _first_line(file), f"--token-file {file}: its first line is empty"
    if not token.strip():
        raise SettingsError(f'{source}. How to get a token: README, "Pictures and sounds"')
    if not token.strip().isascii() or not token.strip().isprintable():
        raise SettingsError("the token has letters that no token has; was it copied whole?")
    return token.strip()


def lock_for(path: Path, skill_id: str | None) -> Lock:
    """The lock file, or an empty one; it is of `skill_id`, which may be left out once there is a file.

    Raises:
        SettingsError: it is of another skill, or of none.
    """
    if not path.exists():
        if skill_id is None:
            raise SettingsError(f"there is no {path} yet: name the skill with --skill-id, the console shows it")
        return Lock(skill_id)
    lock = read_lock(path)
    if skill_id not in (None, lock.skill_id):
        raise SettingsError(f"{path} is of skill {lock.skill_id}, not of {skill_id}; name another file with --lock")
    return lock


def read_folder(folder: Path) -> tuple[list[File], list[str]]:
    """Its pictures and sounds, and the names of files that are neither.

    Raises:
        SettingsError: there is no such folder.
        UploadError: the platform would refuse a file.
    """
    if not folder.is_dir():
        raise SettingsError(f"there is no folder {folder}; name the one with pictures and sounds")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path, folder))
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    found = [_file(name, path, kind) for name, path in names.items() if (kind := kind_of(name)) is not None]
    return found, [name for name in names if kind_of(name) is None]


def plan(files: Iterable[File], lock: Lock, stored: dict[Kind, dict[str, str]]) -> Plan:
    """What there is to do.

    Args:
        files: of the folder.
        lock: of the last upload.
        stored: what the platform keeps: by kind and id, the name of the file it came from.

    >>> cat = File("cat.png", "images", Path("cat.png"), 2000, "ab")
    >>> known = Lock("skill", {"tom.png": Stored("1/2", "ab")})
    >>> plan([cat], known, {"images": {"1/2": "tom.png"}, "sounds": {"3": "old.mp3"}})
    ... # doctest: +NORMALIZE_WHITESPACE
    Plan(kept=Lock(skill_id='skill', images={'cat.png': Stored(id='1/2', sha256='ab')}, sounds={}),
         fresh=[], unused=[('sounds', '3', 'old.mp3')])
    """
    kept: dict[Kind, dict[str, Stored]] = {"images": {}, "sounds": {}}
    fresh = []
    for file in files:
        same = _same(file, lock, stored[file.kind])
        if same is None:
            fresh.append(file)
        else:
            kept[file.kind][file.name] = same
    used = {entry.id for entries in kept.values() for entry in entries.values()}
    unused = [(kind, id, name) for kind in SUFFIXES for id, name in stored[kind].items() if id not in used]
    return Plan(Lock(lock.skill_id, kept["images"], kept["sounds"]), fresh, unused)


async def make_plan(files: list[File], lock: Lock, resources: Resources) -> Plan:
    """What there is to do, by what the platform keeps now.

    Raises:
        UploadError: the platform does not tell.
    """
    images, sounds = await _stored(resources)
    playable = {name: entry for name, entry in lock.sounds.items() if not sounds.get(entry.id, {}).get("error")}
    names: dict[Kind, dict[str, str]] = {"images": _names(images), "sounds": _names(sounds)}
    return plan(files, lock._replace(sounds=playable), names)


async def show(lock: Lock, resources: Resources, tell: Tell = print) -> None:
    """Tell what the platform keeps, of which file each thing is, and how much room is left.

    Raises:
        UploadError: the platform does not tell.
    """
    free = await resources.free()
    for kind, stored in zip(SUFFIXES, await _stored(resources), strict=True):
        files = {entry.id: name for name, entry in lock.of(kind).items()}
        tell(f"{kind}: {len(stored)}, {in_words(max(free[kind], 0))} of the account's quota are free")
        for id, name in _names(stored).items():
            tell(f"  {printable(id)}  {printable(files.get(id) or f'unused ({name})')}")


async def upload(
    files: list[File], lock_path: Path, lock: Lock, resources: Resources, ask: Ask, tell: Tell = print
) -> None:
    """Bring the platform and the lock file in line with the folder.

    Args:
        files: of the folder.
        lock_path: the lock file; it may not exist yet.
        lock: its content.
        resources: the platform.
        ask: may what no file of the folder needs be deleted?
        tell: gets a line for people.

    Raises:
        UploadError: a file or the platform does not let it; what was uploaded until then is in the lock file.
    """
    todo = await make_plan(files, lock, resources)
    tell_plan(todo, len(files), tell)
    if todo.unused and ask(len(todo.unused)):  # before the upload: it makes room
        for kind, id, _ in todo.unused:
            await resources.delete(kind, id)
        tell(f"{len(todo.unused)} deleted.")
    if todo.fresh:
        _check_room(todo.fresh, await resources.free())
    write_lock(lock_path, todo.kept)
    fresh_sounds = await _send(todo, lock_path, resources, tell)
    if fresh_sounds:
        tell("The platform converts the sounds ...")
        for id, trouble in (await resources.converted(set(fresh_sounds))).items():
            tell(f"  {printable(fresh_sounds[id])}: {printable(trouble)}")
    tell(f"{lock_path} has their ids; keep it in version control.")


def tell_plan(todo: Plan, count: int, tell: Tell = print) -> None:
    """Tell what an upload of `count` files would do."""
    tell(f"{count} files, {len(todo.fresh)} to upload")
    for file in todo.fresh:
        tell(f"  {printable(file.name)}, {in_words(file.size)}")
    if todo.unused:
        tell(f"{len(todo.unused)} at the platform that no file here needs (--delete-unused removes them)")
    for kind, id, name in todo.unused:
        tell(f"  {kind} {printable(id)} {printable(name)}")


async def _send(todo: Plan, lock_path: Path, resources: Resources, tell: Tell) -> dict[str, str]:
    """Upload file by file; the names of the sounds by id."""
    lock, sounds = todo.kept, {}
    for number, file in enumerate(todo.fresh, 1):
        id = await resources.upload(file.kind, file.path.name, file.path.read_bytes())
        lock = lock.plus(file.kind, file.name, Stored(id, file.sha256))
        write_lock(lock_path, lock)
        tell(f"[{number}/{len(todo.fresh)}] {printable(file.name)}")
        if file.kind == "sounds":
            sounds[id] = file.name
    return sounds


def in_words(size: int) -> str:
    """Bytes for people.

    >>> in_words(900), in_words(120_000), in_words(88 << 20)
    ('900 B', '117 KiB', '88.0 MiB')
    """
    if size < 1 << 10:
        return f"{size} B"
    return f"{size >> 10} KiB" if size < 1 << 20 else f"{size / (1 << 20):.1f} MiB"


async def _stored(resources: Resources) -> Sequence[dict[str, dict[str, Any]]]:
    """What the platform keeps: images, sounds."""
    return [await resources.stored(kind) for kind in SUFFIXES]


def _names(stored: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {id: str(entry.get("originalName") or entry.get("origUrl") or "") for id, entry in stored.items()}


def _same(file: File, lock: Lock, stored: dict[str, str]) -> Stored | None:
    """What has the content of the file, and is still there; its own entry before that of another name."""
    entries = lock.of(file.kind)
    for entry in (entries.get(file.name), *entries.values()):
        if entry is not None and entry.sha256 == file.sha256 and entry.id in stored:
            return entry
    return None


def _file(name: str, path: Path, kind: Kind) -> File:
    size, (least, most) = path.stat().st_size, SIZES[kind]
    if not least <= size <= most:
        raise UploadError(
            f"{name}: {in_words(size)}; the platform takes {kind} of {in_words(least)} to {in_words(most)}"
        )
    return File(name, kind, path, size, sha256(path.read_bytes()).hexdigest())


def _check_room(files: list[File], free: dict[Kind, int]) -> None:
    for kind in SUFFIXES:
        wanted = sum(file.size for file in files if file.kind == kind)
        if wanted > free[kind]:
            raise UploadError(
                f"{kind}: {in_words(wanted)} to upload, but only {in_words(max(free[kind], 0))} of the account's quota"
                " are free; nothing was uploaded. --delete-unused makes room"
            )


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _first_line(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as lines:
            return lines.readline()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--token-file {file}: {getattr(error, 'strerror', None) or error}") from None
