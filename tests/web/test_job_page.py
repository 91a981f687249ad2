"""The page of one job: pi as far as it is known, however long."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gmpy2
import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # a browser starts

MILLION = 1_000_000
LAST_TEN = "5779458151"  # of the first million digits
#: JavaScript: the position of the first digit in view.
PLACE = "Number(document.querySelector('#digits .place').textContent.replace(/\\D/g, ''))"
#: JavaScript: the texts of each line, its place first.
LINES = """() => [...document.querySelectorAll("#digits .row")].map(
    (row) => [...row.children].map((part) => part.textContent))"""


@pytest.fixture(scope="module")
def pi() -> str:
    """The first million digits after the point, from MPFR."""
    with gmpy2.context(gmpy2.get_context(), precision=3_321_928 + 200):
        return gmpy2.const_pi().digits()[0][1 : MILLION + 1]


@pytest.fixture(scope="module")
def million(server: Any) -> str:
    server.add(MILLION)
    return f"{server.url}/pi/{MILLION}"


def parsed(shown: list[list[str]]) -> list[tuple[int, str]]:
    return [(int(re.sub(r"\D", "", place)), "".join(groups)) for place, *groups in shown]


def lines(page: Page) -> list[tuple[int, str]]:
    """What the box shows: the position of each line's first digit, and its digits."""
    return parsed(page.evaluate(LINES))


def loaded(page: Page) -> list[tuple[int, str]]:
    """The lines, once all their digits have come."""
    whole = "(shown) => shown.length > 0 && !shown.flat().join().includes('·') && shown"
    return parsed(page.wait_for_function(f"() => ({whole})(({LINES})())").json_value())


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
    assert loaded(page)[0][0] == 1
    expect(page.locator("#answer .before")).to_have_text("0577945815")
    expect(page.locator("#timeline .legend li")).to_have_count(5)
    expect(page.locator("#speed")).to_contain_text("знаков в секунду")


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
    """With 10^9 digits on a narrow screen every position can be reached, and a wheel still moves line by line."""
    n = 10**9

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


def grouped(value: int) -> str:
    """A pattern for a number with its thousands set apart."""
    return f"{value:,}".replace(",", r"\s")


def test_search_as_one_types(browse: Callable[..., Page], million: str, pi: str) -> None:
    """A date is found while it is typed; next and previous go through all hits, around the ends, and number them."""
    page = browse(million)
    loaded(page)
    places = [at + 1 for at in range(MILLION) if pi.startswith("14031", at)]
    found = page.locator("#found")

    def at(k: int) -> None:
        expect(found).to_have_text(re.compile(f"Место {k + 1} из {len(places)}: позиция {grouped(places[k])}$"))
        expect(page.locator("#digits mark.aim")).to_have_text(list("14031"))

    page.get_by_label("Найти цифры").press_sequentially("14.03.1")
    at(0)
    page.get_by_role("button", name="Следующее место").click()
    at(1)
    page.get_by_role("button", name="Предыдущее место").click()
    at(0)
    page.get_by_role("button", name="Предыдущее место").click()
    at(len(places) - 1)
    page.get_by_label("Найти цифры").press("Enter")
    at(0)
    page.get_by_label("Найти цифры").fill("9" * 50)
    expect(found).to_have_text(re.compile(f"Среди {grouped(MILLION)} знаков этого нет"))
    for wrong in ("день рождения", "1" * 51):
        page.get_by_label("Найти цифры").fill(wrong)
        expect(found).to_have_text("Нужны цифры: от 1 до 50")


