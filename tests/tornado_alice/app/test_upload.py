"""python -m tornado_alice upload: against a fake of the platform that listens on a real port."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tornado_alice import ReplyError, Skill, effect, gallery, image, item, media, say, speech
from tornado_alice.app import resources
from tornado_alice.app.cli import main
from tornado_alice.testing import Dialog

TOKEN = "y0_secret-of-the-author"
CAT, DOG, BELL = b"cat" * 1000, b"dog" * 1000, b"bell" * 100


class Platform(ThreadingHTTPServer):
    """What the platform keeps, and how it misbehaves.

    Attributes:
        troubles: what the next requests are answered instead: (status, body).
        heard: method and path of each request.
        prompt: so many uploads are answered at once; the next one tells by `held`, and waits until it is `let_go`.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.kept: dict[str, dict[str, dict[str, Any]]] = {"images": {}, "sounds": {}}
        self.contents: dict[str, bytes] = {}
        self.total, self.token = 100_000, TOKEN
        self.troubles: list[tuple[int, bytes]] = []
        self.heard: list[str] = []
        self.looks, self.sound_error = 0, None
        self.prompt, self.held, self.let_go = 99, Event(), Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, what: str) -> int:
        return sum(line.startswith(what) for line in self.heard)


class Answering(BaseHTTPRequestHandler):
    server: Platform

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.heard.append(f"{self.command} {self.path}")
        if self.server.troubles:
            status, data = self.server.troubles.pop(0)
        elif self.headers["Authorization"] != f"OAuth {self.server.token}":
            status, data = 401, b'{"message": "Unauthorized"}'
        else:
            status, answer = self.serve(body)
            data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = answer

    def serve(self, body: bytes) -> tuple[int, Any]:
        platform = self.server
        if self.path == "/api/v1/status":
            used = sum(map(len, platform.contents.values()))
            quota = {"quota": {"total": platform.total, "used": used}}
            return 200, {"images": quota, "sounds": quota}
        place, _, rest = self.path.removeprefix("/api/v1/skills/my-skill/").partition("/")
        kept = platform.kept[place]
        if self.command == "DELETE":
            platform.contents.pop(rest, None)
            return (200, {"result": "ok"}) if kept.pop(rest, None) else (404, {"message": "Not found"})
        if self.command == "POST":
            return 201, {place[:-1]: self.keep(place, body)}
        if place == "sounds":
            platform.looks += 1
        for entry in kept.values() if platform.looks > 2 else ():
            entry.update(isProcessed=platform.sound_error is None, error=platform.sound_error)
        return 200, {place: list(kept.values()), "total": len(kept)}

    def keep(self, place: str, body: bytes) -> dict[str, Any]:
        if self.server.count("POST") > self.server.prompt:
            self.server.held.set()
            assert self.server.let_go.wait(20)
        part = message_from_bytes(
            b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body, policy=HTTP
        ).get_payload(0)
        number = len(self.server.heard)
        id = f"1540737/{number}abc" if place == "images" else f"{number}-def"
        self.server.contents[id] = part.get_payload(decode=True)
        self.server.kept[place][id] = {
            "id": id,
            "originalName": part.get_filename(),
            "isProcessed": False,
            "error": None,
        }
        return self.server.kept[place][id]

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def platform() -> Iterator[Platform]:
    server = Platform()
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.let_go.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """media/ with a cat, a dog below it, and a bell; the token is in the environment and nobody waits long."""
    monkeypatch.setenv("ALICE_TOKEN", TOKEN)
    monkeypatch.setattr(resources.Resources.__init__, "__defaults__", (resources.API, (0, 0)))
    monkeypatch.setattr(resources, "CONVERTING", (0, 5))
    place = tmp_path / "media"
    (place / "dogs").mkdir(parents=True)
    (place / "cat.png").write_bytes(CAT)
    (place / "dogs" / "rex.jpg").write_bytes(DOG)
    (place / "bell.mp3").write_bytes(BELL)
    (place / "notes.txt").write_text("рыжий кот")
    (place / ".DS_Store").write_text("")
    return place


