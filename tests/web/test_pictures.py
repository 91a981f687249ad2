"""The pictures of a job's page: the distribution of the digits, and the walk they lead."""

import cmath
import re
from collections import Counter
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import gmpy2
import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # a browser starts

N = 200_000
MARGIN = 0.06
#: Unit steps by direction, as they look on a canvas, where y grows downwards.
STEPS = [cmath.exp(-2j * cmath.pi * turn / 10) for turn in range(10)]


@pytest.fixture(scope="module")
def pi() -> str:
    """The first N digits after the point, from MPFR."""
    with gmpy2.context(gmpy2.get_context(), precision=700_000):
        return gmpy2.const_pi().digits()[0][1 : N + 1]


@pytest.fixture(scope="module")
def walk(pi: str) -> list[complex]:
    """The points of the walk; the k-th is where it is after k digits."""
    turns = accumulate(map(int, pi))
    return list(accumulate((STEPS[turn % 10] for turn in turns), initial=0j))


@pytest.fixture
def page(server: Any, browse: Callable[..., Page]) -> Page:
    """A finished job whose pictures are drawn."""
    server.add(N)
    page = browse(f"{server.url}/pi/{N}")
    drawn(page, "#pictures")
    return page


def drawn(page: Page, target: str) -> None:
    """Come to `target` and wait until all digits are in the pictures, not only until nothing draws *yet*."""
    page.locator(target).scroll_into_view_if_needed()
    expect(page.locator(".chi2")).to_contain_text(re.compile(r"Среди 200\s000 знаков"))
    expect(page.locator("#pictures[data-drawing]")).to_have_count(0)


def module(page: Page, name: str, body: str, *args: Any) -> Any:
    """Call `body`, a function of one of the page's modules and of `args`."""
    script = f"async (args) => ({body})(await import('/static/pi/pictures/{name}.js'), ...args)"
    return page.evaluate(script, list(args))


def test_distribution(page: Page, pi: str) -> None:
    """Ten bars, each named with its digit's number, and chi-square in a sentence, as plain counting gives them."""
    counts = [Counter(pi)[str(digit)] for digit in range(10)]
    titles = page.locator("#pictures svg title").all_text_contents()
    shown = [int(re.sub(r"\D", "", re.split("[:,]", title)[1])) for title in titles]
    assert shown == counts
    chi2 = sum((count - N / 10) ** 2 / (N / 10) for count in counts)
    expect(page.locator(".chi2")).to_contain_text(f"χ² = {chi2:.2f}".replace(".", ",").rstrip("0"))


@pytest.mark.parametrize(("x", "p"), [(0, 1), (2.088, 0.99), (4.168, 0.9), (16.919, 0.05), (27.877, 0.001)])
def test_chi_square(page: Page, x: float, p: float) -> None:
    """The probability beyond x is that of the tables for nine degrees of freedom."""
    assert module(page, "distribution", "(m, x) => m.beyond(x)", x) == pytest.approx(p, abs=2e-5)


def test_walk(page: Page, pi: str, walk: list[complex]) -> None:
    """The walk's points and its bounds are those of a plain walk, wherever its digits are cut in pieces."""
    script = """(m, pi, places) => {
        const walk = new m.Walk(pi.length);
        for (let at = 0; at < pi.length; at += 777) walk.append(new TextEncoder().encode(pi.slice(at, at + 777)));
        return [walk.left, walk.right, ...places.map(([x, y]) => walk.nearest(x, y, 0.01))];
    }"""
    places = [1, 2, 1023, 1024, 1025, 100_000, N]
    left, right, *found = module(page, "walk", script, pi, [[walk[at].real, walk[at].imag] for at in places])
    assert (left, right) == pytest.approx((min(p.real for p in walk), max(p.real for p in walk)))
    for at, place in zip(found, places, strict=True):  # a walk may come to one point twice
        assert abs(walk[at] - walk[place]) < 1e-6


