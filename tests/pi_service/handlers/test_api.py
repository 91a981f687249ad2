"""The JSON API, row by row, with the texts of its errors."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from pi_service.handlers.base import SECURITY
from pi_service.jobs import NewEvent, Stage
from pi_service.service import Service
from pi_service.testing import MemoryEngine, digits_of_pi

pytestmark = pytest.mark.gen_test
JSON = {"Content-Type": "application/json"}
PI = digits_of_pi(1000)
RANGE = "n must be a whole number from 1 to 1000000; got "


@pytest.fixture
def call(http_client: AsyncHTTPClient, base_url: str) -> Any:
    """Send a request; the answer, and its JSON. Every answer has the security headers."""

    async def send(method: str, path: str, body: Any = None, headers: Any = None) -> tuple[HTTPResponse, Any]:
        sent = body if isinstance(body, str | bytes | None) else json.dumps(body)
        response = await http_client.fetch(
            base_url + path,
            method=method,
            body=sent,
            headers=JSON if headers is None else headers,
            raise_error=False,
            follow_redirects=False,
            allow_nonstandard_methods=True,
        )
        assert {name: response.headers.get(name) for name in SECURITY} == SECURITY
        return response, json.loads(response.body) if response.body else None

    return send


@pytest.fixture
def refused(call: Any) -> Any:
    """Send a request that must be refused because of `field`; its status, code and message."""

    async def send(*args: Any, field: str | None = None) -> tuple[int, str, str]:
        response, data = await call(*args)
        assert list(data) == ["error"]
        error = data["error"]
        assert [key for key in error if key != "values"] == (["code", "message", *(["field"] if field else [])])
        assert error.get("field") == field
        assert response.headers["Cache-Control"] == "no-store"
        return response.code, error["code"], error["message"]

    return send


async def test_new_job(call: Any, service: Service) -> None:
    """POST answers 201 with the job and its address, and the second time 200 with the same job."""
    response, job = await call("POST", "/api/jobs", {"n": 1000})
    assert (response.code, response.headers["Location"]) == (201, "/api/jobs/1000")
    assert (job["n"], job["status"], job["attempt"], job["digit"]) == (1000, "scheduled", 1, None)
    await service.wait(1000)
    response, job = await call("POST", "/api/jobs", {"n": 1000})
    assert (response.code, job["status"], job["digit"], job["progress"]) == (200, "stored", 9, 1.0)
    keys = "n status progress digit error registered_at started_at finished_at seconds attempt"
    assert set(job) == set(keys.split())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"n": 0}, RANGE + "0"),
        ({"n": 1000001}, RANGE + "1000001"),
        ({"n": -5}, RANGE + "-5"),
        ({"n": 5.0}, RANGE + "5.0"),
        ({"n": "5"}, RANGE + "'5'"),
        ({"n": True}, RANGE + "True"),
        ({"n": None}, RANGE + "None"),
        ({}, RANGE + "None"),
        ("[5]", 'the body must be a JSON object like {"n": 1000}; got [5]'),
        ("5", 'the body must be a JSON object like {"n": 1000}; got 5'),
        ("n=5", "the body must be JSON like {\"n\": 1000}; got 'n=5'"),
        ("", "the body must be JSON like {\"n\": 1000}; got ''"),
        (b"\xff\xfe", "the body must be JSON like {\"n\": 1000}; got '\ufffd\ufffd'"),
        ('{"n": 1e400}', RANGE + "inf"),
        ('{"n": ' + "9" * 60 + "}", RANGE + "a number of more than 50 digits"),
        ('{"n": ' + "9" * 5000 + "}", 'the body must be JSON like {"n": 1000}; got \'{"n": ' + "9" * 44 + "'"),
        ("[" * 50_000, 'the body must be JSON like {"n": 1000}; got \'' + "[" * 50 + "'"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_bad_body(refused: Any, service: Service, body: Any, message: str) -> None:
    """A body that names no n from 1 to the limit is refused; the text says what was sent and what is allowed."""
    field = "n" if message.startswith("n ") else "body"
    assert await refused("POST", "/api/jobs", body, field=field) == (400, "bad_request", message)
    assert service.jobs()[1] == 0


@pytest.mark.parametrize("given", ["application/x-www-form-urlencoded", "text/plain", "text/json", "json"])
async def test_only_json(refused: Any, service: Service, given: str) -> None:
    """What a foreign page's form could send is no JSON and is refused."""
    text = f"Content-Type must be application/json; got '{given}'"
    answer = await refused("POST", "/api/jobs", {"n": 5}, {"Content-Type": given}, field="Content-Type")
    assert answer == (415, "unsupported_media_type", text)
    assert service.job(5) is None


