"""Digits over HTTP: downloads in parts, searches back and up to an end, counts."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from pi_service.handlers import digits as module
from pi_service.service import Service
from pi_service.testing import digits_of_pi

pytestmark = pytest.mark.gen_test
PI = digits_of_pi(1000)
TEXT = f"3.{PI[1:]}"
Get = Callable[..., Awaitable[HTTPResponse]]


@pytest.fixture
def get(http_client: AsyncHTTPClient, base_url: str, service: Service) -> Get:
    """Ask for a path, once a thousand digits are there."""

    async def ask(path: str, method: str = "GET", **headers: str) -> HTTPResponse:
        service.submit(1000)
        await service.wait(1000)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await http_client.fetch(base_url + path, method=method, headers=sent, raise_error=False)

    return ask


async def test_download(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    """All digits come as "3." and n digits, whatever the chunks they are read in; other beginnings come bare."""
    for chunk in (1, 7, 1000, 1 << 16):
        monkeypatch.setattr(module, "CHUNK", chunk)
        answer = await get("/v1/pi.txt")
        assert (answer.code, answer.body.decode()) == (200, TEXT)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="pi-0-1000.txt"'
    assert (await get("/v1/pi.txt?from=0&to=0")).body == b"3."
    assert (await get("/v1/pi.txt?from=5&to=25")).body.decode() == PI[5:26]


@pytest.mark.parametrize(("first", "text"), [(0, TEXT), (1, PI[1:])])
async def test_download_in_parts(get: Get, first: int, text: str) -> None:
    """Every range of bytes is that of the whole text, so that a download can be taken up again."""
    path = f"/v1/pi.txt?from={first}"
    for start, stop in ((0, 1), (1, 2), (1, 5), (2, 9), (0, len(text)), (700, len(text))):
        answer = await get(path, Range=f"bytes={start}-{stop - 1}")
        assert (answer.code, answer.body.decode()) == (206, text[start:stop])
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(text)}"
    assert (await get(path, Range="bytes=990-")).body.decode() == text[990:]
    assert (await get(path, Range="bytes=-5")).body.decode() == text[-5:]


async def test_download_refuses(get: Get) -> None:
    """A part behind the end is 416 with the size, another text's ETag brings the whole, digits not there are 404."""
    answer = await get("/v1/pi.txt", Range="bytes=5000-")
    assert (answer.code, json.loads(answer.body)["error"]["message"]) == (
        416,
        "there are 1002 bytes; got 'bytes=5000-'",
    )
    whole = await get("/v1/pi.txt", Range="bytes=0-1", If_Range='"pi-0-999"')
    assert (whole.code, len(whole.body)) == (200, 1002)
    part = await get("/v1/pi.txt", Range="bytes=0-1", If_Range=whole.headers["Etag"])
    assert (part.code, part.body) == (206, b"3.")
    assert (await get("/v1/pi.txt?to=1001")).code == 404
    assert (await get("/v1/pi.txt?from=8&to=7")).code == 400


async def test_head_of_a_download(get: Get) -> None:
    """HEAD says how long it will be, and that parts can be had."""
    answer = await get("/v1/pi.txt?from=1&to=500", "HEAD")
    assert (answer.code, answer.body, answer.headers["Content-Length"]) == (200, b"", "500")
    assert answer.headers["Accept-Ranges"] == "bytes"


async def test_search_back_and_count(get: Get, service: Service) -> None:
    """A search goes back from `start` and ends at `end`; a count covers the same positions."""

    async def ask(path: str) -> Any:
        answer = await get(path)
        return json.loads(answer.body)

    hits = [at for at in range(1, 1001) if PI.startswith("14", at)]
    assert (await ask(f"/api/search?q=14&start={hits[-1] - 1}&back=1"))["position"] == hits[-2]
    assert (await ask(f"/api/search?q=14&start=2&end={hits[1]}"))["position"] is None
    assert await ask("/api/search/count?q=14") == {"q": "14", "count": len(hits)}
    assert (await ask(f"/api/search/count?q=14&end={hits[2]}"))["count"] == 2
    assert (await get("/api/search/count?q=x")).code == 400
