"""The page of one job: pi as far as it is known, however long."""

import re
from collections.abc import Callable
from typing import Any

import gmpy2
import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # a browser starts

MILLION = 1_000_000
LAST_TEN = "5779458151"  # of the first million digits
#: JavaScript: the position of the first digit in view.
PLACE = "Number(document.querySelector('#digits .place').textContent.replace(/\\D/g, ''))"


@pytest.fixture(scope="module")
def pi() -> str:
    """The first million digits after the point, from MPFR."""
    with gmpy2.context(gmpy2.get_context(), precision=3_321_928 + 200):
        return gmpy2.const_pi().digits()[0][1 : MILLION + 1]


@pytest.fixture(scope="module")
def million(server: Any) -> str:
    server.add(MILLION)
    return f"{server.url}/pi/{MILLION}"


def lines(page: Page) -> list[tuple[int, str]]:
    """What the box shows: the position of each line's first digit, and its digits."""
    script = "rows => rows.map(row => [...row.children].map(part => part.textContent))"
    shown = page.locator("#digits .row").evaluate_all(script)
    return [(int(re.sub(r"\D", "", place)), "".join(groups)) for place, *groups in shown]


def loaded(page: Page) -> list[tuple[int, str]]:
    """The lines, once all their digits have come."""
    expect(page.locator("#digits .row").first).to_be_visible()
    expect(page.locator("#digits")).not_to_contain_text("·")
    return lines(page)


def go(page: Page, position: int) -> None:
    page.get_by_label("Позиция").fill(str(position))
    page.get_by_role("button", name="Перейти").click()
    expect(page.locator("#digits mark.aim")).to_be_visible()


def assert_right(page: Page, pi: str) -> None:
    shown = loaded(page)
    assert len(shown) > 5
    for place, digits in shown:
        assert digits == pi[place - 1 : place - 1 + len(digits)]


def test_job_finishes_before_the_readers_eyes(server: Any, browse: Callable[..., Page], million: str) -> None:
    """An open page follows its job to the end without a reload: digit, events and all of pi."""
    page = browse(million)
    expect(page.locator("#job .status")).to_have_text("готово")
    expect(page.locator("#job .digit")).to_have_text("1")
    expect(page.locator("#events .status")).to_have_text(
        ["добавлено", "в очереди", "считается", "записывается", "готово"]
    )
    assert lines(page)[0][0] == 1


