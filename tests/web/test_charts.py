"""The strip of charts on the dashboard."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # a browser starts

START = 1_700_000_040  # a full minute
HOUR = {
    "minutes": [START + 60 * k for k in range(60)],
    "jobs": [*[None] * 20, *range(40)],
    "queue": [*[0] * 59, 1234],
}


@pytest.fixture
def strip(server: Any, browse: Callable[..., Page]) -> Page:
    """The dashboard with an hour that we know."""
    page = browse("about:blank", timezone_id="UTC")
    page.route("**/api/load", lambda route: route.fulfill(json=HOUR))
    page.goto(server.url)
    expect(page.locator("#charts .u-over")).to_have_count(2)
    return page


def figure(page: Page, name: str) -> Any:
    return page.get_by_label("Последний час").get_by_role("figure").filter(has_text=name)


def test_the_newest_value_and_the_one_under_the_cursor(strip: Page) -> None:
    """Each chart shows its newest value; under the cursor that of its minute and when it was, in all charts at once."""
    jobs, queue = figure(strip, "Вычислений в минуту"), figure(strip, "Очередь")
    expect(jobs.locator(".value")).to_have_text("39")
    expect(queue.locator(".value")).to_have_text("1\N{NO-BREAK SPACE}234")
    plot = jobs.locator(".plot")
    width = plot.bounding_box()["width"]
    plot.hover(position={"x": width * 30.5 / 60, "y": 20})
    expect(jobs.locator(".value")).to_have_text("10")
    expect(jobs.locator(".when")).to_have_text("22:44")
    expect(queue.locator(".value")).to_have_text("0")
    plot.hover(position={"x": width * 5.5 / 60, "y": 20})
    expect(jobs.locator(".value")).to_have_text("—")
    strip.mouse.move(0, 0)
    expect(jobs.locator(".value")).to_have_text("39")
    expect(jobs.locator(".when")).to_have_text("")


def test_the_table_does_not_wait_for_the_charts(server: Any, browse: Any) -> None:
    """uPlot comes after the page has been painted; without it the page is whole and shows the newest values."""
    browse.allow("net::ERR_FAILED")
    page = browse("about:blank")
    asked: list[float] = []

    def refuse(route: Route) -> None:
        asked.append(time.time() * 1000)
        route.abort()

    page.route("**/uPlot*.js*", refuse)
    with page.expect_event("requestfailed"):
        page.goto(server.url)
    painted = page.evaluate(
        """() => new Promise((resolve) => new PerformanceObserver((list) => {
            resolve(performance.timeOrigin + list.getEntries()[0].startTime);
        }).observe({ type: "paint", buffered: true }))"""
    )
    expect(page.get_by_role("heading", name="Вычисления")).to_be_visible()
    expect(figure(page, "Очередь").locator(".value")).to_have_text("0")
    expect(page.locator("#charts .u-over")).to_have_count(0)
    assert asked and asked[0] >= painted


def test_the_numbers_without_javascript(server: Any, browse: Callable[..., Page]) -> None:
    """Without JavaScript the newest values stand there as text."""
    page = browse(server.url, java_script_enabled=False)
    expect(figure(page, "Очередь").locator(".value")).to_have_text("0")
    expect(page.locator("#charts .plot").first).to_be_hidden()


def test_the_colours_of_the_page(strip: Page) -> None:
    """When the reader chooses other colours the charts are drawn anew in them."""
    picture = "document.querySelector('#charts canvas').toDataURL()"
    for theme in ("dark", "light"):
        before = strip.evaluate(picture)
        strip.locator(f".themes a[data-theme={theme}]").click()
        strip.wait_for_function(f"(before) => {picture} !== before", arg=before)
