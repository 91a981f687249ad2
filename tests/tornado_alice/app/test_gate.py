"""Who may ask for what, over real sockets: foreign hosts, the password, the webhook's path, bodies."""

import asyncio
import json
import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.routing import Router
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClientConnection, WebSocketHandler, websocket_connect

from tornado_alice import Skill, say
from tornado_alice.app.gate import MAX_PAGE_BODY, PagesGate, Rules
from tornado_alice.app.password import Password
from tornado_alice.testing import make_request
from tornado_alice.webhook import WebhookPort

LOCAL = Rules(frozenset({"localhost", "127.0.0.1"}))
SECRET = "/hook-5dZ0rXq3"
Ask = Callable[..., Awaitable[HTTPResponse]]


class Page(RequestHandler):
    def get(self) -> None:
        self.finish({"path": self.request.path, "body": len(self.request.body)})

    head = post = delete = get


class Feed(WebSocketHandler):
    def open(self, *_: str, **__: str) -> None:
        self.write_message("hello")

    def check_origin(self, origin: str) -> bool:
        return True


@pytest.fixture
def gate(http_server: HTTPServer) -> Callable[..., None]:
    """Put other rules at the door of the running server."""

    def put(rules: Rules = LOCAL, path: str = "/") -> None:
        http_server.request_callback = make(rules, path)

    return put


def make(rules: Rules, path: str) -> Router:
    skill = Skill("test")

    @skill.script
    def run():
        while True:
            yield say("да")

    pages = Application([("/feed", Feed), ("/.*", Page)])
    return PagesGate(pages, rules, WebhookPort({path: skill.webhook}, path))


@pytest.fixture
def app() -> Router:
    return make(LOCAL, "/")


@pytest.fixture
def ask(http_client: AsyncHTTPClient, base_url: str) -> Ask:
    def send(path: str, method: str = "GET", body: Any = None, **headers: str) -> Awaitable[HTTPResponse]:
        options = {"body_producer": body} if callable(body) else {"body": body}
        return http_client.fetch(
            base_url + path,
            method=method,
            headers=headers,
            raise_error=False,
            allow_nonstandard_methods=True,
            **options,
        )

    return send


@pytest.mark.gen_test
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8888", "localhost.evil.example", "127.0.0.1.evil"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("POST", "/jobs"), ("DELETE", "/api/jobs/1"), ("GET", "/metrics")]
)
async def test_foreign_host(ask: Ask, method: str, path: str, host: str) -> None:
    """A page that has its own name lead here gets nothing, although its Origin and its Host agree."""
    response = await ask(path, method, Host=host, Origin=f"http://{host}")
    assert response.code == 421
    error = json.loads(response.body)["error"]
    assert (error["code"], error["field"]) == ("foreign_host", "Host") and "--hosts" in error["message"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.gen_test
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8888", "localhost."])
async def test_own_host(ask: Ask, host: str) -> None:
    """Names of this machine are ours, with any port and in any case."""
    assert (await ask("/", Host=host)).code == 200


@pytest.mark.gen_test
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_are_for_everybody(ask: Ask, gate: Any, path: str) -> None:
    """Probes ask by address and know no password."""
    gate(Rules(LOCAL.hosts, Password("x" * 12)))
    assert (await ask(path, Host="10.0.0.7:8888")).code == 200


@pytest.mark.gen_test
async def test_the_webhook_is_for_everybody(ask: Ask, gate: Any) -> None:
    """The webhook answers under any name and without the password."""
    gate(Rules(LOCAL.hosts, Password("x" * 12)))
    response = await ask("/", "POST", json.dumps(make_request()), Host="skill.example")
    assert json.loads(response.body)["response"]["text"] == "да"


async def follow(base_url: str, **headers: str) -> WebSocketClientConnection:
    return await websocket_connect(HTTPRequest(base_url.replace("http", "ws") + "/feed", headers=headers))


@pytest.mark.gen_test
async def test_websocket(base_url: str, gate: Any) -> None:
    """A foreign host, or nobody's password, gets no websocket; who has both gets one."""
    gate(Rules(LOCAL.hosts, Password("correct horse")))
    opened = {"Authorization": "Basic " + b64encode(b":correct horse").decode()}
    for headers, status in (({"Host": "evil.example", **opened}, 421), ({}, 401)):
        with pytest.raises(Exception, match=f"HTTP {status}"):
            await follow(base_url, **headers)
    connection = await follow(base_url, **opened)
    assert await connection.read_message() == "hello"
    connection.close()


@pytest.mark.gen_test
@pytest.mark.parametrize("path", ["/", "/metrics", "/static/base.css", "/api/jobs"])
async def test_password(ask: Ask, gate: Any, path: str) -> None:
    """Without the password every page is 401 and tells the browser to ask for it; with it they are there."""
    gate(Rules(LOCAL.hosts, Password("correct horse")))
    refused = await ask(path)
    assert (refused.code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="tornado_alice", charset="UTF-8"')
    assert (await ask(path, Authorization="Basic " + b64encode(b":wrong").decode())).code == 401
    assert (await ask(path, Authorization="Basic " + b64encode(b"me:correct horse").decode())).code == 200


@pytest.mark.gen_test
async def test_a_prefix_may_be_left_on(ask: Ask, gate: Any) -> None:
    """Paths are the same whether a proxy takes the prefix of the public address off or not."""
    gate(Rules(LOCAL.hosts, base="/pi-app/"))
    for asked in ("/pi-app/api/jobs", "/api/jobs"):
        assert json.loads((await ask(asked)).body)["path"] == "/api/jobs"


@pytest.mark.gen_test
async def test_secret_path(ask: Ask, gate: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The webhook is at its path alone, and no log line has that path, whatever is asked for there or near it."""
    gate(path=SECRET)
    with caplog.at_level(logging.DEBUG):
        for method, path, status in [
            ("POST", SECRET, 200),
            ("POST", SECRET + "?a=1", 200),
            ("GET", SECRET, 405),
            ("POST", SECRET + "/", 404),
            ("GET", SECRET + "x", 404),
        ]:
            assert (await ask(path, method, json.dumps(make_request()) if method == "POST" else None)).code == status
        assert (await ask(SECRET, "POST", "{")).code == 400
        assert json.loads((await ask("/", "POST", json.dumps(make_request()))).body)["path"] == "/"  # a page's matter
    assert "refused with 400" in caplog.text and SECRET not in caplog.text


@pytest.mark.gen_test
async def test_no_more_of_a_body_than_a_page_wants(ask: Ask) -> None:
    """Of a long body only so much reaches a page that it sees it is too long, with or without a Content-Length."""

    async def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
        for _ in range(50):
            await write(b"x" * 100_000)

    short = await ask("/jobs", "POST", b"x" * 1000)
    long = await ask("/jobs", "POST", b"x" * 5_000_000)
    chunked = await ask("/jobs", "POST", produce)
    got = [json.loads(response.body)["body"] for response in (short, long, chunked)]
    assert got == [1000, MAX_PAGE_BODY, MAX_PAGE_BODY]


@pytest.mark.gen_test
async def test_refused_before_the_body(http_server: HTTPServer, http_port: int) -> None:
    """A client that asks first (Expect: 100-continue) is refused before it sends anything of the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", http_port)
    writer.write(b"POST /jobs HTTP/1.1\r\nHost: evil\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
    assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 421")
    writer.close()
