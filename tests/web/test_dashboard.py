"""The dashboard: what one page does is seen in all."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # a browser starts

FIELD = "Какой знак числа π найти?"
ROWS = 70  # jobs that take more than one page
BIG = 10_000_000  # computes for seconds, so that it can be cancelled


def ask(page: Page, text: str) -> None:
    page.get_by_label(FIELD).fill(text)
    page.get_by_role("button", name="Вычислить").click()


def mark(page: Page) -> None:
    page.evaluate("window.loadedOnce = true")


def told(page: Page) -> list[int]:
    """The ids of the events that the page's websockets bring, growing as they come."""
    ids: list[int] = []

    def heard(frame: str) -> None:
        message = json.loads(frame)
        events = message if isinstance(message, list) else [message]
        ids.extend(event["id"] for event in events if event["stage"] != "hello")

    page.on("websocket", lambda socket: socket.on("framereceived", heard))
    return ids


def cancel(page: Page, row: Callable[[Page, int], Any]) -> None:
    row(page, BIG).get_by_role("button", name="Отменить").click()
    page.get_by_role("dialog").get_by_role("button", name="Остановить").click()


def assert_never_reloaded(page: Page) -> None:
    assert page.evaluate("window.loadedOnce") is True


def test_job_added_in_one_page_finishes_in_another(
    server: Any, browse: Callable[..., Page], row: Callable[[Page, int], Any]
) -> None:
    """A job sent from one page appears in another, and its digit too, without a reload."""
    one, other = browse(server.url), browse(server.url)
    mark(other)
    ask(one, "1 000")
    for page in (one, other):
        expect(row(page, 1000)).to_have_count(1)
        expect(row(page, 1000)).to_contain_text("готово")
        expect(row(page, 1000).locator(".digit")).to_have_text("9")
    assert_never_reloaded(other)
    expect(one.get_by_role("link", name="Открыть страницу знака № 1")).to_have_attribute("href", "/pi/1000")


def test_bad_n_is_explained(server: Any, browse: Callable[..., Page], refused: None) -> None:
    """What is wrong is said beside the field, in the reader's language; the field is marked and keeps its text."""
    page = browse(server.url)
    number = "Нужно целое число от 1 до 10\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}000, а не «%s»."
    messages = {
        "0": number % "0",
        "10000001": number % "10000001",
        "-5": "Непонятно «-5».",
        "десять": "Непонятно «десять».",
        "1.5": "Непонятно «.5».",
        "9-5": "В промежутке «9-5» первое число больше второго.",
        "1-2000": "За один раз можно не больше 1\N{NO-BREAK SPACE}000 чисел, а здесь их 2\N{NO-BREAK SPACE}000.",
    }
    for sent, message in messages.items():
        ask(page, sent)
        expect(page.get_by_role("alert")).to_contain_text(message)
        expect(page.get_by_label(FIELD)).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label(FIELD)).to_have_value(sent)


def test_form_without_javascript(server: Any, browse: Callable[..., Page]) -> None:
    """Without JavaScript the form leads to the job's page, which shows pi, and the dashboard lists the job."""
    page = browse(server.url, java_script_enabled=False)
    ask(page, "321")
    expect(page).to_have_url(f"{server.url}/pi/321")
    page.get_by_role("link", name="← Все вычисления").click()
    expect(page.get_by_role("link", name="321", exact=True)).to_be_visible()


def test_bad_form_without_javascript(server: Any, browse: Callable[..., Page], refused: None) -> None:
    """Without JavaScript a bad n brings the dashboard again, with what was typed and what is wrong with it."""
    page = browse(server.url, java_script_enabled=False)
    ask(page, "много")
    expect(page.get_by_role("alert")).to_contain_text("Нужно целое число от 1 до 10")
    expect(page.get_by_label(FIELD)).to_have_value("много")
    expect(page.get_by_role("heading", name="Вычисления")).to_be_visible()


def test_buttons_cancel_retry_and_remove(
    server: Any, browse: Callable[..., Page], row: Callable[[Page, int], Any]
) -> None:
    """The buttons of a row end a computation, start it again and take it away, in every page."""
    one, other = browse(server.url), browse(server.url)
    ask(one, str(BIG))
    expect(row(one, BIG)).to_contain_text("считается")
    cancel(one, row)
    expect(row(other, BIG)).to_contain_text("отменено")
    row(other, BIG).get_by_role("button", name="Повторить").click()
    expect(row(one, BIG)).to_contain_text("считается")
    expect(row(one, BIG).get_by_role("progressbar")).to_be_visible()
    cancel(one, row)
    expect(row(one, BIG)).to_contain_text("отменено")
    row(one, BIG).get_by_role("button", name="Удалить").click()
    for page in (one, other):
        expect(row(page, BIG)).to_have_count(0)