def test_all_hits_in_view_are_marked(browse: Callable[..., Page], million: str, pi: str) -> None:
    """Every hit among the lines in view is marked, overlapping ones and those across two lines too."""
    page = browse(million)
    loaded(page)
    page.get_by_label("Найти цифры").fill("9")
    expect(page.locator("#digits mark.hit").first).to_be_visible()
    first, last = lines(page)[0][0], lines(page)[-1][0] + len(lines(page)[-1][1]) - 1
    count = len([digit for digit in pi[first - 1 : last] if digit == "9"])
    expect(page.locator("#digits mark.hit")).to_have_count(count)
    edge = lines(page)[1][0]
    page.get_by_label("Найти цифры").fill(pi[edge - 3 : edge + 2])
    expect(page.locator("#digits mark.aim")).to_have_text(list(pi[edge - 3 : edge + 2]))
    assert page.locator("#digits mark.hit").count() >= 5


@pytest.mark.parametrize(
    ("sequence", "odds"), [("1", "> 99,99 %"), ("123456", "63 %"), ("12345678", "1 %"), ("1" * 50, "1 : 10⁴⁴")]
)
def test_odds(browse: Callable[..., Page], million: str, sequence: str, odds: str) -> None:
    """Before anything is found the page says how likely it is."""
    page = browse(million)
    page.get_by_label("Найти цифры").fill(sequence)
    expect(page.locator("#odds")).to_have_text(re.compile(re.escape(odds).replace(r"\ ", r"\s") + "$"))


