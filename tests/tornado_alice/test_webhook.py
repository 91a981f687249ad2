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
from tornado_alice.dialogs import Dialogs
from tornado_alice.exchange import SECURITY
from tornado_alice.testing import make_request

MIB = (1 << 20) + 1
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
async def test_refusals_have_the_security_headers(http_client: AsyncHTTPClient, base_url: str) -> None:
    """No browser may guess the type of an answer, show a refusal in a frame or keep it; HEAD has no body."""
    for method, body, status in [
        ("HEAD", None, 405),
        ("GET", None, 405),
        ("POST", b"{", 400),
        ("POST", b" " * MIB, 413),
    ]:
        response = await http_client.fetch(base_url + "/", method=method, body=body, raise_error=False)
        assert response.code == status
        assert {name: response.headers.get(name) for name in SECURITY} == SECURITY
        assert (response.body == b"") == (method == "HEAD")
    assert (await post(http_client, base_url, json.dumps(SPEAKER))).headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("skill_id", "status"), [("mine", 200), ("other", 403), ("", 403), (None, 403)])
@pytest.mark.gen_test
async def test_only_the_skills_that_are_served(
    http_client: AsyncHTTPClient, http_port: int, skill_id: str | None, status: int
) -> None:
    """With skill_ids a request of another skill, or of none, gets 403 and a JSON error, and begins no dialog."""
    skill = Skill("mine", skill_ids=["mine"])

    @skill.script
    def run():
        yield say("да")

    answered = Application(skill.handlers()).listen(0, "127.0.0.1")
    port = next(iter(answered._sockets.values())).getsockname()[1]
    body = json.dumps({**SPEAKER, "session": {**SPEAKER["session"], "skill_id": skill_id}})
    response = await post(http_client, f"http://127.0.0.1:{port}", body)
    assert response.code == status
    if status == 403:
        assert json.loads(response.body)["error"]["field"] == "session.skill_id"
    assert skill.dialogs.counts["turns"] == (status == 200)
    answered.stop()


@pytest.mark.gen_test
async def test_long_version(http_client: AsyncHTTPClient, base_url: str) -> None:
    """A `version` of 131 kB, which no answer has room for, is refused by its name."""
    response = await post(http_client, base_url, json.dumps({**SPEAKER, "version": "1" * 131_000}))
    error = json.loads(response.body)["error"]
    assert (response.code, error["field"]) == (400, "version")


@pytest.mark.gen_test
async def test_whatever_fails_there_is_an_answer(
    http_client: AsyncHTTPClient, base_url: str, app: Application, logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody has foreseen is answered with 500 and JSON, and logged with its traceback."""

    async def fail(self: Dialogs, body: bytes) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(Dialogs, "answer", fail)
    response = await post(http_client, base_url, json.dumps(SPEAKER))
    assert (response.code, json.loads(response.body)["error"]["code"]) == (500, "internal_server_error")
    assert "ZeroDivisionError" in logs.take("no answer of the engine")


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


@pytest.mark.gen_test
async def test_headers_of_one_connection_are_not_those_of_another(http_port: int, http_server: Any) -> None:
    """A client that wants its connection closed is told so, alone; lengths are those of each answer."""
    body = json.dumps(SPEAKER).encode()

    async def heads(*connections: str) -> list[dict[str, str]]:
        found = []
        for wanted in connections:
            reader, writer = await asyncio.open_connection("127.0.0.1", http_port)
            lines = f"POST / HTTP/1.1\r\nHost: a\r\nConnection: {wanted}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(lines.encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
            found.append(dict(line.split(": ", 1) for line in head))
            assert len(await reader.readexactly(int(found[-1]["Content-Length"]))) > 0
            writer.close()
        return found

    found = await heads("close", "keep-alive", "close", "keep-alive")
    assert [head.get("Connection") for head in found] == ["close", None, "close", None]
