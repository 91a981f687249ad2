"""What is asked before a loss, what can be taken back, and what is done with many at once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # a browser starts

BIG = 10_000_000  # computes for seconds, so that it can be cancelled


def test_cancelling_asks(fresh_server: Any, browse: Any, row: Callable[[Page, int], Any]) -> None:
    """What runs is stopped only after a yes; no and Escape leave it running."""
    page = browse(fresh_server.url)
    fresh_server.add(BIG)
    expect(row(page, BIG)).to_contain_text("считается")
    cancel = row(page, BIG).get_by_role("button", name="Отменить")
    cancel.click()
    dialog = page.get_by_role(
        "dialog", name="Остановить вычисление знака № 10\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}000?"
    )
    dialog.get_by_role("button", name="Нет").click()
    expect(dialog).to_be_hidden()
    cancel.click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert fresh_server.ask(f"/api/jobs/{BIG}")["status"] == "taken"
    cancel.click()
    dialog.get_by_role("button", name="Остановить").click()
    expect(row(page, BIG)).to_contain_text("отменено")


def test_removing_can_be_taken_back(fresh_server: Any, browse: Any, row: Callable[[Page, int], Any]) -> None:
    """A removal is at once, and for ten seconds it can be taken back: the job is as it was, in every page."""
    fresh_server.add(1000)
    page, other = browse("about:blank"), browse(fresh_server.url)
    page.clock.install()
    page.goto(fresh_server.url)
    expect(page.locator("html[data-scripted]")).to_have_count(1)
    expect(row(page, 1000)).to_contain_text("готово")
    before = fresh_server.ask("/api/jobs?per_page=1")
    row(page, 1000).get_by_role("button", name="Удалить").click()
    for each in (page, other):
        expect(row(each, 1000)).to_have_count(0)
    expect(page.get_by_role("region", name="Последнее удаление")).to_contain_text(
        "Удалено. Знак № 1\N{NO-BREAK SPACE}000"
    )
    page.get_by_role("button", name="Вернуть").click()
    for each in (page, other):
        expect(row(each, 1000)).to_contain_text("готово")
    assert fresh_server.ask("/api/jobs?per_page=1") == before
    row(page, 1000).get_by_role("button", name="Удалить").click()
    expect(page.get_by_role("button", name="Вернуть")).to_be_visible()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.clock.fast_forward(10_500)
    expect(page.get_by_role("button", name="Вернуть")).to_be_hidden()


def test_what_cannot_be_taken_back_is_told(
    fresh_server: Any, browse: Any, row: Callable[[Page, int], Any], refused: None
) -> None:
    """If the server refuses to bring a job back the reader is told so, with the reason."""
    fresh_server.many("1-3")
    page = browse(fresh_server.url)
    refusal = {"error": {"code": "not_found", "message": "x", "values": {"n": 3}}}
    page.route("**/restore", lambda route: route.fulfill(status=404, json=refusal))
    row(page, 3).get_by_role("button", name="Удалить").click()
    toast = page.get_by_role("region", name="Последнее удаление")
    toast.get_by_role("button", name="Вернуть").click()
    expect(toast).to_contain_text("Вернуть не удалось: ")
    expect(toast.get_by_role("button", name="Вернуть")).to_be_hidden()


def test_many_by_list(fresh_server: Any, browse: Any, row: Callable[[Page, int], Any]) -> None:
    """Boxes choose rows, with shift all between; one call removes them, and one brings them back."""
    fresh_server.many("1-20")
    page = browse(fresh_server.url + "/?sort=n")
    calls: list[str] = []
    page.on(
        "request", lambda request: request.method == "POST" and calls.append(request.url.removeprefix(fresh_server.url))
    )
    box = lambda n: row(page, n).get_by_role("checkbox", name=f"Выбрать: {n}")  # noqa: E731
    box(3).click()
    box(7).click(modifiers=["Shift"])
    box(5).click()
    bar = page.get_by_role("region", name="Выбранные вычисления")
    expect(bar).to_contain_text("Выбрано: 4")
    bar.get_by_role("button", name="Удалить").click()
    dialog = page.get_by_role("dialog", name="Удалить вычисления: 4?")
    dialog.get_by_role("button", name="Удалить").click()
    for n in (3, 4, 6, 7):
        expect(row(page, n)).to_have_count(0)
    expect(row(page, 5)).to_have_count(1)
    expect(bar).to_be_hidden()
    expect(page.get_by_text("Удалено: 4", exact=True)).to_be_visible()
    page.get_by_role("button", name="Вернуть").click()
    expect(page.get_by_text("Возвращено: 4")).to_be_visible()
    expect(page.locator("#jobs tbody tr")).to_have_count(20)
    assert calls == ["/api/jobs/bulk", "/api/jobs/bulk"]


def test_many_by_filter(fresh_server: Any, browse: Any) -> None:
    """All that pass the filter are chosen, seen or not; the dialog names the number; the rest is told by kind."""
    fresh_server.many("1-130")
    page = browse(fresh_server.url + "/?least=11")
    fresh_server.add(BIG)
    expect(page.get_by_text("всего: 121")).to_be_visible()
    page.get_by_role("checkbox", name="Выбрать все на странице").check()
    bar = page.get_by_role("region", name="Выбранные вычисления")
    expect(bar).to_contain_text("Выбрано: 50")
    bar.get_by_role("button", name="Выбрать все 121 под отбором").click()
    expect(bar).to_contain_text("Выбрано: 121")
    bar.get_by_role("button", name="Удалить").click()
    page.get_by_role("dialog", name="Удалить вычисления: 121?").get_by_role("button", name="Удалить").click()
    expect(page.get_by_text("Удалено: 120 · не подошли по состоянию: 1")).to_be_visible()
    expect(page.get_by_text("всего: 1", exact=True)).to_be_visible()
    assert fresh_server.ask("/api/jobs")["total"] == 11  # 1 to 10, which the filter kept out, and the one that runs
    page.get_by_label("Номер от").fill("")
    expect(page.locator("#jobs tbody tr")).to_have_count(11)


def test_several_at_once(fresh_server: Any, browse: Any, row: Callable[[Page, int], Any]) -> None:
    """The form takes several numbers and a range, and tells how many were new."""
    fresh_server.add(2000)
    page = browse(fresh_server.url)
    expect(row(page, 2000)).to_contain_text("готово")
    page.get_by_label("Какой знак числа π найти?").fill("10, 100, 1 000-1002, 2000")
    page.get_by_role("button", name="Вычислить").click()
    expect(page.get_by_text("Добавлено: 5 · уже были: 1")).to_be_visible()
    for n in (10, 100, 1000, 1001, 1002):
        expect(row(page, n)).to_contain_text("готово")


def test_time_left(fresh_server: Any, browse: Any, row: Callable[[Page, int], Any]) -> None:
    """A running job shows share, time left and time so far, in the row and in the title, from the first look on."""
    fresh_server.add(BIG)
    page = browse(fresh_server.url)
    expect(row(page, BIG).locator(".left")).to_contain_text("% · ещё ≈")
    expect(row(page, BIG).locator(".seconds")).not_to_be_empty()
    expect(page).to_have_title(re.compile(r"^\d+\s% · ещё ≈ .* — Число π"))
    page.reload()
    expect(row(page, BIG).locator(".left")).to_contain_text("%")
    fresh_server.ask(f"/api/jobs/{BIG}", method="DELETE")
    expect(page).to_have_title(re.compile("^Число π"))
    expect(row(page, BIG).locator(".left")).to_be_empty()


def test_pace_is_smooth_and_never_negative(server: Any, browse: Any) -> None:
    """The time left runs down with the clock, is corrected by a share of each surprise, and ends at 0."""
    page = browse(server.url)
    source = page.locator("link[href$='pi/pace.js']").get_attribute("href")
    told = page.evaluate(
        """async (source) => {
            const { Pace } = await import(source);
            const pace = new Pace();
            const take = (progress, at) => pace.take(7, { started: 100, progress, at });
            const told = [pace.left(7, 100)];
            take(0.5, 110);
            told.push(pace.left(7, 110), pace.left(7, 114), pace.left(7, 999));
            take(0.6, 120);  // slower: by the average 13.3 s are left, the last estimate said 0
            told.push(pace.left(7, 120));
            take(0.6, 119);  // an older report says nothing new
            told.push(pace.left(7, 120));
            pace.forget(7);
            return [...told, pace.left(7, 120)];
        }""",
        source,
    )
    assert told == [None, 10, 6, 0, pytest.approx(4), pytest.approx(4), None]


def test_quick_keys(fresh_server: Any, browse: Any) -> None:
    """Slash searches, n asks, j and k walk the rows; while one types they are letters."""
    fresh_server.many("1-5")
    page = browse(fresh_server.url + "/?sort=n")
    expect(page.get_by_text("обновляется само")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="2", exact=True)).to_be_focused()
    page.keyboard.press("k")
    expect(page.get_by_role("link", name="1", exact=True)).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Номер начинается с")).to_be_focused()
    page.keyboard.press("n")  # typed, and no digit
    expect(page.get_by_label("Номер начинается с")).to_be_focused()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    expect(page.get_by_label("Какой знак числа π найти?")).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_label("Какой знак числа π найти?")).to_have_value("j")
