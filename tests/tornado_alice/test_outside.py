"""What a script does to the outside without a step: told live, refused in replay."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tornado_alice import MemoryJournal, Skill, request, say, step
from tornado_alice.app.loading import load_skill
from tornado_alice.testing import Dialog


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write("x")


def send_order(folder: Path) -> None:
    with socket.socket() as server, socket.socket() as sent:  # the functions of socket leave theirs to the collector
        server.bind(("127.0.0.1", 0))
        server.listen()
        sent.connect(server.getsockname())
        sent.sendall(b"order")
        append(folder.parent / "orders")


def start_program(folder: Path) -> None:
    subprocess.run([sys.executable, "-S", "-c", f"open({str(folder / 'started')!r}, 'a').write('x')"], check=True)


def write_database(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "shop.sqlite3")) as conn, conn:
        conn.execute("CREATE TABLE IF NOT EXISTS orders (n)")
        conn.execute("INSERT INTO orders VALUES (1)")


def read_database(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "quiz.sqlite3")) as conn:
        conn.execute("SELECT * FROM q").fetchall()


def use_memory(_: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute("CREATE TABLE t (n)")


ACTS: dict[str, Callable[[Path], object]] = {
    "a network connection": send_order,
    "a file opened for writing": lambda folder: append(folder / "log"),
    "a file opened for writing, low": lambda folder: os.close(os.open(folder / "low", os.O_CREAT | os.O_WRONLY)),
    "a program started": start_program,
    "a file removed": lambda folder: (folder / "kept").unlink(),
    "a file renamed": lambda folder: (folder / "kept").rename(folder / "moved"),
    "a folder made": lambda folder: (folder / "new").mkdir(),
    "a database changed": write_database,
}
QUIET: dict[str, Callable[[Path], object]] = {
    "reading a file": lambda folder: (folder / "kept").read_text(),
    "reading a database": read_database,
    "a database in memory": use_memory,
    "an import": lambda _: __import__("antigravity_of_tests"),
    "a step": lambda _: None,
}


def traces(folder: Path) -> dict[str, int]:
    """What is in the folder and beside it: names and sizes."""
    return {str(path): path.stat().st_size for path in folder.parent.rglob("*") if path.is_file()}


def acting_skill(act: Callable[[Path], object], folder: Path, **options: Any) -> Skill:
    skill = Skill("acting", journal=MemoryJournal(), **options)

    @skill.script
    def run():
        yield say("привет")
        act(folder)
        while True:
            yield say(f"сделано {request.command}")

    return skill


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "kept").write_text("kept")
    with sqlite3.connect(folder / "quiz.sqlite3") as conn:
        conn.execute("CREATE TABLE q (n)")
    conn.close()
    (tmp_path / "antigravity_of_tests.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_told_live_and_not_repeated_by_replay(act: str, threads: bool, folder: Path, logs: Any) -> None:
    """Live it happens, and one line names the place and the remedy; the replay refuses it and asks on_divergence."""
    with Dialog(acting_skill(ACTS[act], folder, on_divergence="end", sorry="Простите", threads=threads)) as alice:
        alice.say()
        assert alice.say("раз") == "сделано раз"
        line = logs.take(f"test_outside.py:.*{act.partition(',')[0]} outside of a step.*Wrap the call in step")
        assert "WARNING" in line
        before = traces(folder)
        alice.say("два")
        alice.forget()
        assert alice.say("три") == "Простите" and alice.message_id == 4
        logs.take("on_divergence: end")
        assert traces(folder) == before, "nothing was done again"
    while logs.records:  # a connection is several acts, each with a place of its own
        logs.take("outside of a step|held its turn")


def test_an_act_that_the_script_catches_is_refused_all_the_same(folder: Path, logs: Any) -> None:
    """Neither a loop that tries again nor a bare except lets a replay go on as if it had been done."""

    def act(folder: Path) -> None:
        while True:
            try:
                append(folder / "log")
                return
            except Exception:
                continue
            except BaseException:
                return

    with Dialog(acting_skill(act, folder)) as alice:
        alice.say()
        alice.say("раз")
        logs.take("outside of a step")
        alice.forget()
        assert alice.say("два") == "привет", "the script was started anew"
        logs.take("a file opened for writing in a replay, where nothing is done again.*on_divergence: restart")
    assert (folder / "log").read_text() == "x"


@pytest.mark.parametrize("act", QUIET)
def test_what_changes_nothing_stays_silent(act: str, folder: Path) -> None:
    """Reading what belongs to the script, and what an import does, is no act; the dialog goes on after a restart."""
    with Dialog(acting_skill(QUIET[act], folder)) as alice:
        alice.say()
        assert alice.say("раз") == "сделано раз"
        alice.forget()
        assert alice.say("два") == "сделано два"


def test_a_place_is_told_once(folder: Path, logs: Any) -> None:
    """However many sessions come to it, a place is told once in a process."""
    skill = acting_skill(ACTS["a file opened for writing"], folder)
    for _ in range(3):
        with Dialog(skill) as alice:
            alice.say()
            alice.say("раз")
    logs.take("outside of a step")


def test_the_same_act_in_a_step_is_done_once(folder: Path) -> None:
    """Inside step() it is done once, silently, and the replay has its outcome."""
    skill = Skill("steps")

    def write() -> str:
        append(folder / "log")
        return "записано"

    @skill.script
    def run():
        yield say("привет")
        said = yield step(write)
        while True:
            yield say(said)

    with Dialog(skill) as alice:
        alice.say()
        assert alice.say("раз") == "записано"
        alice.forget()
        assert alice.say("два") == "записано"
    assert (folder / "log").read_text() == "x"


#: What a module opens before its skill is made, and the act that uses it.
KEPT = {
    "a database changed": (
        "import sqlite3; db = sqlite3.connect({folder!r} + '/shop.sqlite3', isolation_level=None)",
        "db.execute('INSERT INTO orders VALUES (1)')",
    ),
    "a database changed, its name taken before": (
        "from sqlite3 import connect",
        "connect({folder!r} + '/shop.sqlite3', isolation_level=None).execute('INSERT INTO orders VALUES (1)')",
    ),
    "a request sent": (
        "import http.client; shop = http.client.HTTPConnection('127.0.0.1', {port}); shop.connect()",
        "shop.request('POST', '/orders', b'1'); shop.getresponse().read()",
    ),
}


class Shop(BaseHTTPRequestHandler):
    """Keeps its connections open and counts orders."""

    protocol_version = "HTTP/1.1"
    orders: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        self.orders.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def shop() -> Iterator[int]:
    """The port of a shop."""
    Shop.orders.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("act", KEPT)
def test_what_was_opened_with_the_module_is_watched_too(act: str, folder: Path, shop: int, logs: Any) -> None:
    """A connection that is older than the dialog, to a database or a service, repeats nothing in a replay."""
    with closing(sqlite3.connect(folder / "shop.sqlite3")) as conn:
        conn.execute("CREATE TABLE orders (n)")
    opens, acts = (line.format(folder=str(folder), port=shop) for line in KEPT[act])
    (folder / "hello.py").write_text(
        f"{opens}\nfrom tornado_alice import Skill, say\n"
        "skill = Skill(on_divergence='end', sorry='Простите', threads=False)\n\n"
        "@skill.script\ndef run():\n    yield say('привет')\n"
        f"    {acts}\n    while True:\n        yield say('сделано')\n"
    )
    with Dialog(load_skill(str(folder / "hello.py"))) as alice:
        alice.say()
        assert alice.say("раз") == "сделано"
        logs.take(f"hello.py:.*{act.partition(',')[0]} outside of a step")
        alice.forget()
        assert alice.say("два") == "Простите"
        logs.take("on_divergence: end")
    with closing(sqlite3.connect(folder / "shop.sqlite3")) as conn:
        rows = conn.execute("SELECT count(*) FROM orders").fetchone()[0]
    assert rows + len(Shop.orders) == 1, "it was done once"
    for name in {"db", "shop"} & vars(sys.modules["hello"]).keys():
        getattr(sys.modules["hello"], name).close()
    logs.records = [record for record in logs.records if "held its turn" not in record.getMessage()]
