"""The dashboard for everybody: axe-core, screen readers, zoom, phone, paper."""

import re
from itertools import pairwise
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # a browser starts

BIG = 10_000_000  # computes for seconds

#: JavaScript: keep what the announcing region says, and when.
LISTEN = """() => {
    window.heard = [];
    const said = document.getElementById("said");
    const hear = () => document.body.dataset.heard = window.heard.push([performance.now(), said.textContent]);
    new MutationObserver(hear).observe(said, {childList: true, characterData: true, subtree: true});
}"""
#: JavaScript: how many jobs were said to be ready.
READY = """() => {
    const text = window.heard.map(([, sentence]) => sentence).join("; ");
    return [...text.matchAll(/готово(?:: (\\d+)|, цифра)/g)].reduce((sum, [, n]) => sum + Number(n ?? 1), 0);
}"""


def assert_accessible(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [1280, 360])
def test_axe(fresh_server: Any, browse: Any, refused: None, wide: int, scheme: str) -> None:
    """axe-core finds nothing on the dashboard in any state, light and dark, wide and narrow."""
    page = browse(fresh_server.url, wide=wide, color_scheme=scheme)
    expect(page.get_by_text("обновляется само")).to_be_visible()
    assert_accessible(page)  # empty
    fresh_server.many("1-60")
    fresh_server.add(BIG)
    expect(page.locator("[data-status=taken] .left")).not_to_be_empty()
    page.get_by_role("checkbox", name="Выбрать: 58", exact=True).check()
    page.get_by_text("Ещё отбор").click()
    page.get_by_role("button", name="Приостановить обновление").click()
    assert_accessible(page)  # rows, one of them running, one chosen
    page.get_by_role("button", name="Отменить: 10").click()
    assert_accessible(page)  # a dialog
    page.get_by_role("dialog").get_by_role("button", name="Остановить").click()
    page.get_by_role("button", name="Удалить: 59", exact=True).click()
    page.get_by_label("Какой знак числа π найти?").fill("десять")
    page.get_by_role("button", name="Вычислить").click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    expect(page.get_by_role("button", name="Вернуть")).to_be_visible()
    assert_accessible(page)  # cancelled, removed, refused
    for path in ("/?status=error", "/pi/77", "/pi/x", "/nothing"):
        page.goto(fresh_server.url + path)
        assert_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_in_trouble(fresh_server: Any, browse: Any, scheme: str) -> None:
    """axe-core finds nothing while all are chosen and asked about, after an undo that failed, away and offline."""
    browse.allow("Failed to load resource|WebSocket")
    fresh_server.many("1-60")
    page = browse(fresh_server.url + "/?least=5&q=1", wide=360, color_scheme=scheme)
    expect(page.get_by_text("обновляется само")).to_be_visible()
    page.get_by_role("checkbox", name="Выбрать: 15", exact=True).check()
    page.get_by_role("button", name=re.compile("Выбрать все")).click()
    page.get_by_role("button", name="Удалить", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page)  # a filter in use, all that pass it chosen, a question about them
    page.get_by_role("dialog").get_by_role("button", name="Удалить").click()
    expect(page.get_by_role("button", name="Вернуть")).to_be_visible()
    fresh_server.kill()
    expect(page.locator("#link")).to_have_attribute("data-state", "away")
    page.get_by_role("button", name="Вернуть").click()
    expect(page.get_by_text("Вернуть не удалось")).to_be_visible()
    assert_accessible(page)  # away, with what could not be undone
    page.context.set_offline(True)
    expect(page.locator("#link")).to_have_attribute("data-state", "offline")
    assert_accessible(page)


def test_axe_without_javascript_and_in_english(server: Any, browse: Any) -> None:
    """axe-core finds nothing in English, and in the page that a form without JavaScript brings."""
    server.add(5)
    page = browse(server.url + "/?lang=en")
    expect(page.get_by_text("updates by itself")).to_be_visible()
    assert_accessible(page)
    page.goto(server.url + "/?removed=5&lang=en")
    assert_accessible(page)


def test_announcements(fresh_server: Any, browse: Any) -> None:
    """A burst is announced in sentences at least three seconds apart, and every change is counted in one of them."""
    page = browse(fresh_server.url)
    expect(page.get_by_text("обновляется само")).to_be_visible()
    page.evaluate(LISTEN)
    fresh_server.add(300)
    expect(page.locator("body")).to_have_attribute("data-heard", re.compile("[1-9]"))
    for n in (200, 100):  # after the first sentence, else one could be enough for all three
        fresh_server.add(n)
    page.wait_for_function(f"() => ({READY})() >= 3")
    assert page.evaluate(READY) == 3
    heard = page.evaluate("window.heard")
    assert len(heard) > 1
    assert all(later[0] - earlier[0] >= 2900 for earlier, later in pairwise(heard))


def test_phone_rows(fresh_server: Any, browse: Any) -> None:
    """On a phone a row is 72 px high, in two lines, whatever its state, and its buttons can be hit."""
    fresh_server.many("1-60")
    fresh_server.add(BIG)
    page = browse(fresh_server.url, wide=360)
    expect(page.locator("[data-status=taken] .left")).not_to_be_empty()
    assert set(page.locator("#jobs tbody tr").evaluate_all("rows => rows.map((row) => row.offsetHeight)")) == {72}
    size = "all => all.map((button) => [button.offsetWidth, button.offsetHeight])"
    sizes = page.locator("#jobs tbody button:visible").evaluate_all(size)
    assert all(width >= 44 and height >= 44 for width, height in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    fresh_server.ask(f"/api/jobs/{BIG}", method="DELETE")
    row = page.locator("[data-status=cancelled]")
    expect(row.get_by_role("button", name="Повторить")).to_be_visible()
    boxes = [row.locator(part).bounding_box() for part in (".n", ".status", ".retry")]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[2]["x"]  # nothing covers the number
    assert boxes[1]["x"] + boxes[1]["width"] <= boxes[2]["x"]  # nor the state, which is there in words
    assert row.evaluate("row => row.offsetHeight") == 72


def test_zoom(fresh_server: Any, browse: Any) -> None:
    """At 400 % zoom (320 by 256 px are left) nothing is cut off sideways, and nothing stays over what is read."""
    fresh_server.many("1-60")
    page = browse(fresh_server.url, wide=320)
    page.set_viewport_size({"width": 320, "height": 256})
    expect(page.get_by_text("обновляется само")).to_be_visible()
    page.get_by_role("checkbox", name="Выбрать: 58", exact=True).check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    covering = """[...document.querySelectorAll("main *")].filter((element) =>
        element.checkVisibility() && /fixed|sticky/.test(getComputedStyle(element).position)).map(({id}) => id)"""
    assert page.evaluate(covering) == []
    page.mouse.move(160, 128)
    page.mouse.wheel(0, 100_000)
    expect(page.locator("#foot")).to_be_in_viewport()


def test_paper(fresh_server: Any, browse: Any) -> None:
    """On paper stands the table alone, dark on light: no form, button, box or bar."""
    fresh_server.many("1-5")
    page = browse(fresh_server.url, color_scheme="dark")
    expect(page.get_by_text("обновляется само")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("table")).to_be_visible()
    for selector in ("button", "input", "select", ".masthead", "#filters", "#foot"):
        assert page.locator(selector).filter(visible=True).count() == 0, selector
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