def upload(folder: Path, platform: Platform, *options: str) -> int:
    return main(["upload", str(folder), "--skill-id", "my-skill", "--api", platform.url, *options])


def lock(folder: Path) -> media.Lock:
    return media.read_lock(folder.parent / media.LOCK)


def test_uploads_what_is_new(folder: Path, platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    """Each file arrives byte for byte under its name, its id stands in the lock file, and a second run uploads none."""
    assert upload(folder, platform) == 0
    told = capsys.readouterr().out
    assert "3 files, 3 to upload" in told and "left out, no picture or sound: notes.txt" in told and "[3/3]" in told
    kept = lock(folder)
    assert {name: platform.contents[entry.id] for name, entry in {**kept.images, **kept.sounds}.items()} == {
        "cat.png": CAT,
        "dogs/rex.jpg": DOG,
        "bell.mp3": BELL,
    }
    assert {entry["originalName"] for entry in platform.kept["images"].values()} == {"cat.png", "rex.jpg"}
    assert platform.looks > 2, "it waits until the sounds can be played"
    posts = platform.count("POST")
    assert main(["upload", str(folder), "--api", platform.url]) == 0, "the skill is known from the lock file"
    assert "3 files, 0 to upload" in capsys.readouterr().out and platform.count("POST") == posts
    assert lock(folder) == kept


def test_uploads_what_changed(folder: Path, platform: Platform) -> None:
    """A changed file gets a new id, a renamed one keeps its own, one that vanished from the platform comes again."""
    upload(folder, platform)
    before = lock(folder)
    (folder / "cat.png").write_bytes(CAT + b"!")
    (folder / "dogs" / "rex.jpg").rename(folder / "rex.jpg")
    platform.kept["sounds"].clear()
    assert upload(folder, platform) == 0
    after = lock(folder)
    assert platform.contents[after.images["cat.png"].id] == CAT + b"!"
    assert after.images["rex.jpg"] == before.images["dogs/rex.jpg"] and "dogs/rex.jpg" not in after.images
    assert after.sounds["bell.mp3"].id != before.sounds["bell.mp3"].id
    assert before.images["cat.png"].id in platform.kept["images"], "a version that runs may show it still"


def test_lists_and_plans_without_a_change(folder: Path, platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    """--dry-run and --list tell files, ids, what is unused and how much room there is, and change nothing."""
    assert upload(folder, platform, "--dry-run") == 0
    assert "dogs/rex.jpg, 2 KiB" in capsys.readouterr().out
    assert platform.count("POST") == 0 and not (folder.parent / media.LOCK).exists()
    upload(folder, platform)
    (folder / "cat.png").unlink()
    upload(folder, platform)
    capsys.readouterr()
    assert upload(folder, platform, "--list") == 0
    told = capsys.readouterr().out
    used = lock(folder).images["dogs/rex.jpg"].id
    assert f"  {used}  dogs/rex.jpg\n" in told and "unused (cat.png)\n" in told
    assert "images: 2, 91 KiB of the account's quota are free" in told
    assert platform.count("DELETE") == 0


@pytest.mark.parametrize(("said", "deleted"), [("да\n", True), ("y\n", True), ("\n", False), ("", False)])
def test_deletes_what_is_unused_when_told(
    said: str, deleted: bool, folder: Path, platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """--delete-unused asks first, and deletes only what no file of the folder needs."""
    upload(folder, platform)
    kept = lock(folder)
    (folder / "cat.png").unlink()
    (tmp_path / "answer").write_text(said)
    with (tmp_path / "answer").open() as answers:
        monkeypatch.setattr(sys, "stdin", answers)
        assert upload(folder, platform, "--delete-unused") == 0
    assert (kept.images["cat.png"].id not in platform.kept["images"]) is deleted
    assert kept.images["dogs/rex.jpg"].id in platform.kept["images"]
    assert kept.sounds["bell.mp3"].id in platform.kept["sounds"]


def test_the_quota_is_looked_at_first(folder: Path, platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no room nothing is uploaded, and --delete-unused --yes makes room in the same run."""
    platform.total = len(CAT)
    assert upload(folder, platform) == 1
    assert "images: 5 KiB to upload, but only 2 KiB of the account's quota are free" in capsys.readouterr().err
    assert platform.count("POST") == 0
    platform.kept["images"]["1/old"] = {"id": "1/old", "origUrl": None}
    platform.total, platform.contents["1/old"] = 7000, b"x" * 6000
    assert upload(folder, platform) == 1
    assert upload(folder, platform, "--delete-unused", "--yes") == 0
    assert len(platform.contents) == 3


def test_troubles_that_pass(folder: Path, platform: Platform) -> None:
    """429 and 5xx are tried again; what stays is told with the platform's words, and the lock has what was uploaded."""
    platform.troubles = [(503, b""), (429, b"")]
    assert upload(folder, platform) == 0
    assert len(platform.contents) == 3


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (400, b'{"message": "Bad picture"}', "400 Bad picture"),
        (403, b"<html>", "403 Forbidden; is the token of the account that owns the skill"),
        (404, b"{}", "is --skill-id the one that the console shows?"),
        (200, b"[1]", "the platform has answered what this version does not know: [1]"),
        (200, b"rubbish", "the platform has answered what this version does not know: None"),
        (302, b"", "302 Found"),
    ],
)
def test_troubles_that_stay(
    status: int, body: bytes, says: str, folder: Path, platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the platform refuses is told in its words with a remedy, without the token."""
    platform.troubles = [(status, body)] * 9
    assert upload(folder, platform) == 1
    told = capsys.readouterr()
    assert says in told.err and TOKEN not in told.out + told.err


def test_no_network(folder: Path, platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    """A platform that cannot be reached is one readable line."""
    platform.shutdown()
    platform.server_close()
    assert upload(folder, platform) == 1
    assert "Connection refused; is the network there?" in capsys.readouterr().err


def test_a_sound_that_cannot_be_converted(folder: Path, platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    """What the platform says of a sound is told under the file's name, and the next run sends it again."""
    platform.sound_error = "Too long"
    assert upload(folder, platform) == 0
    assert "  bell.mp3: Too long" in capsys.readouterr().out
    posts = platform.count("POST")
    assert upload(folder, platform) == 0
    assert platform.count("POST") == posts + 1


@pytest.mark.slow
def test_goes_on_after_an_interruption(folder: Path, platform: Platform) -> None:
    """Ctrl-C in the second file: the first is in the lock file, and the same command uploads only what is missing."""
    command = [sys.executable, "-m", "tornado_alice", "upload", str(folder), "--skill-id", "my-skill", "--api"]
    (folder / "bell.mp3").unlink()
    environment = os.environ | {"PYTHONPATH": str(Path(media.__file__).parents[1])}
    platform.prompt = 1
    process = subprocess.Popen(
        [*command, platform.url], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert platform.held.wait(20)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1 and "the same command goes on" in errors
    assert list(lock(folder).images) == ["cat.png"]
    platform.let_go.set()
    assert upload(folder, platform) == 0
    assert list(lock(folder).images) == ["cat.png", "dogs/rex.jpg"]


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        (lambda folder: (folder / "tiny.png").write_bytes(b"x"), (), "tiny.png: 1 B; the platform takes images of"),
        (lambda folder: (folder / "big.png").write_bytes(bytes(2 << 20)), (), "big.png: 2.0 MiB"),
        (lambda folder: (folder.parent / media.LOCK).write_text("{"), (), "damaged"),
        (lambda folder: (folder.parent / media.LOCK).write_text('{"skill_id": "s", "images": 5}'), (), "damaged"),
        (
            lambda folder: (folder.parent / media.LOCK).write_text('{"skill_id": "s", "images": {}, "sounds": {}}'),
            (),
            "is of skill s, not of my-skill",
        ),
        (lambda folder: (folder / "t").write_text("\nsecret"), ("--token-file", "media/t"), "its first line is empty"),
        (lambda folder: None, ("--token-file", "nowhere"), "--token-file nowhere: No such file"),
        (lambda folder: None, ("--api", "http://example.com"), "https://... only, since the token goes there"),
        (lambda folder: os.environ.pop("ALICE_TOKEN"), (), "the environment has no ALICE_TOKEN"),
    ],
)
def test_what_cannot_be_uploaded(
    change: Any,
    options: tuple[str, ...],
    says: str,
    folder: Path,
    platform: Platform,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file, lock, token or address that cannot work is told before anything is sent."""
    monkeypatch.chdir(folder.parent)
    change(folder)
    assert upload(folder, platform, *options) == 1
    assert says in capsys.readouterr().err
    assert platform.count("POST") == 0


def test_no_folder_no_skill(folder: Path, platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not there, and a skill that nobody named, are asked for."""
    assert main(["upload", str(folder), "--api", platform.url]) == 1
    assert "name the skill with --skill-id" in capsys.readouterr().err
    assert upload(folder / "nowhere", platform) == 1
    assert "there is no folder" in capsys.readouterr().err


SCRIPT = """
from tornado_alice import Skill, effect, gallery, image, item, say, speech

skill = Skill('cats')

@skill.script
def run_script():
    yield say('Кот', image('cat.png', 'Том'))
    yield say('Пёс', gallery(item('Рекс', image_id='dogs/rex.jpg'), item('Кот', image_id='1/2')))
    yield say(speech('Звонок', effect('bell.mp3')))
    yield say('Нет', image('cta.png'))
"""


def load(folder: Path) -> Skill:
    space: dict[str, Any] = {"__name__": "cats"}
    file = folder.parent / "cats.py"
    file.write_text(SCRIPT)
    exec(compile(SCRIPT, str(file), "exec"), space)
    return space["skill"]


def test_a_script_names_files(folder: Path, platform: Platform, logs: Any) -> None:
    """image(), item() and effect() take names of files; an unknown one is an error with the nearest name."""
    upload(folder, platform)
    kept = lock(folder)
    with Dialog(load(folder), strict=True) as dialog:
        assert dialog.say("").response["card"]["image_id"] == kept.images["cat.png"].id
        shown = [one["image_id"] for one in dialog.say("1").response["card"]["items"]]
        assert shown == [kept.images["dogs/rex.jpg"].id, "1/2"]
        sound = f"dialogs-upload/my-skill/{kept.sounds['bell.mp3'].id}.opus"
        assert dialog.say("2").response["tts"] == f'Звонок <speaker audio="{sound}">'
        unknown = "'cta.png' is none of the images in media.lock.json; did you mean 'cat.png'"
        with pytest.raises(ReplyError, match=unknown):
            dialog.say("3")
    logs.take(unknown)


def test_new_ids_are_a_new_version(folder: Path, platform: Platform) -> None:
    """What was uploaded belongs to a script's version, as its source does."""
    without = load(folder).dialogs.script.version
    upload(folder, platform)
    media._nearest.cache_clear()
    first = load(folder).dialogs.script.version
    (folder / "cat.png").write_bytes(CAT + b"!")
    upload(folder, platform)
    media._read_once.cache_clear()
    assert len({without, first, load(folder).dialogs.script.version}) == 3


def test_nothing_was_uploaded() -> None:
    """Without a lock file a file's name is an error that tells the command; ids and library sounds are as ever."""
    with pytest.raises(ReplyError, match=r"'cat.png': there is no media.lock.json in the folder of .*test_upload.py"):
        image("cat.png")
    with pytest.raises(ReplyError, match="`python -m tornado_alice upload FOLDER` writes it"):
        effect("bell.mp3")
    assert say("а", image("1/2"), gallery(item("б", image_id="1/3")))["card"]["items"][0]["image_id"] == "1/3"
    assert say(speech("а", effect("bell-1")))["tts"] == 'а <speaker audio="alice-sounds-bell-1.opus">'
