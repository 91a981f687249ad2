"""``python -m tornado_alice new``: a skill to start from, with tests, scenarios and what it takes to publish it.

What is written lies in ``template/``, as it is; names that begin with a dot are kept as ``dot_...``, which wheels and
people see.
"""

import json
from importlib.metadata import distributions
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from shlex import quote

from ..errors import SettingsError
from .terminal import printable

#: The distribution that the new skill needs.
LIBRARY = "tornado_alice"


def write_skill(folder: Path) -> None:
    """Write a new skill into `folder`, and print what to do next.

    Raises:
        SettingsError: it is not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(f"{folder}: there is something already; name a folder that is new or empty")
    needed = requirement()
    try:
        _copy(files(__package__) / "template", folder)
        (folder / "requirements.txt").write_text(f"{needed}\n", "utf-8")
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}; name a folder that can be written") from None
    print(f"{printable(folder)}: a skill with tests, scenarios, Dockerfile and CI. Next:")
    print(f"  cd {printable(quote(str(folder)))} && python -m tornado_alice chat skill.py")
    if " @ file:" in needed:
        print("requirements.txt names a place of this machine; its README tells what Docker and CI need.")


def requirement() -> str:
    """The line of requirements.txt that brings this very library: from the index, or from where pip has got it."""
    found = list(distributions(name=LIBRARY))  # in the folder of a checkout there is a second one, which does not tell
    origins = [origin for library in found if (origin := json.loads(library.read_text("direct_url.json") or "{}"))]
    if found and not origins:
        return f"{LIBRARY}=={found[0].version}"
    origin = origins[0] if origins else {"url": Path(__file__).parents[2].as_uri()}
    vcs = origin.get("vcs_info")
    return f"{LIBRARY} @ {vcs['vcs']}+{origin['url']}@{vcs['commit_id']}" if vcs else f"{LIBRARY} @ {origin['url']}"


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        name = entry.name.replace("dot_", ".", 1) if entry.name.startswith("dot_") else entry.name
        if name == "__pycache__":
            continue
        if entry.is_dir():
            _copy(entry, target / name)
        else:
            (target / name).write_bytes(entry.read_bytes())
