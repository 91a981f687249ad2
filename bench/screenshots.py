"""Every page in both languages, light and dark, at 1280 and 360 px: python bench/screenshots.py [FOLDER]

Starts the server on data of its own, fills it with jobs of every kind, and leaves PNG files to look at.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HEIGHT = 800
LANGUAGES, THEMES, WIDTHS = ("ru", "en"), ("light", "dark"), (1280, 360)
#: What to compute; the last one is cancelled.
JOBS, LONG = (10, 77, 1000, 31_415, 100_000, 1_000_000), 9_999_999
#: The name of a picture, and its page.
EMPTY = {"empty": "/"}
PAGES = {
    "dashboard": "/",
    "filtered": "/?status=error",
    "job": "/pi/1000000#762-767",
    "cancelled": f"/pi/{LONG}",
    "missing": "/pi/4242",
    "workbench": "/workbench",
}


@contextmanager
def server() -> Iterator[str]:
    """The address of a server with nothing computed."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "tornado_alice", "--workbench", "--port", "0", "--data-dir", directory]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                yield re.findall(r"http://\S+?(?=/?\s)", process.stdout.readline())[0]
            finally:
                process.terminate()


def ask(url: str, n: int, method: str = "POST") -> None:
    """Add a job, or end it by DELETE."""
    path, body = ("/api/jobs", json.dumps({"n": n}).encode()) if method == "POST" else (f"/api/jobs/{n}", None)
    headers = {"Content-Type": "application/json"} if body else {}
    urllib.request.urlopen(urllib.request.Request(url + path, body, headers, method=method)).close()


def settled(page: Page) -> None:
    """Wait for fonts, digits and pictures."""
    page.wait_for_load_state("load")
    page.wait_for_function("() => !document.querySelector('#digits')?.textContent.includes('·')")
    page.wait_for_function("() => !document.querySelector('[data-drawing=true]')")
    page.wait_for_timeout(300)


def unroll(page: Page, width: int) -> None:
    """Make the window as high as the page; the browser's own full-page picture scrolls inner boxes to their start."""
    for _ in range(2):  # boxes that take a share of the window grow with it
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": height})
        settled(page)


def take(browser: Browser, url: str, pages: dict[str, str], folder: Path) -> None:
    """Each page in every language, theme and width."""
    for lang, theme, width in product(LANGUAGES, THEMES, WIDTHS):
        context = browser.new_context(
            locale=lang, color_scheme=theme, viewport={"width": width, "height": HEIGHT}, device_scale_factor=1
        )
        page = context.new_page()
        for name, path in pages.items():
            page.goto(url + path)
            settled(page)
            unroll(page, width)
            page.screenshot(path=folder / f"{name}.{lang}.{theme}.{width}.png")
            page.set_viewport_size({"width": width, "height": HEIGHT})
        context.close()


def main(folder: Path) -> None:
    """Fill the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with server() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        take(browser, url, EMPTY, folder)
        for n in JOBS:
            ask(url, n)
        page = browser.new_page()
        page.goto(f"{url}/pi/{JOBS[-1]}")
        page.wait_for_selector("#job[data-status=stored]")
        ask(url, LONG)
        ask(url, LONG, "DELETE")
        take(browser, url, PAGES, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