def test_buttons_without_javascript(server: Any, browse: Callable[..., Page]) -> None:
    """Without JavaScript the buttons of a row work as forms, and a removal can be taken back."""
    server.add(77)
    page = browse(server.url, java_script_enabled=False)
    page.get_by_role("button", name="Удалить: 77", exact=True).click()
    expect(page.get_by_role("heading", name="Вычисления")).to_be_visible()
    expect(page.get_by_role("link", name="77", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Вернуть").click()
    expect(page).to_have_url(f"{server.url}/pi/77")
    page.goto(server.url)
    expect(page.get_by_role("link", name="77", exact=True)).to_be_visible()


def test_table_without_javascript(fresh_server: Any, browse: Callable[..., Page]) -> None:
    """Filter, order and pages are a form and links: the same addresses as with JavaScript."""
    fresh_server.many(f"1-{ROWS}")
    page = browse(fresh_server.url, java_script_enabled=False)
    rows = page.locator("#jobs tbody tr")
    page.get_by_role("link", name="Знак №", exact=True).click()
    expect(page).to_have_url(f"{fresh_server.url}/?sort=n")
    page.get_by_role("link", name="Вперёд").click()
    expect(page).to_have_url(f"{fresh_server.url}/?sort=n&page=2")
    expect(rows.first.get_by_role("link")).to_have_text("51")
    page.get_by_label("Номер начинается с").fill("6")
    page.get_by_role("button", name="Отобрать").click()
    expect(page).to_have_url(f"{fresh_server.url}/?q=6&sort=n")
    expect(rows).to_have_count(11)  # 6 and 60 to 69
    expect(page.get_by_label("Номер начинается с")).to_have_value("6")


def test_burst_filter_order_and_pages(
    fresh_server: Any, browse: Callable[..., Page], row: Callable[[Page, int], Any]
) -> None:
    """A burst of new jobs reaches an open page whole: no row twice, and order, search and paging cover them all."""
    page = browse(fresh_server.url)
    expect(page.get_by_role("heading", name="Здесь пока пусто")).to_be_visible()
    for n in range(101, 221):
        fresh_server.add(n)
    rows = page.locator("#jobs tbody tr")
    expect(page.get_by_text("всего: 120")).to_be_visible()
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("220")
    page.get_by_role("link", name="Знак №", exact=True).click()
    expect(page.get_by_role("columnheader", name="Знак №")).to_have_attribute("aria-sort", "ascending")
    expect(rows.first).to_contain_text("101")
    page.get_by_role("link", name="Вперёд").click()
    expect(rows.first).to_contain_text("151")
    page.reload()  # the view is in the address
    expect(page.locator("html[data-scripted]")).to_have_count(1)
    expect(rows.first).to_contain_text("151")
    page.get_by_label("Номер начинается с").fill("11")
    expect(rows).to_have_count(10)
    page.get_by_label("Состояние").select_option("error")
    expect(page.get_by_role("heading", name="Под этот отбор ничего не подходит")).to_be_visible()
    page.get_by_role("link", name="Показать все").click()
    expect(rows).to_have_count(50)


def test_page_catches_up_after_the_server_was_killed(
    fresh_server: Any, browse: Any, row: Callable[[Page, int], Any]
) -> None:
    """A page outlives kill -9 and the next start: it says so, reconnects and is told each event once."""
    browse.allow("WebSocket connection to .* failed|net::ERR_")
    page = browse("about:blank")
    ids = told(page)
    page.goto(fresh_server.url)
    mark(page)
    ask(page, "5000000")  # computes for seconds
    expect(row(page, 5_000_000)).to_contain_text("считается")
    fresh_server.kill()
    expect(page.get_by_text("нет связи")).to_be_visible()
    fresh_server.start()
    fresh_server.add(500)
    expect(page.get_by_text("обновляется само")).to_be_visible()
    fresh_server.ready(5_000_000)
    for n in (500, 5_000_000):
        expect(row(page, n)).to_have_count(1)
        expect(row(page, n)).to_contain_text("готово")
    assert_never_reloaded(page)
    assert ids == list(range(1, ids[-1] + 1))


def test_english(server: Any, browse: Callable[..., Page]) -> None:
    """?lang=en turns the page English, says so to the browser, and the choice stays."""
    page = browse(server.url + "/?lang=en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto(server.url)
    expect(page.get_by_label("Which digit of π shall we find?")).to_be_visible()
    page.get_by_role("link", name="Русский").click()
    expect(page.get_by_label(FIELD)).to_be_visible()


def test_narrow_screen(server: Any, browse: Callable[..., Page], refused: None) -> None:
    """At 360 px no page scrolls sideways, and the table is still a table for a screen reader."""
    server.add(12345)
    page = browse(server.url, wide=360)
    expect(page.get_by_role("table", name="Вычисления").get_by_role("row").first).to_be_visible()
    for path in ("/", "/pi/12345", "/pi/0"):
        page.goto(server.url + path)
        page.wait_for_load_state("load")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