async def test_json_with_charset(call: Any) -> None:
    """The content type may have parameters and any case."""
    response, _ = await call("POST", "/api/jobs", {"n": 5}, {"Content-Type": "Application/JSON; charset=utf-8"})
    assert response.code == 201


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost", "http://localhost:1"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "/api/jobs", '{"n": 5}'), ("DELETE", "/api/jobs/7", None), ("POST", "/api/jobs/7/retry", "")],
)
async def test_foreign_origin(refused: Any, service: Service, origin: str, method: str, path: str, body: Any) -> None:
    """A page of another site (another port is another site) changes nothing."""
    service.submit(7)
    job = await service.wait(7)
    text = f"requests from pages of '{origin}' are not accepted"
    answer = await refused(method, path, body, {**JSON, "Origin": origin}, field="Origin")
    assert answer == (403, "foreign_origin", text)
    assert service.jobs()[0] == [job]


async def test_own_origin(call: Any, base_url: str) -> None:
    """Our own pages send their Origin and are heard."""
    response, _ = await call("POST", "/api/jobs", {"n": 5}, {**JSON, "Origin": base_url})
    assert response.code == 201


async def test_body_too_large(refused: Any) -> None:
    """A body above 64 KiB is refused."""
    body = " " * 70_000 + '{"n": 5}'
    answer = await refused("POST", "/api/jobs", body, field="body")
    assert answer == (413, "too_large", "a body may have 65536 bytes; got 70008")


async def test_list(call: Any, service: Service, engine: MemoryEngine) -> None:
    """The list takes status, q, sort, page and per_page; `total` counts all pages."""
    for n in (100, 20, 1000):
        service.submit(n)
        await service.wait(n)
    engine.gate.clear()
    service.submit(2000)

    async def listed(query: str) -> tuple[list[int], int]:
        response, data = await call("GET", f"/api/jobs?{query}")
        assert response.code == 200
        assert set(data) == {"jobs", "total"}
        return [job["n"] for job in data["jobs"]], data["total"]

    assert await listed("") == ([2000, 1000, 20, 100], 4)
    assert await listed("status=stored") == ([1000, 20, 100], 3)
    assert await listed("q=10") == ([1000, 100], 2)
    assert await listed("q=2&status=stored") == ([20], 1)
    assert await listed("sort=n&per_page=3") == ([20, 100, 1000], 4)
    assert await listed("sort=n&per_page=3&page=2") == ([2000], 4)
    assert await listed("sort=-n") == ([2000, 1000, 100, 20], 4)
    assert await listed("status=&q=&sort=-registered_at&page=1&per_page=500") == ([2000, 1000, 20, 100], 4)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "status=done",
            "status must be one of registered, scheduled, taken, calculated, stored, error, cancelled; got 'done'",
        ),
        ("q=1x", "q must be a whole number of at least 0; got '1x'"),
        (
            "sort=x",
            "sort must be one of n, status, registered_at, finished_at, seconds, or one with '-' before it; got 'x'",
        ),
        ("page=0", "page must be a whole number from 1 to 1000000000; got '0'"),
        ("page=x", "page must be a whole number from 1 to 1000000000; got 'x'"),
        ("per_page=0", "per_page must be a whole number from 1 to 500; got '0'"),
        ("per_page=501", "per_page must be a whole number from 1 to 500; got '501'"),
    ],
)
async def test_bad_list(refused: Any, query: str, message: str) -> None:
    """A query that is not allowed names the field, what was sent and what is allowed."""
    field = message.partition(" ")[0]
    assert await refused("GET", f"/api/jobs?{query}", field=field) == (400, "bad_request", message)


async def test_one_job(call: Any, service: Service) -> None:
    """A job comes with its events, oldest first."""
    service.submit(1000)
    await service.wait(1000)
    response, job = await call("GET", "/api/jobs/1000")
    assert (response.code, job["digit"]) == (200, 9)
    assert [event["stage"] for event in job["events"]] == ["registered", "scheduled", "taken", "calculated", "stored"]
    assert set(job["events"][0]) == {"id", "n", "attempt", "stage", "progress", "at", "detail"}
    assert job["more"] is False


