"""The pages under an address of a proxy: every URL, cookie and Origin follows it."""

import re
from collections.abc import Awaitable, Callable

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.web import Application

from pi_service.handlers.place import Place
from pi_service.handlers.routes import routes, settings
from pi_service.service import Service

Ask = Callable[..., Awaitable[HTTPResponse]]


@pytest.fixture
def app(service: Service) -> Application:
    """Behind https://pi.example/pi-app/; the proxy takes the prefix off."""
    return Application(routes(service), **settings(Place.parse("https://Pi.example/pi-app")))


@pytest.fixture
def ask(http_client: AsyncHTTPClient, base_url: str) -> Ask:
    def send(path: str, method: str = "GET", body: str | None = None, **headers: str) -> Awaitable[HTTPResponse]:
        return http_client.fetch(
            base_url + path, method=method, body=body, headers=headers, raise_error=False, follow_redirects=False
        )

    return send


@pytest.mark.gen_test
@pytest.mark.parametrize("path", ["/", "/pi/10", "/nothing"])
async def test_every_url_of_a_page_has_the_prefix(ask: Ask, service: Service, path: str) -> None:
    """Links, forms, buttons, scripts and styles of every page begin with the prefix, or are relative."""
    service.submit(10)
    await service.wait(10)
    html = (await ask(path)).body.decode()
    urls = re.findall(r'(?:href|src|action|data-base)="([^"]*)"', html)
    assert '"/pi-app/"' in html and len(urls) > 5
    assert all(re.match(r"/pi-app/|#|\?", url) for url in urls), urls


@pytest.mark.gen_test
async def test_cookies_and_redirects(ask: Ask) -> None:
    """Cookies are kept to the prefix and to TLS; redirects and Location lead to the prefix."""
    cookies = (await ask("/?lang=en")).headers.get_list("Set-Cookie")
    assert [cookie.split("=")[0] for cookie in cookies] == ["lang", "_xsrf"]
    assert all("Path=/pi-app/" in cookie and "Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)
    assert (await ask("/jobs")).headers["Location"] == "/pi-app/"
    answer = await ask("/api/jobs", "POST", '{"n": 5}', **{"Content-Type": "application/json"})
    assert (answer.code, answer.headers["Location"]) == (201, "/pi-app/api/jobs/5")


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://pi.example", 201), ("http://pi.example", 403), ("https://evil.example", 403), ("null", 403)],
)
async def test_the_public_origin_is_ours(ask: Ask, origin: str, status: int) -> None:
    """A page of the public address may command although the proxy sends another Host; nobody else may."""
    answer = await ask("/api/jobs", "POST", '{"n": 5}', **{"Content-Type": "application/json", "Origin": origin})
    assert answer.code == status


@pytest.mark.parametrize(
    "url", ["pi.example", "ftp://pi.example/", "https:///pi/", "https://pi.example/?a=1", "https://pi.example/#a", ""]
)
def test_wrong_address(url: str) -> None:
    """What is no full address is an error that shows what was given and an example."""
    with pytest.raises(ValueError, match=r"a full address like https://example\.org/pi-app/, got"):
        Place.parse(url)