def test_a_million_digits(browse: Callable[..., Page], million: str, pi: str) -> None:
    """Start, middle and end of a million digits are right, and only the lines in view exist."""
    page = browse(million)
    assert loaded(page)[0] == (1, pi[: len(lines(page)[0][1])])
    assert_right(page, pi)
    go(page, MILLION // 2)
    assert_right(page, pi)
    page.get_by_role("button", name="К последнему").click()
    expect(page.locator("#digits")).to_contain_text(LAST_TEN)
    assert_right(page, pi)
    expect(page.locator("#digits mark.nth")).to_have_text("1")
    assert page.locator("*").count() < 2000


def test_scrolling_by_hand(browse: Callable[..., Page], million: str, pi: str) -> None:
    """Wheel, keys and the scroll bar itself lead to the right digits, and the page answers meanwhile."""
    page = browse(million)
    loaded(page)
    box = page.locator("#digits")
    box.hover()
    for _ in range(20):
        page.mouse.wheel(0, 700)
    expect(page.locator("#digits .place").first).not_to_have_text("1")
    assert_right(page, pi)
    for share in (0.1, 0.9, 0.33):
        box.evaluate("(box, share) => { box.scrollTop = box.scrollHeight * share }", share)
    page.wait_for_function(f"() => Math.abs({PLACE} - {MILLION} * 0.33) < {MILLION} / 100")
    assert_right(page, pi)
    box.focus()
    page.keyboard.press("Home")
    expect(page.locator("#digits .place").first).to_have_text("1")
    page.keyboard.press("End")
    expect(box).to_contain_text(LAST_TEN)


def test_more_lines_than_a_browser_can_lay_out(browse: Callable[..., Page], refused: None, million: str) -> None:
    """With 10^8 digits on a narrow screen every position can be reached, and a wheel still moves line by line."""
    n = 10**8

    def digits(route: Route) -> None:
        start, count = map(int, re.findall(r"=(\d+)", route.request.url))
        content = "".join(str(position % 10) for position in range(start, start + count))
        route.fulfill(json={"content": content})

    page = browse("about:blank", wide=400)
    # between the page's arrival and the start of its scripts
    page.add_init_script(
        f"""document.addEventListener("readystatechange", () => {{
            if (document.readyState === "interactive")
                Object.assign(document.body.dataset, {{ n: "{n}", available: "{n}" }});
        }})"""
    )
    page.route(re.compile("/v1/pi"), digits)
    page.goto(million)
    per_line = len(loaded(page)[0][1])
    for position in (n // 2, 12_345_678, n):
        go(page, position)
        shown = loaded(page)
        assert any(place <= position < place + per_line for place, _ in shown)
        assert all(text[0] == str(place % 10) for place, text in shown)
    assert shown[-1][0] + len(shown[-1][1]) - 1 == n
    go(page, n // 2)
    before = lines(page)[0][0]
    page.locator("#digits").hover()
    page.mouse.wheel(0, 300)
    page.wait_for_function(f"() => {PLACE} !== {before}")
    assert before < lines(page)[0][0] <= before + 50 * per_line


def test_search_goes_on_from_hit_to_hit(browse: Callable[..., Page], million: str, pi: str) -> None:
    """A date is found as it is typed, shown and marked, and the next hit follows."""
    page = browse(million)
    page.get_by_label("Найти цифры").fill("14.03")
    page.get_by_role("button", name="Найти").click()
    first = pi.index("1403") + 1
    expect(page.locator("#found")).to_have_text(re.compile(f"{first:,}".replace(",", r"\s")))
    expect(page.locator("#digits mark.aim")).to_have_text(list("1403"))
    page.get_by_role("button", name="Найти дальше").click()
    second = pi.index("1403", first) + 1
    expect(page.locator("#found")).to_have_text(re.compile(f"{second:,}".replace(",", r"\s")))
    for wrong in ("день рождения", "1" * 51):
        page.get_by_label("Найти цифры").fill(wrong)
        expect(page.locator("#found")).to_have_text("")
        page.get_by_role("button", name="Найти").click()
        expect(page.locator("#found")).to_have_text("Нужны цифры: от 1 до 50")


def test_copy(browse: Callable[..., Page], million: str, pi: str) -> None:
    """Digits are copied bare, as many as asked for, from the first line in view on."""
    page = browse(million, permissions=["clipboard-read", "clipboard-write"])
    go(page, MILLION // 2)
    first = loaded(page)
    page.get_by_label("Скопировать знаков отсюда").fill("25000")
    page.get_by_role("button", name="Скопировать", exact=True).click()
    expect(page.locator("#copied")).to_contain_text("Скопировано знаков: 25")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert len(copied) == 25_000
    place = pi.index(copied) + 1
    assert place in [start for start, _ in first[:2]]


def test_digits_that_are_there_before_the_job_is_done(server: Any, browse: Callable[..., Page], million: str) -> None:
    """An unfinished job shows its progress and the digits that are on disk already; its button cancels it."""
    page = browse(million)
    expect(page.locator("#job .status")).to_have_text("готово")
    server.add(9_999_999)
    page = browse(f"{server.url}/pi/9999999")
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Отменить").click()
    expect(page.locator("#job .status")).to_have_text("отменено")
    expect(page.get_by_role("progressbar")).to_be_hidden()
    expect(page.get_by_role("button", name="Повторить")).to_be_visible()
    expect(page.get_by_text(re.compile(r"уже 1\s000\s000 из 9\s999\s999"))).to_be_visible()
    page.get_by_role("button", name="К последнему").click()
    expect(page.locator("#digits")).to_contain_text(LAST_TEN)
    expect(page.locator("#job .digit")).to_have_text("?")


def test_without_javascript(browse: Callable[..., Page], million: str, pi: str) -> None:
    """Without JavaScript the page shows the first thousand digits."""
    page = browse(million, java_script_enabled=False)
    shown = page.locator("#digits").inner_text()
    assert re.sub(r"\D", "", shown) == "3" + pi[:1000]


def test_unknown_job(server: Any, browse: Callable[..., Page], refused: None) -> None:
    """A job that does not exist is a page that says so and leads home."""
    page = browse(server.url + "/pi/4242")
    expect(page.get_by_role("heading", name="Такой страницы нет")).to_be_visible()
    expect(page.get_by_text("no job with n = 4242")).to_be_visible()
    expect(page.get_by_role("link", name="К списку вычислений")).to_have_attribute("href", "/")