async def test_altered_digits(refused: Any, call: Any, service: Service, tmp_path: Path, logs: Any) -> None:
    """A window of digits that were altered on disk is refused with 503, not kept by anybody, and comes back right."""
    service.submit(1000)
    await service.wait(1000)
    (tmp_path / "data" / "digits.txt").write_text("3" * 1001)
    status, code, message = await refused("GET", "/v1/pi?start=0&numberOfDigits=100")
    assert (status, code) == (503, "unavailable")
    assert message.startswith("the digits from 0 on are damaged on disk")
    while service.available < 1000:
        await service.feed.news()
    assert (await call("GET", "/v1/pi?start=0&numberOfDigits=100"))[1] == {"content": PI[:100]}
    logs.take("GET /v1/pi: the digits from 0 on are damaged on disk")
    logs.take("503 GET")
    logs.take("digits of 1 stored jobs are lost")


async def test_events_in_pages(call: Any, refused: Any, service: Service, engine: MemoryEngine) -> None:
    """A long history comes in pages of at most 500 events, each after the last id of the one before."""
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    for k in range(1, 601):
        service._parts.runner._record(1000, NewEvent(Stage.TAKEN, progress=k / 1000))
    whole = [event.as_json() for event in service.events(1000)]
    assert len(whole) == 603
    job = (await call("GET", "/api/jobs/1000"))[1]
    assert (job["events"], job["more"]) == (whole[:500], True)
    job = (await call("GET", f"/api/jobs/1000?after={whole[499]['id']}"))[1]
    assert (job["events"], job["more"], job["status"]) == (whole[500:], False, "taken")
    job = (await call("GET", f"/api/jobs/1000?after={whole[499]['id']}&limit=103"))[1]
    assert (job["events"], job["more"]) == (whole[500:], False)
    job = (await call("GET", "/api/jobs/1000?limit=1"))[1]
    assert (job["events"], job["more"]) == (whole[:1], True)
    for query, told in (
        ("limit=501", "limit must be a whole number from 1 to 500; got '501'"),
        ("limit=0", "limit must be a whole number from 1 to 500; got '0'"),
        ("after=x", "after must be a whole number of at least 0; got 'x'"),
    ):
        assert await refused("GET", f"/api/jobs/1000?{query}", field=query[:5]) == (400, "bad_request", told)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    ("n", "status", "code", "message"),
    [
        ("7", 404, "not_found", "there is no job with n = 7"),
        ("007", 404, "not_found", "there is no job with n = 7"),
        ("999999999999999", 404, "not_found", "there is no job with n = 999999999999999"),
        ("0", 400, "bad_request", "n must be a whole number of at least 1; got '0'"),
        ("x", 400, "bad_request", "n must be a whole number of at least 1; got 'x'"),
        ("1" * 100, 400, "bad_request", "n must be a whole number of at least 1; got '" + "1" * 50 + "'"),
        ("%D9%A1", 400, "bad_request", "n must be a whole number of at least 1; got '١'"),
    ],
)
async def test_no_such_job(refused: Any, method: str, n: str, status: int, code: str, message: str) -> None:
    """An unknown job is 404, something that is no number 400."""
    field = "n" if status == 400 else None
    assert await refused(method, f"/api/jobs/{n}", field=field) == (status, code, message)


async def test_cancel_retry_remove(call: Any, refused: Any, service: Service, engine: MemoryEngine) -> None:
    """DELETE cancels what runs and removes what is finished; POST retry runs a cancelled job again."""
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    text = "event 'registered' is not allowed in state 'taken'"
    assert await refused("POST", "/api/jobs/1000/retry", "") == (409, "conflict", text)
    response, job = await call("DELETE", "/api/jobs/1000")
    assert (response.code, job["status"]) == (200, "cancelled")
    engine.gate.set()
    response, job = await call("POST", "/api/jobs/1000/retry", "", {})  # no body, so no content type either
    assert (response.code, job["status"], job["attempt"]) == (200, "scheduled", 2)
    await service.wait(1000)
    response, job = await call("DELETE", "/api/jobs/1000")
    assert (response.code, job["status"]) == (200, "removed")
    assert await refused("DELETE", "/api/jobs/1000") == (404, "not_found", "there is no job with n = 1000")


