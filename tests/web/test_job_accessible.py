"""The page of a job for everybody: axe-core, zoom, the reader without JavaScript."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # a browser starts

N, BIG = 20_000, 10_000_000  # BIG computes for seconds


def assert_accessible(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.fixture(scope="module")
def job(server: Any) -> str:
    server.add(N)
    return f"{server.url}/pi/{N}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [1280, 360])
def test_axe(job: str, browse: Any, wide: int, scheme: str) -> None:
    """axe-core finds nothing on a finished job: as it comes, with digits chosen, hits marked and the pictures drawn."""
    page = browse(f"{job}#762-767", wide=wide, color_scheme=scheme)
    expect(page.locator("#digits mark.aim").first).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Найти цифры").fill("99")
    expect(page.locator("#found")).to_contain_text("Место 1 из")
    page.locator("#pictures").scroll_into_view_if_needed()
    expect(page.locator(".chi2")).not_to_be_empty()
    expect(page.locator("#pictures[data-drawing]")).to_have_count(0)
    assert_accessible(page)


def test_axe_before_the_digits_are_there(fresh_server: Any, browse: Any) -> None:
    """axe-core finds nothing while a job is computed, after it was cancelled, with two attempts, and in English."""
    fresh_server.add(BIG)
    page = browse(f"{fresh_server.url}/pi/{BIG}?lang=en")
    expect(page.locator("#timeline .legend li").last).to_contain_text("series and root")
    assert_accessible(page)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(page.locator("#job .status")).to_have_text("cancelled")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("heading", name="Attempt 2")).to_be_visible()
    assert_accessible(page)


def test_zoom(job: str, browse: Any) -> None:
    """At 400 % zoom (320 by 256 px are left) nothing is cut off sideways, and the wheel leads past the digits."""
    page = browse(job, wide=320)
    page.set_viewport_size({"width": 320, "height": 256})
    expect(page.locator("#digits .row").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.locator("#digits").bounding_box()["height"] < 256


def test_without_javascript(job: str, browse: Any) -> None:
    """Without JavaScript the digit, its neighbours, the timeline, the events and the download are there."""
    page = browse(job, java_script_enabled=False)
    expect(page.locator("#answer .digit")).to_have_text(re.compile("^[0-9]$"))
    expect(page.locator("#answer .before")).to_have_text(re.compile("^[0-9]{10}$"))
    expect(page.locator("#timeline .legend li").first).to_contain_text("очередь")
    expect(page.locator("#events li")).to_have_count(5)
    with page.expect_download() as download:
        page.get_by_role("link", name="Скачать всё число").click()
    assert download.value.suggested_filename == f"pi-0-{N}.txt"
