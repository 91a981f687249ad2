"""Scripts, styles and pictures of the pages, at addresses that change with their contents.

1. The version stands in the path, `/static/<version>/pi/view.js`, so a module that another one imports by a relative
   name has it too, and a browser keeps them all for ever. An older version brings the file as it is now, not kept.
2. Whole lines of comment stay here: they are a third of what would travel. Lines keep their numbers.
"""

import hashlib
import re
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

from tornado.web import HTTPError, StaticFileHandler

from .place import Place

#: What is served of web/; templates lie beside it.
SERVED = (".js", ".css", ".svg")
#: A file needs nothing from anywhere, wherever somebody opens it.
#: (A script that runs as a worker lives under the policy it came with: it takes its modules and digits from here.)
POLICY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
}
#: Hexadecimal digits of a version.
LENGTH = 12
#: What one module takes from another.
IMPORT = re.compile(r"""\b(?:from|import)\s*"(\.[^"]+)\"""")
#: A comment that has its lines for itself, in a script or a style.
COMMENT = re.compile(r"^[ \t]*(?:/\*.*?\*/[ \t]*$|//[^\n]*)", re.DOTALL | re.MULTILINE)


class StaticFiles(StaticFileHandler):
    """The files, and the addresses that `static_url` makes of them."""

    _kept = False

    @classmethod
    def make_static_url(cls, settings: dict[str, Any], path: str, include_version: bool = True) -> str:
        """The address of a file, with the version of all."""
        place: Place = settings["place"]
        return place.at(f"static/{version(settings['static_path'])}/{path}" if include_version else f"static/{path}")

    def parse_url_path(self, url_path: str) -> str:
        """The file's path, without the version before it."""
        first, _, rest = url_path.partition("/")
        if not re.fullmatch(f"[0-9a-f]{{{LENGTH}}}", first):
            return super().parse_url_path(url_path)
        self._kept = first == version(self.root)
        return super().parse_url_path(rest)

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        if "\0" in absolute_path or not absolute_path.endswith(SERVED):
            raise HTTPError(404)
        return super().validate_absolute_path(root, absolute_path)

    @classmethod
    def get_content(
        cls, abspath: str, start: int | None = None, end: int | None = None
    ) -> Generator[bytes, None, None]:
        yield _bare(Path(abspath))[start:end]

    def get_content_size(self) -> int:
        assert self.absolute_path is not None  # validated
        return len(_bare(Path(self.absolute_path)))

    def set_default_headers(self) -> None:
        for name, value in POLICY.items():
            self.set_header(name, value)
        self.clear_header("Server")

    def set_extra_headers(self, path: str) -> None:
        if not self._kept:
            self.set_header("Cache-Control", "no-cache")
            return
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        for name in ("Accept-Ranges", "Etag", "Last-Modified"):  # nobody asks again for what never changes
            self.clear_header(name)


def version(root: str) -> str:
    """A name for the contents of all that is served; it changes when a file does, also while the server runs."""
    return _digest(tuple((path, path.stat().st_mtime_ns) for path in _served(root)))


def modules(root: str, entry: str) -> list[str]:
    """All modules that `entry` needs, itself first: a page names them, so that they come together, not in turns."""
    found = [entry]
    for name in found:  # it grows meanwhile
        path = Path(root, name)
        for target in IMPORT.findall(path.read_text("utf-8")):
            other = str((path.parent / target).resolve().relative_to(Path(root).resolve()))
            if other not in found:
                found.append(other)
    return found


def _bare(path: Path) -> bytes:
    text = path.read_text("utf-8")
    return COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text).encode()


def _served(root: str) -> list[Path]:
    return sorted(path for path in Path(root).rglob("*") if path.suffix in SERVED)


@cache
def _digest(files: tuple[tuple[Path, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _ in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:LENGTH]
