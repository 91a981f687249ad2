"""`python -m tornado_alice new`: a skill to start from."""

import json
import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from tornado_alice.app import new
from tornado_alice.app.cli import main


@pytest.mark.slow
def test_its_tests_pass_as_made(tmp_path: Path) -> None:
    """The tests and scenarios of the new skill pass, every prompt of it is heard, and its code is tidy."""
    folder = tmp_path / "my skills" / "first"
    assert main(["new", str(folder)]) == 0
    python = [sys.executable, "-m"]

    def run(*words: str) -> str:
        done = subprocess.run([*python, *words], cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    tested = run("pytest", "-p", "no:cacheprovider", "--alice-coverage")
    assert "4 passed" in tested and "\n0 of 3 prompts" in tested
    assert "2 passed, 0 failed" in run("tornado_alice", "test", "scenarios", "skill.py")
    run("ruff", "check", "--isolated", ".")


def test_what_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that it takes to run, test and publish a skill, in an empty folder; the next step is told."""
    main(["new", str(tmp_path)])
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {
        ".dockerignore",
        ".github/workflows/test.yml",
        ".gitignore",
        "Dockerfile",
        "README.md",
        "pytest.ini",
        "requirements-dev.txt",
        "requirements.txt",
        "scenarios/hello.yml",
        "skill.py",
        "test_skill.py",
    }
    assert f"cd {tmp_path} && python -m tornado_alice chat skill.py" in capsys.readouterr().out


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that holds something, and a file, are refused and stay as they are."""
    file = tmp_path / "skill.py"
    file.write_text("mine", "utf-8")
    for place in (tmp_path, file):
        assert main(["new", str(place)]) == 1
        assert f"{place}: there is something already; name a folder that is new or empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["skill.py"] and file.read_text("utf-8") == "mine"
    assert main(["new", str(file / "inside")]) == 1
    assert "name a folder that can be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (None, "tornado_alice==1.2"),
        ({"url": "file:///wheels/x.whl", "archive_info": {}}, "tornado_alice @ file:///wheels/x.whl"),
        (
            {"url": "https://example.com/x", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "tornado_alice @ git+https://example.com/x@abc",
        ),
    ],
)
def test_requirement(origin: object, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new skill asks for the library that made it, from where that was installed."""
    (tmp_path / "METADATA").write_text("Metadata-Version: 2.1\nName: tornado_alice\nVersion: 1.2\n")
    if origin is not None:
        (tmp_path / "direct_url.json").write_text(json.dumps(origin))
    monkeypatch.setattr(
        new,
        "distributions",
        lambda name: [Distribution.at(tmp_path / "none"), Distribution.at(tmp_path)][origin is None :],
    )
    assert new.requirement() == line
