"""Two servers on one data directory, and one that loses its journal."""

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tornado_alice.testing import make_request

pytestmark = pytest.mark.slow

EFFECTS = """
import os, time
from tornado_alice import Skill, idempotency_key, say, step
skill = Skill(__name__)

def effect():
    time.sleep(0.05)  # long enough for the other delivery to come
    file = os.open("effects", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(file, (idempotency_key() + "\\n").encode())
    os.close(file)
    return "сделано"

@skill.script
def run():
    yield say("привет")
    while True:
        yield say((yield step(effect)))
"""


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Results of calls that begin together."""
    ready, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(i: int) -> None:
        ready.wait()
        results[i] = calls[i]()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize(("kind", "sessions"), [("file", 20), ("database", 6)])
def test_one_effect_for_one_delivery(
    kind: str,
    sessions: int,
    serve: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """The same message given to two processes at once runs its step once and gets the same bytes from both; so does a
    new session's first one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "effects_of_steps.py"
    path.write_text(EFFECTS, "utf-8")
    place = ["--journal", request.getfixturevalue("database")] if kind == "database" else []
    servers = [serve(str(path), *place) for _ in range(2)]
    for n in range(sessions):
        for message_id in range(3):
            body = make_request("да", message_id, session={"session_id": f"s{n}"})
            answers = at_once(*(partial(server.fetch, "/", body) for server in servers))
            assert answers[0] == answers[1] and answers[0][0] == 200
            assert answers[0][1]["response"]["text"] == ("привет" if message_id == 0 else "сделано")
    effects = Counter((tmp_path / "effects").read_text().split())
    assert len(effects) == 2 * sessions and set(effects.values()) == {1}


def test_a_removed_journal_is_an_ill_server(serve: Callable[..., Any], hello: str, tmp_path: Path) -> None:
    """Once its file is unlinked the server takes no turns into the void: an apology, and health says what to do."""
    server = serve(hello)
    assert server.say("раз", 0) == "1 раз" and server.fetch("/healthz") == (200, {"status": "ok"})
    (tmp_path / "data" / "journal.sqlite3").unlink()
    assert server.say("два", 1).startswith("Извините, не получилось это запомнить")
    for path in ("/healthz", "/readyz"):
        status, answer = server.fetch(path)
        assert status == 503 and "was removed or replaced while it was open: restart the server" in answer["status"]
    assert server.stop() == 0
