"""Which part of the table is shown: the address says it, Back undoes it, and it is loaded no more than needed."""

import re
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # a browser starts

ROWS = 70  # more than one page
BIG = 10_000_000  # computes for seconds, so that it is seen running


@pytest.fixture(scope="module")
def listed(server: Any) -> Any:
    """A server with 70 finished jobs."""
    server.many(f"1-{ROWS}")
    return server


def test_back_undoes(listed: Any, browse: Any) -> None:
    """Each change of filter, order and page is one step back, a typed word too, whatever its length."""
    page = browse(listed.url)
    rows = page.locator("#jobs tbody tr")
    page.get_by_role("link", name="Знак №", exact=True).click()
    expect(rows.first.locator(".n")).to_have_text("1")
    page.get_by_role("link", name="Вперёд").click()
    expect(rows.first.locator(".n")).to_have_text("51")
    page.get_by_label("Номер начинается с").press_sequentially("66")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(f"{listed.url}/?q=66&sort=n")
    page.go_back()
    expect(rows.first.locator(".n")).to_have_text("51")
    expect(page.get_by_label("Номер начинается с")).to_have_value("")
    page.go_back()
    expect(rows.first.locator(".n")).to_have_text("1")
    page.go_back()
    expect(page).to_have_url(f"{listed.url}/")
    expect(page.get_by_role("columnheader", name="Добавлено")).to_have_attribute("aria-sort", "descending")
    page.go_forward()
    expect(rows.first.locator(".n")).to_have_text("1")


def test_the_next_page_begins_at_the_head(listed: Any, browse: Any) -> None:
    """Who turns a page at its foot sees the head of the next one."""
    page = browse(listed.url + "/?sort=n")
    page.get_by_role("link", name="Вперёд").click()
    expect(page.locator("#jobs tbody tr").first.locator(".n")).to_have_text("51")
    expect(page.get_by_role("heading", name="Вычисления")).to_be_in_viewport()
    expect(page.get_by_role("heading", level=1)).not_to_be_in_viewport()


def test_a_newer_load_begins_at_the_head_too(listed: Any, browse: Any) -> None:
    """The next page is seen from its head even if the load that asked for it was given up for a newer one."""
    page = browse(listed.url + "/?sort=n")
    expect(page.get_by_text("обновляется само")).to_be_visible()
    held: list[Route] = []
    page.route(re.compile(r"/api/jobs\?"), lambda route: held.append(route))
    pause = page.locator("#pause")
    pause.dispatch_event("click")  # without scrolling to it
    with page.expect_request("**/api/jobs?*page=2*"):
        page.get_by_role("link", name="Вперёд").click()
    with page.expect_request("**/api/jobs?*page=2*"):
        pause.dispatch_event("click")
    expect(page.get_by_role("heading", level=1)).not_to_be_in_viewport()
    expect(page.get_by_role("heading", name="Вычисления")).not_to_be_in_viewport()
    for route in held:
        route.continue_()
    expect(page.locator("#jobs tbody tr").first.locator(".n")).to_have_text("51")
    expect(page.get_by_role("heading", name="Вычисления")).to_be_in_viewport()


def test_bad_values_leave_the_address(listed: Any, browse: Any) -> None:
    """What means nothing in the address is gone from it, and the rest is shown."""
    page = browse(listed.url + "/?sort=nonsense&q=66&page=x&status=done")
    expect(page).to_have_url(f"{listed.url}/?q=66")
    expect(page.locator("#jobs tbody tr")).to_have_count(1)


def test_filters_compose(listed: Any, browse: Any) -> None:
    """Range, beginning, status and age narrow the table together; the menu and the address say the same."""
    page = browse(listed.url)
    page.get_by_text("Ещё отбор").click()
    page.get_by_label("Номер от").fill("16")
    page.get_by_label("до", exact=True).fill("65")
    page.get_by_label("Номер начинается с").fill("6")
    page.get_by_label("Состояние").select_option("stored")
    page.locator("select[name=age]").select_option("за последний час")
    expect(page.locator("#jobs tbody tr")).to_have_count(6)  # 60 to 65
    expect(page).to_have_url(re.compile(r"\?status=stored&q=6&least=16&most=65&age=3600$"))
    page.reload()
    expect(page.locator("html[data-scripted]")).to_have_count(1)
    expect(page.locator("#jobs tbody tr")).to_have_count(6)
    expect(page.get_by_label("до", exact=True)).to_have_value("65")
    page.get_by_label("В тексте ошибки есть").fill("disk")
    page.get_by_role("link", name="Показать все").click()
    expect(page.locator("#jobs tbody tr")).to_have_count(50)
    expect(page.get_by_label("Номер от")).to_have_value("")