async def test_restore(call: Any, refused: Any, service: Service) -> None:
    """A removed job comes back as it was, with its digits and its history; twice is once."""
    service.submit(1000)
    before = await service.wait(1000)
    await call("DELETE", "/api/jobs/1000")
    for _ in range(2):
        response, job = await call("POST", "/api/jobs/1000/restore", "", {})
        assert (response.code, job) == (200, before.as_json())
    stages = [event["stage"] for event in (await call("GET", "/api/jobs/1000"))[1]["events"]]
    assert stages[-3:] == ["stored", "removed", "stored"]
    text = "there is no removed job with n = 7"
    assert await refused("POST", "/api/jobs/7/restore", "") == (404, "not_found", text)


async def test_bulk(call: Any, service: Service) -> None:
    """One call does a command with a list, a line or all that pass a filter; the answer counts by kind."""
    service.submit(2000)
    await service.wait(2000)  # the others are on disk then: none of them waits, and the queue cannot be full
    response, answer = await call("POST", "/api/jobs/bulk", {"command": "add", "n": "10, 100, 1 000-1001"})
    assert (response.code, answer) == (200, {"done": 4, "kept": {}, "n": [10, 100, 1000, 1001]})
    _, answer = await call("POST", "/api/jobs/bulk", {"command": "remove", "filter": {"least": "100", "most": "1000"}})
    assert answer == {"done": 2, "kept": {}, "n": [100, 1000]}
    _, answer = await call("POST", "/api/jobs/bulk", {"command": "remove", "n": [10, 7]})
    assert answer == {"done": 1, "kept": {"not_found": 1}, "n": [10]}
    _, answer = await call("POST", "/api/jobs/bulk", {"command": "cancel", "filter": {}})
    assert answer == {"done": 0, "kept": {"conflict": 2}, "n": []}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"command": "burn", "n": [1]}, "command"),
        ({"command": "remove"}, "n"),
        ({"command": "remove", "n": list(range(5001))}, "n"),
        ({"command": "remove", "n": ["1"]}, "n"),
        ({"command": "remove", "filter": {"status": "done"}}, "status"),
        ({"command": "remove", "filter": {"least": 5}}, "n"),
        ({"command": "add", "n": "ten"}, "n"),
    ],
    ids=str,
)
async def test_bad_bulk(refused: Any, sent: Any, field: str) -> None:
    """A call for many that names no jobs or no command changes nothing and says which field is wrong."""
    status, code, _ = await refused("POST", "/api/jobs/bulk", sent, field=field)
    assert (status, code) == (400, "bad_request")


async def test_refusals_carry_their_facts(call: Any, service: Service) -> None:
    """What a message says is there as values too, so that a page can say it in its reader's language."""
    _, answer = await call("POST", "/api/jobs", {"n": 0})
    assert answer["error"]["values"] == {"reason": "whole", "least": 1, "most": 1_000_000, "got": "0"}
    _, answer = await call("DELETE", "/api/jobs/7")
    assert answer["error"]["values"] == {"n": 7}


async def test_queue_full(refused: Any, service: Service, engine: MemoryEngine) -> None:
    """A full queue answers 429."""
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    for n in (1001, 1002, 1003):
        service.submit(n)
    text = "3 jobs are waiting and 3 may; try again later"
    assert await refused("POST", "/api/jobs", {"n": 1004}) == (429, "queue_full", text)


