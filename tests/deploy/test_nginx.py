"""examples/deploy/nginx.conf as it is: what is public, what is private, and a deploy that nobody hears."""

import json
from base64 import b64encode
from typing import Any

import pytest
from talkers import talking
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from tornado_alice.testing import make_request

pytestmark = pytest.mark.slow  # each test starts servers and nginx
OPENED = {"Authorization": "Basic " + b64encode(b":correct horse battery").decode()}


def test_only_the_webhook_is_public(site: Any) -> None:
    """The webhook answers at its secret path; anything else is 404, or wants the password; nginx logs no secret."""
    status, _, body = site.ask(site.secret, "POST", make_request("да", 0))
    assert (status, json.loads(body)["response"]["text"]) == (200, "1 да")
    for path in ("/", "/healthz", "/metrics", "/api/jobs", site.secret + "/"):
        assert site.ask(path)[0] == 404
    for path in ("/pi-app/", "/pi-app/api/jobs", "/pi-app/metrics"):
        assert site.ask(path)[0] == 401
    site.proxy.stop()  # it writes its log after the answer
    log = (site.proxy.folder / "access.log").read_text()
    assert "/pi-app/metrics" in log and f"POST {site.secret} " not in log


def test_pages_under_a_prefix(site: Any) -> None:
    """Pages, forms, API and redirects work under the prefix that nginx takes off, over TLS that it ends."""
    status, headers, html = site.ask("/pi-app/", **OPENED)
    assert status == 200 and 'action="/pi-app/jobs"' in html
    cookie = headers["Set-Cookie"]
    assert "Path=/pi-app/" in cookie and "Secure" in cookie
    style = html.split('rel="stylesheet" href="')[1].split('"')[0]
    assert site.ask(style, **OPENED)[0] == 200
    sent = {"Content-Type": "application/json", "Origin": site.url.removesuffix("/pi-app/"), **OPENED}
    status, headers, _ = site.ask("/pi-app/api/jobs", "POST", {"n": 10}, **sent)
    assert (status, headers["Location"]) == (201, "/pi-app/api/jobs/10")
    assert site.ask("/pi-app/api/jobs", "POST", {"n": 11}, **{**sent, "Origin": "https://evil.example"})[0] == 403


@pytest.mark.gen_test(timeout=30)
async def test_websocket_through_nginx(site: Any) -> None:
    """The feed comes through nginx, with the password; a page of another site gets none."""
    url = site.url.replace("https", "wss") + "api/events"
    origin = site.url.removesuffix("/pi-app/")

    def request(**headers: str) -> HTTPRequest:
        return HTTPRequest(url, headers=headers, ssl_options=site.proxy.tls)

    for headers, status in (({"Origin": origin}, 401), ({"Origin": "https://evil.example", **OPENED}, 403)):
        with pytest.raises(HTTPClientError) as refused:
            await websocket_connect(request(**headers))
        assert refused.value.code == status
    connection = await websocket_connect(request(Origin=origin, **OPENED))
    greeting = await connection.read_message()
    assert greeting is not None and json.loads(greeting)["stage"] == "hello"
    connection.close()


def test_a_deploy_that_nobody_hears(site: Any) -> None:
    """Five restarts under load, one process after the other: every turn is answered by the script, in order."""
    with talking(site.connect, site.secret, lambda n: ("а", f"{n + 1} а")) as talkers:
        for number in (0, 1, 0, 1, 0):
            site.restart(number)
    assert [talker.wrong for talker in talkers] == [[]] * 8
    assert sum(talker.turns for talker in talkers) > 200