def test_absent_job_is_offered(listed: Any, browse: Any, refused: None) -> None:
    """The page of a digit that nobody computed offers to compute it."""
    page = browse(listed.url + "/pi/77")
    expect(page.get_by_role("heading", name="Знак № 77 ещё не вычисляли")).to_be_visible()
    page.get_by_role("button", name="Вычислить 77 цифр").click()
    expect(page).to_have_url(f"{listed.url}/pi/77")
    expect(page.get_by_text("готово").first).to_be_visible()
    listed.ask("/api/jobs/77", method="DELETE")


def test_theme(listed: Any, browse: Any) -> None:
    """Light or dark is chosen at once, without a reload, and stays for the next page."""
    page = browse(listed.url, color_scheme="light")
    paper = lambda: page.evaluate("getComputedStyle(document.documentElement).backgroundColor")  # noqa: E731
    light = paper()
    with page.expect_response("**/?theme=dark"):
        page.get_by_role("link", name="тёмное").click()
    dark = paper()
    assert dark != light
    page.goto(listed.url + "/pi/70")
    assert paper() == dark
    page.get_by_role("link", name="как в системе").click()
    assert paper() == light


def test_columns_do_not_jump(fresh_server: Any, browse: Any) -> None:
    """A job that comes, runs and ends moves no column."""
    fresh_server.many("1-5")
    page = browse(fresh_server.url)
    places = "[...document.querySelectorAll('#jobs thead th')].map((th) => th.getBoundingClientRect().left)"
    before = page.evaluate(places)
    fresh_server.add(BIG)
    expect(page.locator("[data-status=taken] .left")).not_to_be_empty()
    assert page.evaluate(places) == before
    fresh_server.ask(f"/api/jobs/{BIG}", method="DELETE")
    expect(page.locator("#jobs tbody tr").first).to_contain_text("отменено")
    assert page.evaluate(places) == before
    fresh_server.add(BIG // 10)  # ends by itself; how long it runs does not matter
    expect(page.locator("#jobs tbody tr").first).to_contain_text("готово")
    assert page.evaluate(places) == before


#: What comes after the first paint; the icon now and then only after the reload, for the browser asks when it likes.
LATE = "uPlot|api/load|favicon"


def test_weight(listed: Any, browse: Any) -> None:
    """The first view of 50 jobs takes 40 KiB at most, a reload 5; the list travels once, within the page. Charts and
    the icon come after the first paint and are no part of it."""
    page = browse("about:blank")
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Network.enable")
    bytes_of: dict[str, float] = {}
    late: set[str] = set()
    session.on(
        "Network.requestWillBeSent",
        lambda told: late.add(told["requestId"]) if re.search(LATE, told["request"]["url"]) else None,
    )
    sizes = "requestId", "encodedDataLength"
    loaded = "Network.loadingFinished"
    session.on(loaded, lambda told: bytes_of.update([tuple(told[name] for name in sizes)]))

    def weight() -> float:
        return sum(size for request, size in bytes_of.items() if request not in late)

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(listed.url)
    expect(page.get_by_text("обновляется само")).to_be_visible()
    expect(page.locator("#jobs tbody tr")).to_have_count(50)
    assert 0 < weight() <= 40 * 1024
    assert not [url for url in asked if "/api/jobs" in url]
    expect(page.locator("#charts .u-over")).to_have_count(2)  # what comes last; it is no part of the reload
    bytes_of.clear()
    page.reload()
    expect(page.get_by_text("обновляется само")).to_be_visible()
    assert 0 < weight() <= 5 * 1024
