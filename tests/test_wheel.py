"""The wheel, installed into an empty environment outside the checkout, serves everything."""

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tornado_alice.testing import make_request

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    """From the built wheel come the dashboard, a static file, a webhook answer, and a new skill whose tests pass."""

    def run(*command: object):
        done = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    source = tmp_path / "source"  # a copy: building leaves its traces where it works
    tracked = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.splitlines()):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path / "dist", source)
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", *(tmp_path / "dist").glob("*.whl"))
    place = run(python, "-c", "import tornado_alice; print(tornado_alice.__file__)")
    assert place.startswith(str(tmp_path)), "not the checkout"
    run(python, "-m", "tornado_alice", "new", tmp_path / "myskill")
    run(python, "-m", "pip", "install", "--quiet", "-r", tmp_path / "myskill" / "requirements-dev.txt")
    assert "4 passed" in run(python, "-m", "pytest", tmp_path / "myskill")
    command = [python, "-m", "tornado_alice", "--port", "0"]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"http://\S+", server.stdout.readline())[0]

        def fetch(path: str, body: bytes | None = None):
            with urllib.request.urlopen(urllib.request.Request(url + path, body), timeout=30) as answer:
                return answer.read().decode()

        page = fetch("")
        style = re.search(r'href="/(static/[^"]+\.css[^"]*)"', page)[1]
        assert "<table" in page and "{" in fetch(style)
        answer = json.loads(fetch("", json.dumps(make_request("")).encode()))
        assert answer["response"]["text"].startswith("Я знаю число пи")
    finally:
        server.terminate()
        server.communicate(timeout=20)
    assert server.returncode == 0
