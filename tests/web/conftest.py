"""Real Chromium against the real service, which runs in a process of its own on a free loopback port."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from absent import needed
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
#: The browser's own line about an answer with a 4xx; the test that asks for such an answer allows it.
REFUSED = r"Failed to load resource: the server responded with a status of 4\d\d"
#: A page whose script does not act yet on what one does: `load` does not wait for it to import its words.
UNWIRED = "html:not([data-scripted]) script[src*='/pi/']"


class Server:
    """The service as a process; it can be killed and started again on the same port and data."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = 0  # any free one, which it keeps over its restarts
        self.start()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        script = Path(__file__).with_name("serve.py")
        command = [sys.executable, str(script), str(self.data_dir), str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout
        word, _, port = self.process.stdout.readline().partition(b" ")
        assert word == b"ready", "the service did not start"
        self.port = int(port)

    def kill(self) -> None:
        self.process.kill()
        self._gone()

    def stop(self) -> None:
        self.process.terminate()
        self._gone()

    def _gone(self) -> None:
        self.process.wait(20)
        assert self.process.stdout
        self.process.stdout.close()

    def ask(self, path: str, sent: Any = None, method: str | None = None) -> Any:
        """The JSON answer to a request; `sent` is posted."""
        body = None if sent is None else json.dumps(sent).encode()
        headers = {"Content-Type": "application/json"} if body else {}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def add(self, n: int) -> None:
        self.ask("/api/jobs", {"n": n})

    def ready(self, n: int) -> None:
        """Wait for a job, however long it computes on a busy machine."""
        while (status := self.ask(f"/api/jobs/{n}")["status"]) not in ("stored", "error", "cancelled"):
            time.sleep(0.02)  # the workers have a low priority, and questions without a pause would hold them up
        assert status == "stored"

    def many(self, numbers: str) -> None:
        """Add jobs ("1-70"), the largest first, so that the others are ready when it is."""
        largest = max(map(int, re.findall(r"\d+", numbers)))
        self.add(largest)
        self.ready(largest)
        self.ask("/api/jobs/bulk", {"command": "add", "n": numbers})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("data"))
    yield server
    server.stop()


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A service without any jobs that the test may kill."""
    server = Server(tmp_path)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    return needed(found, f"no Chromium on this machine (looked for {', '.join(CHROMIUMS)}): the pages were NOT tested")


@pytest.fixture(scope="module")  # not longer: Playwright keeps an event loop running, in which others cannot run theirs
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


class Pages:
    """Opens pages, and collects what they complain about: console errors, CSP violations, exceptions."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.allowed: list[str] = []
        self.complaints: list[str] = []

    def __call__(self, url: str, *, wide: int = 1100, lang: str = "ru", **options: Any) -> Page:
        viewport = {"width": wide, "height": 800}
        page = self.browser.new_context(viewport=viewport, locale=lang, **options).new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: message.type in ("error", "warning") and self.heard(message.text))
        page.on("pageerror", lambda error: self.heard(f"exception: {error}"))
        page.goto(url)
        if options.get("java_script_enabled", True):
            expect(page.locator(UNWIRED)).to_have_count(0)
        return page

    def heard(self, text: str) -> None:
        self.complaints.append(text)

    def allow(self, pattern: str) -> None:
        self.allowed.append(pattern)

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(re.search(p, text) for p in self.allowed)]


@pytest.fixture
def browse(browser: Browser) -> Iterator[Pages]:
    """browse(url) is a page in a context of its own; whatever a page complains about fails the test."""
    pages = Pages(browser)
    yield pages
    for context in browser.contexts:
        context.close()
    assert not pages.unexpected()


@pytest.fixture
def refused(browse: Pages) -> None:
    """For tests that ask for what is refused."""
    browse.allow(REFUSED)


@pytest.fixture
def row() -> Callable[[Page, int], Any]:
    """row(page, n) is the table's row of a job, found as a reader of the accessibility tree finds it."""

    def find(page: Page, n: int) -> Any:
        name = f"{n:,}".replace(",", "\N{NO-BREAK SPACE}")
        return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))

    return find
