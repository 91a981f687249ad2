"""The page and its server: a websocket that is refused, a server that is away, a tab that nobody sees."""

import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # a browser starts

#: What the browser itself writes about a connection that did not come about.
NOT_CONNECTED = r"WebSocket connection to .* failed|net::ERR_|status of 400"
#: The addresses by which the page asks for the whole table.
LIST = re.compile(r"/api/jobs\?")
#: JavaScript: the tab is hidden, or seen again.
HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


class NoUpgrade(BaseHTTPRequestHandler):
    """A proxy that was never told of websockets."""

    target = ""

    def forward(self) -> None:
        if "Upgrade" in self.headers:
            self.answer(400, b"", {})
            return
        size = int(self.headers.get("Content-Length", 0))
        # the path as it came, to the server of this test alone
        request = urllib.request.Request(
            self.target + self.path, self.rfile.read(size) or None, dict(self.headers), method=self.command
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                self.answer(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as refusal:
            self.answer(refusal.code, refusal.read(), dict(refusal.headers))

    do_GET = do_POST = do_DELETE = do_HEAD = forward

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing: a test listens to its own page."""


@pytest.fixture
def refusing(fresh_server: Any) -> Iterator[str]:
    """The address of a proxy before the server that lets no websocket through."""
    handler = type("Handler", (NoUpgrade,), {"target": fresh_server.url})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{proxy.server_port}"
    proxy.shutdown()
    thread.join()
    proxy.server_close()


def ask(page: Page, text: str) -> None:
    page.get_by_label("Какой знак числа π найти?").fill(text)
    page.get_by_role("button", name="Вычислить").click()


def test_a_refused_websocket(refusing: str, fresh_server: Any, browse: Any, row: Callable[[Page, int], Any]) -> None:
    """Behind a proxy without Upgrade the page says so; what one does is seen at once, the rest a little later."""
    browse.allow(NOT_CONNECTED)
    page = browse(refusing)
    expect(page.get_by_text("веб-сокет не проходит. Прокси должен пропускать заголовок Upgrade")).to_be_visible()
    ask(page, "1000")
    expect(row(page, 1000)).to_contain_text("готово")
    held: list[Route] = []
    with page.expect_request(LIST):  # a poll: as long as it is held there is no other
        page.route(LIST, lambda route: held.append(route))
    row(page, 1000).get_by_role("button", name="Удалить").click()
    expect(row(page, 1000)).to_have_count(0)  # by the answer itself
    page.route(LIST, lambda route: route.continue_())  # the newer one is asked first
    for route in held:
        route.continue_()
    with page.expect_response("**/restore"):
        page.get_by_role("button", name="Вернуть").click()
    expect(row(page, 1000)).to_contain_text("готово")
    fresh_server.add(777)
    expect(row(page, 777)).to_contain_text("готово")


def test_a_server_that_is_away(fresh_server: Any, browse: Any, row: Callable[[Page, int], Any]) -> None:
    """A server that does not answer is told from a refusal; sorting meanwhile does not lie; then it comes right."""
    browse.allow(NOT_CONNECTED)
    fresh_server.many("1-20")
    page = browse(fresh_server.url)
    expect(page.get_by_text("обновляется само")).to_be_visible()
    fresh_server.kill()
    expect(page.get_by_text("нет связи с сервером")).to_be_visible()
    first = page.locator("#jobs tbody tr").first.inner_text()
    page.get_by_role("link", name="Знак №", exact=True).click()
    expect(page.get_by_text("Пока показано прежнее")).to_be_visible()
    heading = page.get_by_role("columnheader", name="Знак №")
    assert heading.get_attribute("aria-sort") is None  # the rows are not sorted so
    assert page.locator("#jobs tbody tr").first.inner_text() == first
    fresh_server.start()
    expect(page.get_by_text("обновляется само")).to_be_visible()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#jobs tbody tr").first.locator(".n")).to_have_text("1")
    expect(page.get_by_text("Пока показано прежнее")).to_be_hidden()


def test_no_network(server: Any, browse: Any) -> None:
    """A browser that has no network says that, and not that the server is away."""
    browse.allow(NOT_CONNECTED)
    page = browse(server.url)
    expect(page.get_by_text("обновляется само")).to_be_visible()
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    ask(page, "5")
    expect(page.get_by_role("alert")).to_contain_text("Сервер не отвечает")


def test_a_hidden_tab_sleeps(fresh_server: Any, browse: Any, row: Callable[[Page, int], Any]) -> None:
    """After 30 s hidden the websocket is closed; when the tab is seen again it catches up."""
    page = browse("about:blank")
    page.clock.install()
    sockets: list[Any] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    page.goto(fresh_server.url)
    expect(page.get_by_text("обновляется само")).to_be_visible()
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + 60)  # else time runs on beside what is forwarded
    page.evaluate(HIDE, True)
    page.clock.fast_forward(29_000)
    assert not sockets[0].is_closed()
    with sockets[0].expect_event("close"):
        page.clock.fast_forward(2000)
    fresh_server.add(1000)
    page.clock.fast_forward(60_000)
    assert len(sockets) == 1  # nothing is tried meanwhile
    page.clock.resume()
    page.evaluate(HIDE, False)
    expect(row(page, 1000)).to_contain_text("готово")
    expect(page.get_by_text("обновляется само")).to_be_visible()
    assert len(sockets) == 2


def test_pause(fresh_server: Any, browse: Any, row: Callable[[Page, int], Any]) -> None:
    """Paused, the table stands still and counts what it missed; what one does oneself is seen; then it catches up."""
    fresh_server.add(10)
    page = browse(fresh_server.url)
    expect(page.get_by_text("обновляется само")).to_be_visible()
    expect(row(page, 10)).to_contain_text("готово")  # else the frozen row may offer to cancel it
    pause = page.get_by_role("button", name="Приостановить обновление")
    pause.click()
    resume = page.get_by_role("button", name="Продолжить обновление")
    expect(resume).to_be_visible()
    fresh_server.add(1000)
    expect(page.get_by_text(re.compile(r"приостановлено, изменений: [1-9]"))).to_be_visible()
    expect(row(page, 1000)).to_have_count(0)
    row(page, 10).get_by_role("button", name="Удалить").click()
    expect(row(page, 10)).to_have_count(0)
    resume.click()
    expect(row(page, 1000)).to_have_count(1)
    expect(page.get_by_text("обновляется само")).to_be_visible()