async def test_database_locked(refused: Any, service: Service, logs: Any) -> None:
    """A database that does not take the change answers 503 and says so in the log."""
    other = sqlite3.connect(service._directory / "jobs.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    text = "the jobs database is locked by another process (database is locked); nothing was changed, try again later"
    assert await refused("POST", "/api/jobs", {"n": 5}) == (503, "unavailable", text)
    other.execute("ROLLBACK")
    other.close()
    logs.take("POST /api/jobs: the jobs database is locked")
    logs.take("503 POST /api/jobs")


async def test_our_own_mistake(refused: Any, service: Service, logs: Any, monkeypatch: Any) -> None:
    """An unexpected exception is answered 500 without its text, logged with its traceback, and the server goes on."""
    monkeypatch.setattr(service, "submit", lambda n: 1 / 0)
    answer = await refused("POST", "/api/jobs", {"n": 5})
    assert answer == (500, "internal_server_error", "Internal Server Error")
    assert "ZeroDivisionError" in logs.take("Uncaught exception POST /api/jobs")
    logs.take("500 POST /api/jobs")
    monkeypatch.undo()
    service.submit(5)


async def test_window(call: Any, service: Service) -> None:
    """A window of digits, by default the first hundred, position 0 being the 3; it may be kept for ever."""
    service.submit(1000)
    await service.wait(1000)
    response, data = await call("GET", "/v1/pi?start=0&numberOfDigits=100")
    assert data == {"content": PI[:100]}
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert (await call("GET", "/v1/pi"))[1] == {"content": PI[:100]}
    assert (await call("GET", "/v1/pi?start=1000&numberOfDigits=1"))[1] == {"content": PI[1000]}
    response, _ = await call("HEAD", "/v1/pi?numberOfDigits=5")
    assert (response.code, response.headers["Content-Length"]) == (200, str(len('{"content":"31415"}')))


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("start=-1", 400, "start must be a whole number of at least 0; got '-1'"),
        ("start=x", 400, "start must be a whole number of at least 0; got 'x'"),
        ("numberOfDigits=0", 400, "numberOfDigits must be a whole number from 1 to 10000; got '0'"),
        ("numberOfDigits=10001", 400, "numberOfDigits must be a whole number from 1 to 10000; got '10001'"),
        (
            "start=9&numberOfDigits=3",
            404,
            "digits 9 to 11 were asked for, but only 10 digits after the point are on disk",
        ),
        (
            "start=999999999999999",
            404,
            "digits 999999999999999 to 1000000000000098 were asked for, but only 10 digits after the point are on disk",
        ),
    ],
)
async def test_bad_window(refused: Any, service: Service, query: str, status: int, message: str) -> None:
    """A window that is no window, or not on disk, is refused; the latter says how many digits there are."""
    service.submit(10)
    await service.wait(10)
    code, field = ("bad_request", message.partition(" ")[0]) if status == 400 else ("not_found", None)
    assert await refused("GET", f"/v1/pi?{query}", field=field) == (status, code, message)


async def test_search(call: Any, service: Service) -> None:
    """A search answers the first position and the digits around it, from `start` on; null if there is none."""
    service.submit(1000)
    await service.wait(1000)
    _, data = await call("GET", "/api/search?q=999999")
    assert data == {"q": "999999", "position": 762, "around": PI[752:778], "searched": 1000}
    _, data = await call("GET", "/api/search?q=9999&start=763")
    assert data["position"] == 763
    _, data = await call("GET", "/api/search?q=999999&start=763")
    assert data == {"q": "999999", "position": None, "around": "", "searched": 1000}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "q must be 1 to 50 digits; got ''"),
        ("q=1x", "q must be 1 to 50 digits; got '1x'"),
        ("q=" + "1" * 51, "q must be 1 to 50 digits; got '" + "1" * 51 + "'"),
        ("q=1&start=x", "start must be a whole number of at least 0; got 'x'"),
    ],
)
async def test_bad_search(refused: Any, query: str, message: str) -> None:
    """Only 1 to 50 digits can be searched for."""
    field = message.partition(" ")[0]
    assert await refused("GET", f"/api/search?{query}", field=field) == (400, "bad_request", message)


async def test_load(call: Any, service: Service) -> None:
    """The last hour has sixty minutes, the one under way last."""
    service.submit(10)
    await service.wait(10)
    _, hour = await call("GET", "/api/load")
    assert {name: len(values) for name, values in hour.items()} == {"minutes": 60, "jobs": 60, "queue": 60}
    assert sum(value or 0 for value in hour["jobs"]) == 1


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/jobs/", "/v1", "/v1/e", "/api/jobs/5/x"])
async def test_unknown_path(refused: Any, path: str) -> None:
    """Under /api and /v1 also what is not there is answered in JSON."""
    assert await refused("GET", path) == (404, "not_found", f"there is nothing at {path}")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/jobs"), ("DELETE", "/api/jobs"), ("POST", "/api/jobs/5"), ("POST", "/v1/pi")]
)
async def test_wrong_method(refused: Any, method: str, path: str) -> None:
    """A method that a path does not have is 405."""
    body = None if method == "DELETE" else "{}"
    assert await refused(method, path, body) == (405, "method_not_allowed", "Method Not Allowed")


@pytest.mark.parametrize("path", ["/api/jobs", "/api/jobs/10", "/api/search?q=1"])
async def test_head(call: Any, service: Service, path: str) -> None:
    """HEAD answers what GET does, without the body."""
    service.submit(10)
    await service.wait(10)
    got, _ = await call("GET", path)
    head, nothing = await call("HEAD", path)
    assert (head.code, nothing, head.headers["Content-Length"]) == (200, None, str(len(got.body)))