def test_click_goes_to_the_position(page: Page, walk: list[complex]) -> None:
    """A click on the walk chooses the digit there, shows it among the digits, and puts it into the address."""
    box = page.locator("canvas").bounding_box()
    assert box
    real, imag = [p.real for p in walk], [p.imag for p in walk]
    wide, high = max(real) - min(real), max(imag) - min(imag)
    scale = min(box["width"] * (1 - 2 * MARGIN) / wide, box["height"] * (1 - 2 * MARGIN) / high)
    aim = walk[N]
    x = (aim.real - (max(real) + min(real)) / 2) * scale + box["width"] / 2
    y = (aim.imag - (max(imag) + min(imag)) / 2) * scale + box["height"] / 2
    page.locator("canvas").click(position={"x": x, "y": y})
    page.wait_for_function("() => location.hash")
    position = int(page.evaluate("location.hash.slice(1)"))
    assert abs(walk[position] - aim) * scale < 2  # pixels
    expect(page.locator("#digits mark.aim")).to_have_count(1)


def test_zoom_and_save(page: Page, tmp_path: Path) -> None:
    """A PNG of what is seen is saved: the walk in its colours, another picture from nearby, the whole one again."""

    def saved(name: str) -> int:
        with page.expect_download() as download:
            page.get_by_role("button", name="Сохранить PNG").click()
        assert download.value.suggested_filename == f"pi-walk-{N}.png"
        download.value.save_as(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        script = """async (bytes) => {
            const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
            const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
            context.drawImage(bitmap, 0, 0);
            const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
            return new Set(new Uint32Array(data.buffer)).size;
        }"""
        colours: int = page.evaluate(script, list(data))
        return colours

    whole = saved("whole.png")
    assert whole > 50
    for _ in range(8):
        page.get_by_role("button", name="Ближе").click()
    assert saved("close.png") != whole
    page.get_by_role("button", name="Целиком").click()
    assert saved("again.png") == whole


def test_a_wheel_scrolls_the_page(page: Page) -> None:
    """Over the walk a wheel scrolls the page as everywhere; nobody is trapped."""
    page.locator("canvas").hover()
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, -200)
    page.wait_for_function(f"() => scrollY < {before}")


#: JavaScript: a sum of the walk's picture as it is on the screen, and the colour of its corner.
SEEN = """() => {
    const canvas = document.querySelector("#pictures canvas");
    const context = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return { corner: data[0], sum: new Uint32Array(data.buffer).reduce((sum, value) => (sum * 31 + value) >>> 0, 0) };
}"""


def test_the_colours_of_the_page(page: Page) -> None:
    """When the reader chooses dark the walk is drawn anew on dark paper, for light on light paper."""
    for theme, test in (("dark", "< 128"), ("light", "> 128"), ("dark", "< 128")):
        page.locator(f".themes a[data-theme={theme}]").click()
        page.locator("#pictures").scroll_into_view_if_needed()
        page.wait_for_function(f"() => ({SEEN})().corner {test}")


def test_a_finger(server: Any, browse: Callable[..., Page]) -> None:
    """A finger on the whole walk scrolls the page; on a part of it it moves the walk; two fingers zoom."""
    server.add(N)
    page = browse(f"{server.url}/pi/{N}", wide=360, has_touch=True)
    drawn(page, "#pictures canvas")
    touch = page.context.new_cdp_session(page)

    def drag(*fingers: tuple[tuple[float, float], tuple[float, float]]) -> None:
        box = page.locator("#pictures canvas").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for step in range(9):
            points = [
                {"x": x + a[0] + (b[0] - a[0]) * step / 8, "y": y + a[1] + (b[1] - a[1]) * step / 8, "id": k}
                for k, (a, b) in enumerate(fingers)
            ]
            kind = "touchMove" if step else "touchStart"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def changed(act: Callable[[], None]) -> None:
        before = page.evaluate(SEEN)["sum"]
        act()
        page.wait_for_function(f"(before) => ({SEEN})().sum !== before", arg=before)

    top = page.evaluate("scrollY")
    page.evaluate("() => { addEventListener('scrollend', () => { window.still = true; }); }")
    drag(((0, 40), (0, -60)))
    page.wait_for_function(f"() => window.still && scrollY > {top}")  # a fling may carry the walk away
    page.locator("#pictures canvas").scroll_into_view_if_needed()
    changed(lambda: drag(((-20, 0), (-80, 0)), ((20, 0), (80, 0))))
    top = page.evaluate("scrollY")
    changed(lambda: drag(((0, 40), (0, -60))))
    assert page.evaluate("scrollY") == top
