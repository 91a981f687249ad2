"""The pages in real Chromium through the real nginx: under a prefix, over TLS, behind the password."""

from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

pytestmark = [pytest.mark.slow, pytest.mark.browser]
#: The certificate is the test's own. Told by a flag, not by ``ignore_https_errors``, with which Chromium asks back for
#: each connection and now and then gives a resource up (ERR_TOO_MANY_RETRIES).
FLAGS = [
    "--ignore-certificate-errors",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]


def test_the_dashboard_lives_behind_nginx(site: Any, program: Any) -> None:
    """The browser asks for the password once and sends it along: scripts run, the feed is live, a job is computed, and
    its link leads to its page under the prefix; nothing is complained of."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=FLAGS)
        credentials: Any = {"username": "", "password": site.password}
        context = browser.new_context(http_credentials=credentials, locale="ru")
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(site.url)
        expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=20_000)
        page.locator("#n").fill("10")
        page.locator("#new button").click()
        expect(page.locator("tr[data-n='10'][data-status='stored']")).to_be_visible(timeout=20_000)
        page.locator("tr[data-n='10'] a.n").click()
        page.wait_for_url(f"{site.url}pi/10")
        expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=20_000)
        browser.close()
    assert not complaints
