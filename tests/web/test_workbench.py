"""The workbench in real Chromium: a dialog is played, taken back, branched, edited in its middle, saved as a test."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tornado_alice.testing.scenario_file import read

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SCRIPT = """
from tornado_alice import Skill, image, request, say, step, suggest

skill = Skill(__name__)


def double(n):
    return 2 * n


@skill.script
def run_script():
    yield say('Здравствуйте!', suggest('Дальше'))
    heard = []
    while True:
        heard.append(request.command)
        doubled = yield step(double, len(heard))
        yield say(f'<b>{request.command}</b>, {doubled}', image('1/2', 'Картинка'), suggest('Дальше'))
"""


class Dev:
    """``python -m tornado_alice dev`` on a port that it keeps over its restarts."""

    def __init__(self, folder: Path) -> None:
        self.script = folder / "hello.py"
        self.script.write_text(SCRIPT, "utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "tornado_alice", "dev", str(self.script), "--port", str(port)]
        self.process = subprocess.Popen([*command, "--data-dir", str(folder / "data")], stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert b"workbench" in self.process.stdout.readline()
        self.url = f"http://127.0.0.1:{port}/workbench"

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    server = Dev(tmp_path_factory.mktemp("skill"))
    yield server
    server.stop()


def alice(page: Page) -> Locator:
    return page.locator("#bubbles .alice")


def say(page: Page, words: str, bubbles: int) -> None:
    page.get_by_label("Скажите или напишите").fill(words)
    page.get_by_role("button", name="Сказать").click()
    expect(alice(page)).to_have_count(bubbles)


@pytest.fixture
def bench(dev: Dev, browse: Any) -> Page:
    """A fresh tab of the workbench, in a dialog that has begun. The pictures of the platform are not to be had here."""
    browse.allow("Failed to load resource: net::")
    page = browse(dev.url, wide=1280)
    page.route("https://**", lambda route: route.abort())
    expect(alice(page)).to_have_count(1)
    return page


def test_taken_back_five_turns_branched_and_saved(bench: Page, tmp_path: Path) -> None:
    """Five turns back the script stands where it stood; from there another dialog goes on, and becomes a scenario."""
    bench.get_by_role("button", name="Дальше").click()
    expect(alice(bench)).to_have_count(2)
    for n in range(3, 8):
        say(bench, f"слово {n}", n)
    expect(bench.locator("#variables dd").first).to_contain_text("слово 7")
    bench.get_by_label("Реплика").fill("2")
    expect(bench.locator("#bubbles .later")).to_have_count(10)
    expect(bench.get_by_role("button", name="Дальше")).to_be_disabled()
    expect(bench.locator("#variables dd").first).to_have_text("['дальше']")
    expect(bench.locator("#source .waits")).to_contain_text("yield say(f'<b>")
    bench.get_by_role("button", name="Отсюда").click()
    expect(bench.get_by_role("button", name="Диалог 2")).to_have_attribute("aria-pressed", "true")
    expect(alice(bench)).to_have_count(2)
    say(bench, "иначе", 3)
    expect(alice(bench).last).to_contain_text("<b>иначе</b>, 4")
    with bench.expect_download() as download:
        bench.get_by_role("button", name="Сохранить сценарий").click()
    download.value.save_as(tmp_path / "saved.yml")
    phrases = [step.does.text for step in read(tmp_path / "saved.yml")[0].steps]
    assert phrases == ["", "Дальше", "иначе"]
    script = Path(bench.locator("#source ol").first.get_attribute("data-file") or "")
    played = subprocess.run(
        [sys.executable, "-m", "tornado_alice", "test", str(tmp_path / "saved.yml"), str(script)], capture_output=True
    )
    assert played.returncode == 0, played.stdout.decode()
    bench.get_by_role("button", name="Диалог 1").click()
    expect(alice(bench)).to_have_count(7)


def test_edited_in_the_middle(bench: Page, dev: Dev) -> None:
    """A saved file appears by itself, and the next words are heard by the new code with the variables as they were."""
    say(bench, "раз", 2)
    dev.script.write_text(SCRIPT.replace("{doubled}'", "всего {len(heard)}'"), "utf-8")
    expect(bench.get_by_text("Скрипт изменился, диалог продолжается в новом коде.")).to_be_visible()
    expect(bench.locator("#source")).to_contain_text("всего {len(heard)}")
    say(bench, "два", 3)
    expect(alice(bench).last).to_contain_text("<b>два</b>, всего 2")
    bench.reload()
    expect(alice(bench)).to_have_count(3)  # a tab keeps its dialogs


def test_what_the_device_tells(bench: Page) -> None:
    """The boxes decide what the requests say of the device; request, reply and states are there to be read."""
    bench.get_by_label("экран").uncheck()
    say(bench, "раз", 2)
    bench.get_by_text("Запрос", exact=True).click()
    expect(bench.locator("#request")).to_contain_text('"audio_player": {}')
    expect(bench.locator("#request")).not_to_contain_text('"screen": {}')
    expect(bench.locator("#seconds")).to_have_text(re.compile(r"\d\.\d{3} с из 4,5"))
    expect(bench.locator("#bubbles .note").first).to_have_text("шаг double → 2")
    expect(bench.locator("#source li", has_text="yield say('Здравствуйте!'").locator("small")).to_contain_text(
        "ответили"
    )


@pytest.mark.parametrize(("wide", "scheme"), [(1280, "light"), (1280, "dark"), (360, "dark")])
def test_axe(dev: Dev, browse: Any, wide: int, scheme: str) -> None:
    """axe-core finds nothing in a dialog that has come back two turns, and nothing is wider than the page."""
    browse.allow("Failed to load resource: net::")
    page = browse(dev.url, wide=wide, color_scheme=scheme)
    page.route("https://**", lambda route: route.abort())
    expect(alice(page)).to_have_count(1)
    say(page, "раз", 2)
    say(page, "два", 3)
    page.get_by_label("Реплика").fill("1")
    expect(page.locator("#bubbles .later")).to_have_count(4)
    for name in ("Состояние", "Запрос", "Ответ"):
        page.get_by_text(name, exact=True).click()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= wide
