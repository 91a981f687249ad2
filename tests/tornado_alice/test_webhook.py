"""The webhook over real sockets."""

import asyncio
import json
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from talking import text
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.web import Application

from tornado_alice import Skill, SqliteJournal, request, say, step
from tornado_alice.testing import make_request

SPEAKER = {  # an old smart speaker: no interfaces, no nlu, fields of its own
    "meta": {"client_id": "ru.yandex.quasar.services/1.0", "flags": ["no_cards_support"], "locale": "ru-RU"},
    "request": {"command": "", "original_utterance": "запусти навык", "type": "SimpleUtterance"},
    "session": {"message_id": 0, "new": True, "session_id": "1-2-3", "skill_id": "k", "user_id": "u"},
    "session_state": {},
    "version": "1.0",
}


@pytest.fixture
def app() -> Application:
    skill = Skill("test")

    @skill.script
    def run():
        while True:
            yield say(f"Вы сказали: {request.command or 'ничего'}")

    return Application(skill.handlers())


def post(http_client: AsyncHTTPClient, base_url: str, body: str | bytes, **options: Any) -> Awaitable[HTTPResponse]:
    return http_client.fetch(base_url + "/", method="POST", body=body, raise_error=False, **options)


@pytest.mark.gen_test
async def test_answer(http_client: AsyncHTTPClient, base_url: str) -> None:
    """POST / answers 200 with the reply, session and version echoed, as JSON in UTF-8."""
    response = await post(http_client, base_url, json.dumps(SPEAKER))
    assert response.code == 200
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert json.loads(response.body) == {
        "response": {"text": "Вы сказали: ничего", "end_session": False},
        "session": SPEAKER["session"],
        "version": "1.0",
    }


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        (b"", "body", "not JSON"),
        (b"{", "body", "not JSON"),
        (b"null", "body", "expected an object, got NoneType"),
        (b'{"request": {}}', "session", "required, but missing"),
        (b'{"session": {"session_id": []}}', "session.session_id", "expected a string, got list"),
    ],
)
@pytest.mark.gen_test
async def test_bad_body(http_client: AsyncHTTPClient, base_url: str, body: bytes, field: str, says: str) -> None:
    """What is no request gets 400 and a JSON error that names the field; the server goes on."""
    response = await post(http_client, base_url, body)
    error = json.loads(response.body)["error"]
    assert (response.code, error["code"], error["field"]) == (400, "bad_request", field)
    assert says in error["message"]
    assert (await post(http_client, base_url, json.dumps(SPEAKER))).code == 200


@pytest.mark.parametrize("size", [(1 << 20) + 1, 5 << 20, 150 << 20])
@pytest.mark.gen_test
async def test_body_over_a_mebibyte(http_client: AsyncHTTPClient, base_url: str, size: int) -> None:
    """A body over 1 MiB, however large, gets 413 with a JSON error; the server goes on."""
    response = await post(http_client, base_url, b" " * size)
    assert response.code == 413
    assert json.loads(response.body)["error"]["message"] == f"body: {size} bytes, but 1048576 are allowed"
    assert (await post(http_client, base_url, json.dumps(SPEAKER))).code == 200


@pytest.mark.gen_test
async def test_lone_surrogate_is_echoed(http_client: AsyncHTTPClient, base_url: str) -> None:
    """A request with half of a surrogate pair, which UTF-8 cannot hold, is answered and echoes it as an escape."""
    body = json.dumps(make_request("a")).replace('"a"', '"\\ud83d"')
    response = await post(http_client, base_url, body)
    assert response.code == 200 and b"\\ud83d" in response.body


@pytest.mark.gen_test
async def test_only_post(http_client: AsyncHTTPClient, base_url: str) -> None:
    """The webhook alone answers other methods with 405."""
    assert (await http_client.fetch(base_url + "/", raise_error=False)).code == 405


@pytest.mark.gen_test
async def test_turns_under_way_end_before_the_journal_closes(tmp_path: Path) -> None:
    """stop() lets a turn under way end: it is answered and kept."""
    skill, gate = Skill("ending", journal=SqliteJournal(tmp_path / "j.sqlite3")), asyncio.Event()

    @skill.script
    def run():
        yield step(gate.wait)
        yield say("успел")

    await skill.start()
    task = asyncio.ensure_future(skill.handle(make_request("", 0)))
    skill.webhook._under_way.add(task)
    await asyncio.sleep(0)
    stopping = asyncio.ensure_future(skill.stop())
    await asyncio.sleep(0)
    gate.set()
    await stopping
    assert text(task.result()) == "успел"