def copied(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_what_is_chosen_is_copied(browse: Callable[..., Page], million: str, pi: str) -> None:
    """From a click to a click with Shift a hundred lines on, every digit between is copied, those out of view too."""
    page = browse(million, permissions=["clipboard-read", "clipboard-write"])
    first = loaded(page)[0]
    row = page.locator("#digits .row").first
    row.locator("span").nth(2).click(position={"x": 2, "y": 8})
    per_line = len(first[1])
    start = first[0] + 10
    for target in (100 * per_line, 5000 * per_line):  # the second one leaves windows between that were never loaded
        page.locator("#digits").evaluate("(box, top) => { box.scrollTop = top }", target / per_line * 27)
        page.wait_for_function(f"() => {PLACE} > {target} / 2")
        place, text = loaded(page)[3]
        page.locator("#digits .row").nth(3).locator("span").nth(2).click(position={"x": 2, "y": 8}, modifiers=["Shift"])
        end = place + 10
        expect(page.locator("#copied")).to_have_text(re.compile(f"Выбрано знаков: {grouped(end - start + 1)},"))
        page.keyboard.press("Control+c")
        expect(page.locator("#copied")).to_have_text(re.compile(f"Скопировано знаков: {grouped(end - start + 1)},"))
        assert copied(page) == pi[start - 1 : end]
        assert text


def test_choosing_by_drag(browse: Callable[..., Page], million: str, pi: str) -> None:
    """A drag chooses from digit to digit; held beyond the edge it goes on; Escape lets go; Ctrl+A takes everything."""
    page = browse(million, permissions=["clipboard-read", "clipboard-write"])
    loaded(page)
    box = page.locator("#digits")
    start = page.locator("#digits .row").nth(1).locator("span").nth(1).bounding_box()
    frame = box.bounding_box()
    assert start and frame
    page.mouse.move(start["x"] + 2, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 2, frame["y"] + frame["height"] + 60)
    page.wait_for_function(f"() => {PLACE} > 500")
    page.mouse.up()
    page.keyboard.press("Control+c")
    expect(page.locator("#copied")).to_contain_text("Скопировано")
    text = copied(page)
    per_line = len(lines(page)[0][1])
    assert len(text) > 20 * per_line
    assert text == pi[per_line : per_line + len(text)]
    page.keyboard.press("Escape")
    expect(page.locator("#digits mark.aim")).to_have_count(0)
    page.keyboard.press("Control+a")
    expect(page.locator("#copied")).to_have_text(re.compile(f"Выбрано знаков: {grouped(MILLION)},"))
    page.keyboard.press("Control+c")
    expect(page.locator("#copied")).to_have_text(re.compile(f"Скопировано знаков: {grouped(MILLION)},"))
    assert copied(page) == pi


def test_download(browse: Callable[..., Page], million: str, pi: str, tmp_path: Path) -> None:
    """Any run of digits, and all of them, come as a file."""
    page = browse(million)
    loaded(page)
    page.get_by_label("С позиции").fill("762")
    page.get_by_label("Сколько знаков").fill("6")
    for press, name, text in (
        (page.get_by_role("button", name="Скачать"), "pi-762-767.txt", "999999"),
        (page.get_by_role("link", name="Скачать всё число"), "pi-0-1000000.txt", f"3.{pi}"),
    ):
        with page.expect_download() as download:
            press.click()
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
        assert (tmp_path / name).read_text() == text


def test_the_address_is_a_place(browse: Callable[..., Page], million: str, pi: str) -> None:
    """`#from-to` opens there, centred and marked; the address follows the view and survives a reload."""
    page = browse(f"{million}#500000-500009")
    expect(page.locator("#digits mark.aim")).to_have_text(list(pi[499_999:500_009]))
    shown = loaded(page)
    middle = shown[len(shown) // 2][0]
    assert abs(middle - 500_000) <= len(shown[0][1])
    page.locator("#digits").hover()
    page.mouse.wheel(0, 30_000)
    page.wait_for_function("() => /^#\\d+$/.test(location.hash)")
    page.wait_for_function(f"() => Math.abs(Number(location.hash.slice(1)) - {PLACE}) < 5000")
    address, place = page.url, lines(page)[0][0]
    page.reload()
    loaded(page)
    assert abs(lines(page)[0][0] - place) <= 100
    assert page.url == address
    page.evaluate("location.hash = '#762-767'")
    expect(page.locator("#digits mark.aim")).to_have_text(list("999999"))
    expect(page.get_by_role("link", name="English")).to_have_attribute("href", re.compile("#762-767$"))
    page.evaluate("location.hash = '#nonsense'")
    assert_right(page, pi)


def test_copy(browse: Callable[..., Page], million: str, pi: str) -> None:
    """Digits are copied bare, as many as asked for, from the first line in view on."""
    page = browse(million, permissions=["clipboard-read", "clipboard-write"])
    go(page, MILLION // 2)
    first = loaded(page)
    page.get_by_label("Сколько знаков").fill("25000")
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
    page.get_by_role("dialog").get_by_role("button", name="Остановить").click()
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
    """A job that does not exist is a page that says so, offers to compute it, and leads home."""
    page = browse(server.url + "/pi/4242")
    expect(page.get_by_role("heading", name="Знак № 4\N{NO-BREAK SPACE}242 ещё не вычисляли")).to_be_visible()
    expect(page.get_by_role("button", name="Вычислить 4\N{NO-BREAK SPACE}242 цифры")).to_be_visible()
    expect(page.get_by_role("link", name="← Все вычисления")).to_have_attribute("href", "/")


def test_history_is_read_in_pages(browse: Callable[..., Page], million: str) -> None:
    """A page asks for the events it lacks, page by page, until there are no more."""
    asked = []

    def answer(route: Route) -> None:
        at = len(asked)
        asked.append(route.request.url.partition("after=")[2])
        event = {"id": 10**9 + at, "n": MILLION, "attempt": 1, "stage": "scheduled", "progress": 0, "at": 0}
        more = {"events": [event | {"detail": f"page {at}"}], "more": at < 2}
        route.fulfill(json=route.fetch().json() | more)

    page = browse(million)
    expect(page.locator("#job .status")).to_have_text("готово")
    page.reload()
    expect(page.get_by_text("обновляется само")).to_be_visible()  # it has asked for what it lacked
    newest = page.locator("body").get_attribute("data-cursor")
    page.route(re.compile("/api/jobs/[0-9]+[?]after="), answer)
    page.reload()
    expect(page.locator("#events .why", has_text="page")).to_have_text(["page 0", "page 1", "page 2"])
    assert asked == [newest, str(10**9), str(10**9 + 1)]
