"""A disk that is really full: a small tmpfs holds the journal."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for about a hundred turns."""
    path = tmp_path / "small"
    path.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount the small disk this test fills")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"this machine mounts no tmpfs: {mounted.stderr.strip()}")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["normal", "power"])
def test_full_disk(serve: Callable[..., Any], hello: str, small_disk: Path, durability: str) -> None:
    """The disk fills up: an apology with HTTP 200, no lost turn, and the dialog goes on once there is room."""
    server = serve(hello, "--durability", durability, data_dir=small_disk)
    server.say("начало", 0, "dialog")
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass  # now it is full
    said, n = "", 0
    while not said.startswith("Извините"):
        said, n = server.say("слово", n, "other"), n + 1
        assert n < 1000
    assert server.say("раз", 1, "dialog").startswith("Извините"), "not acknowledged, not lost"
    filler.unlink()
    assert server.say("раз", 1, "dialog") == "2 раз"
    assert server.say("два", 2, "dialog") == "3 два"
    assert server.say("слово", n, "other") == f"{n} слово", "the turn that was not kept did not count"
    server.kill()
    server = serve(hello, "--durability", durability, data_dir=small_disk)
    assert server.say("три", 3, "dialog") == "4 три"
    server.stop()
