"""The one package that travels with the pages, uPlot, is its npm release, unchanged."""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent / "web" / "uplot"
#: What the npm registry says of the release (`npm view uplot@1.6.32 dist.integrity`).
INTEGRITY = "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=="
#: Our files, their place in the release, and their SHA-256 there.
FILES = {
    "LICENSE": ("LICENSE", "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd"),
    "package.json": ("package.json", "6bfea8e275a2f8194e2395d2dc15f64151e69f141db19741e5a5afe75ba4180b"),
    "uPlot.iife.min.js": ("dist/uPlot.iife.min.js", "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"),
    "uPlot.min.css": ("dist/uPlot.min.css", "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04"),
}


def test_our_files_are_those_of_the_release() -> None:
    """Nothing but the release's files lies there, each with the digest it has in the release."""
    assert {path.name for path in HERE.iterdir()} == set(FILES)
    digests = {name: hashlib.sha256((HERE / name).read_bytes()).hexdigest() for name in FILES}
    assert digests == {name: digest for name, (_, digest) in FILES.items()}


@pytest.mark.slow
def test_the_release_is_what_npm_has(tmp_path: Path) -> None:
    """The digests above are those of the tarball that npm serves under the version we name."""
    version = json.loads((HERE / "package.json").read_text())["version"]
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on this machine: the recorded digests were checked, the release was not asked for")
    command = [npm, "pack", f"uplot@{version}", "--silent"]
    packed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    if packed.returncode:
        pytest.skip(f"npm does not reach its registry: {packed.stderr[-200:]}")
    (tarball,) = tmp_path.glob("*.tgz")
    assert base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode() == INTEGRITY
    with tarfile.open(tarball) as release:
        for name, (place, _) in FILES.items():
            file = release.extractfile(f"package/{place}")
            assert file and file.read() == (HERE / name).read_bytes()
