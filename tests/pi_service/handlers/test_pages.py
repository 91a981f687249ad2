"""The pages and the forms that work without JavaScript."""

import json
import re
from html import escape, unescape
from urllib.parse import urlencode

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from pi_service.engines.base import Phase
from pi_service.handlers.assets import POLICY
from pi_service.handlers.base import SECURITY
from pi_service.handlers.outcome import neighbours, speed
from pi_service.handlers.pages import preferred
from pi_service.jobs import FINISHED, RETRYABLE, UNFINISHED, NewEvent, Stage
from pi_service.service import Service
from pi_service.testing import MemoryEngine, digits_of_pi
from pi_service.timeline import timeline

gen_test = pytest.mark.gen_test
PI = digits_of_pi(1001)


class Browser:
    """Follows nothing, keeps cookies, fills in forms."""

    def __init__(self, client: AsyncHTTPClient, base: str) -> None:
        self.client, self.base = client, base
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    async def fetch(self, path: str, method: str = "GET", **form: str) -> HTTPResponse:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = await self.client.fetch(
            self.base + path,
            method=method,
            body=urlencode(form) if method == "POST" else None,
            headers={"Cookie": cookies, **self.headers},
            raise_error=False,
            follow_redirects=False,
        )
        wanted = SECURITY | (POLICY if path.startswith("/static/") else {})
        assert {name: response.headers.get(name) for name in SECURITY} == wanted
        for cookie in response.headers.get_list("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response

    async def submit(self, page: str, action: str, **form: str) -> HTTPResponse:
        """Send the form of `page` to `action`, with the token that the page holds."""
        html = (await self.fetch(page)).body.decode()
        token = re.search(r'name="_xsrf" value="([^"]+)"', html)
        assert token, "the page has no XSRF token"
        return await self.fetch(action, "POST", _xsrf=token[1], **form)


@pytest.fixture
def browser(http_client: AsyncHTTPClient, base_url: str) -> Browser:
    return Browser(http_client, base_url)


@gen_test
async def test_facts(browser: Browser, service: Service) -> None:
    """The scripts get the service's bounds, defaults and groups of statuses, and need no list of their own."""
    html = (await browser.fetch("/")).body.decode()
    found = re.search('data-words="([^"]*)"', html)
    assert found
    answer = await browser.fetch(found[1])
    assert answer.headers["Content-Type"] == "text/javascript; charset=UTF-8"
    assert "immutable" in answer.headers["Cache-Control"]
    words, facts = (json.loads(line.partition(" = ")[2].rstrip(";")) for line in answer.body.decode().splitlines())
    assert words["status"]["stored"] == "готово"
    assert set(facts["finished"]) == FINISHED
    assert set(facts["retryable"]) == RETRYABLE
    assert set(facts["cancellable"]) == UNFINISHED
    assert (facts["reporting"], facts["sort"], facts["per_page"]) == ("taken", "-registered_at", 50)
    service.submit(10)
    await service.wait(10)
    longest = (await browser.fetch(f"/api/search?q={'1' * facts['longest']}")).code
    longer = (await browser.fetch(f"/api/search?q={'1' * (facts['longest'] + 1)}")).code
    assert (longest, longer) == (200, 400)
    widest = (await browser.fetch(f"/v1/pi?numberOfDigits={facts['window']}")).code
    wider = (await browser.fetch(f"/v1/pi?numberOfDigits={facts['window'] + 1}")).code
    assert (widest, wider) == (404, 400)  # that many are not on disk; one more is never answered


@gen_test
async def test_words_of_an_older_version(browser: Browser) -> None:
    """A page of an older release gets the words of now, and its browser does not keep them."""
    answer = await browser.fetch("/words/en.0123456789ab.js")
    assert (answer.code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert b"updates by itself" in answer.body
    assert (await browser.fetch("/words/xx.0123456789ab.js")).code == 404


@gen_test
async def test_dashboard(browser: Browser, service: Service) -> None:
    """The dashboard is not cached and links to the page of each job."""
    for n in (10, 1000):
        service.submit(n)
        await service.wait(n)
    page = await browser.fetch("/")
    assert (page.code, page.headers["Cache-Control"]) == (200, "no-store")
    html = page.body.decode()
    assert html.index('href="/pi/1000"') < html.index('href="/pi/10"')
    assert f'data-cursor="{service.feed.last_id}"' in html


@gen_test
async def test_form(browser: Browser, service: Service) -> None:
    """The form without JavaScript registers the job and leads to its page; twice is once."""
    for _ in range(2):
        answer = await browser.submit("/", "/jobs", n="1000")
        assert (answer.code, answer.headers["Location"]) == (303, "/pi/1000")
    assert (await service.wait(1000)).status is Stage.STORED
    assert service.jobs()[1] == 1


@gen_test
@pytest.mark.parametrize("n", ["0", "x", "", "1000001", "1e3", "-1", "<b>"])
async def test_bad_n(browser: Browser, service: Service, n: str) -> None:
    """A bad n shows the dashboard again with 400, what was typed and the reason, escaped."""
    answer = await browser.submit("/", "/jobs", n=n)
    html = answer.body.decode()
    assert answer.code == 400
    wrong = re.findall(r'id="wrong".*?</p>', html, re.DOTALL)[0]
    assert (
        "Нужно целое число от 1 до 1\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}000, а не" in wrong
    ) or "Непонятно" in wrong
    assert f'name="n" value="{escape(n)}"' in html
    assert "<b>" not in re.findall(r'id="wrong".*?</p>', html, re.DOTALL)[0]
    assert service.jobs()[1] == 0
    assert (await browser.fetch("/jobs")).headers["Location"] == "/"


@gen_test
async def test_queue_full(browser: Browser, service: Service, engine: MemoryEngine) -> None:
    """A full queue is said on the dashboard, with 429."""
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    for n in (1001, 1002, 1003):
        service.submit(n)
    answer = await browser.submit("/", "/jobs", n="1004")
    assert answer.code == 429
    assert "Очередь полна: ждут уже 3. Попробуйте позже." in answer.body.decode()
    answer = await browser.submit("/", "/jobs", n="1004, 1005")
    assert (answer.code, "Очередь полна, не поместились: 2." in answer.body.decode()) == (429, True)


@gen_test
async def test_form_of_another_site(browser: Browser, service: Service) -> None:
    """A form that a page of another site sends changes nothing, even if it had got hold of the token."""
    browser.headers["Origin"] = "http://evil.example"
    answer = await browser.submit("/", "/jobs", n="10")
    assert answer.code == 403
    assert "Страницам сайта «http://evil.example» менять здесь ничего нельзя." in answer.body.decode()
    assert service.jobs()[1] == 0


@gen_test
async def test_without_token(browser: Browser, service: Service) -> None:
    """A form without the XSRF token, as another site would send it, changes nothing."""
    service.submit(10)
    await service.wait(10)
    for path in ("/jobs", "/jobs/10/remove", "/jobs/10/retry"):
        answer = await browser.fetch(path, "POST", n="1000")
        assert answer.code == 403
        assert "Форма устарела или пришла с другого сайта." in answer.body.decode()
    assert [job.n for job in service.jobs()[0]] == [10]


@gen_test
async def test_job_page(browser: Browser, service: Service) -> None:
    """The page of a job shows its digit and, for readers without JavaScript, the first digits after the point."""
    service.submit(2000)
    await service.wait(2000)
    pi = digits_of_pi(1001)
    for n, shown in ((2000, 1000), (500, 500)):
        service.submit(n)
        page = await browser.fetch(f"/pi/{n}")
        text = re.sub(r"<[^>]+>|\s", "", page.body.decode())
        assert page.code == 200
        assert pi[1 : shown + 1] in text
        assert pi[1 : shown + 2] not in text
    browser.headers = {"Accept-Language": "en"}
    assert ">9<" in (await browser.fetch("/pi/2000")).body.decode()


@gen_test
async def test_job_page_before_digits(browser: Browser, service: Service, engine: MemoryEngine) -> None:
    """The page of a job that waits is there, without digits."""
    engine.gate.clear()
    service.submit(1000)
    page = await browser.fetch("/pi/1000")
    assert page.code == 200
    assert 'data-available="0"' in page.body.decode()


@gen_test
async def test_long_history(browser: Browser, service: Service, engine: MemoryEngine) -> None:
    """The page of a job that reported a thousand times lists what happened, without the reports."""
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    for k in range(1, 1001):
        service._parts.runner._record(1000, NewEvent(Stage.TAKEN, progress=k / 1000))
    service.remove(1000)
    page = (await browser.fetch("/pi/1000")).body.decode()
    assert re.findall('<li data-status="([a-z]+)"', page) == ["registered", "scheduled", "taken", "cancelled"]


@gen_test
async def test_buttons(browser: Browser, service: Service, engine: MemoryEngine) -> None:
    """The buttons without JavaScript cancel, retry and remove."""
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    answer = await browser.submit("/pi/1000", "/jobs/1000/remove")
    assert (answer.code, answer.headers["Location"]) == (303, "/pi/1000")
    assert (await service.wait(1000)).status is Stage.CANCELLED
    engine.gate.set()
    answer = await browser.submit("/pi/1000", "/jobs/1000/retry")
    assert (answer.code, answer.headers["Location"]) == (303, "/pi/1000")
    assert (await service.wait(1000)).status is Stage.STORED
    answer = await browser.submit("/pi/1000", "/jobs/1000/retry")
    assert answer.code == 409
    assert "Сейчас так нельзя: состояние — «готово»." in answer.body.decode()
    answer = await browser.submit("/pi/1000", "/jobs/1000/remove")
    assert (answer.code, answer.headers["Location"]) == (303, "/?removed=1000")
    assert service.job(1000) is None
    answer = await browser.submit("/?removed=1000", "/jobs/1000/restore")
    assert (answer.code, answer.headers["Location"]) == (303, "/pi/1000")
    job = service.job(1000)
    assert job and job.status is Stage.STORED
    assert "/restore" not in (await browser.fetch("/?removed=1000")).body.decode()  # it is back
    assert "/restore" not in (await browser.fetch("/?removed=7")).body.decode()  # it never was


@gen_test
@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/pi/7", 404, "Вычислить 7 цифр"),
        ("/pi/21?lang=en", 404, "Compute 21 digits"),
        ("/pi/1000001", 404, "Здесь ничего нет"),
        ("/pi/x", 400, "Нужно целое число не меньше 1, а не «x»."),
        ("/pi/<b>", 400, "Нужно целое число не меньше 1, а не «&lt;b&gt;»."),
        ("/nothing", 404, "Здесь ничего нет"),
        ("/nothing?lang=%FF", 404, "Здесь ничего нет"),
    ],
)
async def test_error_page(browser: Browser, path: str, status: int, text: str) -> None:
    """What is not there is an HTML page that says so in the reader's language, or offers to compute it."""
    answer = await browser.fetch(path)
    assert (answer.code, answer.headers["Content-Type"]) == (status, "text/html; charset=UTF-8")
    assert text in answer.body.decode()


@gen_test
@pytest.mark.parametrize("path", ["/", "/pi/10", "/nothing"])
async def test_head(browser: Browser, service: Service, path: str) -> None:
    """HEAD on a page answers the same without the body."""
    service.submit(10)
    await service.wait(10)
    got, head = await browser.fetch(path), await browser.fetch(path, "HEAD")
    assert (head.code, head.body) == (got.code, b"")
    assert int(head.headers["Content-Length"]) > 500


@gen_test
async def test_language(browser: Browser) -> None:
    """Russian first; the browser's wish, then the choice, which a cookie keeps, change that."""

    async def lang(path: str = "/") -> str:
        found = re.search(r'<html lang="(\w+)"', (await browser.fetch(path)).body.decode())
        assert found
        return found[1]

    assert await lang() == "ru"
    browser.headers = {"Accept-Language": "de, en-GB;q=0.8, ru;q=0.5"}
    assert await lang() == "en"
    assert await lang("/?lang=ru") == "ru"
    assert await lang() == "ru"
    assert await lang("/nothing?lang=en") == "en"
    assert await lang("/?lang=xx") == "en"
    browser.cookies["lang"] = "nonsense"
    browser.headers = {"Accept-Language": ";;q=x,,"}
    assert await lang() == "ru"


@gen_test
@pytest.mark.parametrize(
    ("query", "clean"),
    [
        ("sort=x", "/"),
        ("status=done&page=2", "/?page=2"),
        ("status=stored&q=1x&least=%FF", "/?status=stored"),
        ("status=&q=&least=&most=&age=&error=&sort=-registered_at", "/"),
        ("error=no+memory&page=x", "/?error=no+memory"),
    ],
)
async def test_what_means_nothing_leaves_the_address(browser: Browser, query: str, clean: str) -> None:
    """Bad and empty values of a query are left out by a redirect to the address that means the same without them."""
    answer = await browser.fetch(f"/?{query}")
    assert (answer.code, answer.headers["Location"]) == (302, clean)
    assert (await browser.fetch(clean)).code == 200


@gen_test
async def test_the_address_is_the_view(browser: Browser, service: Service) -> None:
    """Filter, order and page stand in the address and are shown by the page itself; no page lies beyond the last."""
    service.submit(700)
    await service.wait(700)
    await service.bulk("add", range(600, 700))

    async def shown(query: str) -> list[int]:
        html = (await browser.fetch(f"/?{query}")).body.decode()
        return [int(n) for n in re.findall(r'<a class="n" href="/pi/(\d+)"', html)]

    assert await shown("sort=n&page=2") == list(range(650, 700))
    assert await shown("sort=n&page=99") == [700]
    assert await shown("q=70") == [700]
    assert await shown("least=604&most=606&sort=-n") == [606, 605, 604]
    assert await shown("status=error") == []


@gen_test
async def test_several_without_javascript(browser: Browser, service: Service) -> None:
    """The form takes several numbers and a range without JavaScript too."""
    service.submit(40)
    await service.wait(40)  # the others then take no room in the queue
    answer = await browser.submit("/", "/jobs", n="10, 20; 30-32")
    assert (answer.code, answer.headers["Location"]) == (303, "/")
    assert sorted(job.n for job in service.jobs()[0]) == [10, 20, 30, 31, 32, 40]


@gen_test
async def test_theme(browser: Browser) -> None:
    """The look that was chosen stays, and the page says it before any script runs."""
    assert 'data-theme="system"' in (await browser.fetch("/")).body.decode()
    assert '<html lang="ru" data-theme="dark">' in (await browser.fetch("/?theme=dark")).body.decode()
    assert '<html lang="ru" data-theme="dark">' in (await browser.fetch("/nothing")).body.decode()
    assert '<html lang="ru" data-theme="dark">' in (await browser.fetch("/?theme=pink")).body.decode()


@gen_test
async def test_static(browser: Browser) -> None:
    """Scripts and styles come with the security headers, and a policy that allows them nothing at all."""
    html = (await browser.fetch("/")).body.decode()
    paths = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert len(paths) >= 3
    for path in paths:
        answer = await browser.fetch(path)
        assert (answer.code, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")


@gen_test
@pytest.mark.parametrize("name", ["%00", "base.css%00", "base.html", "x" * 5000 + ".js"])
async def test_no_static_file(browser: Browser, name: str) -> None:
    """What is no file of the pages is a 4xx, whatever its name holds."""
    assert 400 <= (await browser.fetch(f"/static/{name}")).code < 500


def test_preferred() -> None:
    """Quality orders the wishes, and what cannot be read is none."""
    assert preferred("en; q=0.5, ru;q=0.9") == ["ru", "en"]
    assert preferred("en-US,en;q=0.9") == ["en", "en"]
    assert preferred("x;q=high, *;q=0.1") == ["*"]
    assert preferred("") == [""]


@gen_test
async def test_a_shared_link_shows_the_digit(browser: Browser, service: Service) -> None:
    """Open graph tags name the digit, its neighbours and the address; before it is known they ask for it."""
    for n in (1000, 990):
        service.submit(n)
        await service.wait(n)

    async def tags(path: str) -> dict[str, str]:
        html = (await browser.fetch(path)).body.decode()
        return {
            name: unescape(text) for name, text in re.findall('<meta property="og:([^"]+)" content="([^"]*)"', html)
        }

    told = await tags("/pi/990?lang=en")
    assert told["title"] == f"Digit 990 of π is {PI[990]}"
    assert told["description"] == f"…{PI[980:990]}[{PI[990]}]{PI[991:1001]}…"
    assert told["url"] == f"{browser.base}/pi/990"


@gen_test
async def test_the_parts_that_change(browser: Browser, service: Service, engine: MemoryEngine) -> None:
    """`/pi/<n>/now` has the digit with ten neighbours and the timeline, as the page itself has."""
    engine.gate.clear()
    service.submit(1000)
    report = await engine.begun(1000)
    report(0.5, Phase.DIVISION)
    html = (await browser.fetch("/pi/1000/now?lang=en")).body.decode()
    assert re.findall(r'<li class="(\w+)">', html) == ["queue", "division"]
    assert '<strong class="digit">?</strong>' in html
    engine.gate.set()
    await service.wait(1000)
    parts = (await browser.fetch("/pi/1000/now?lang=en")).body.decode()
    page = (await browser.fetch("/pi/1000")).body.decode()
    for html in (parts, page):
        assert re.findall(r'<li class="(\w+)">', html) == ["queue", "division", "saving"]
        assert f'<span class="before">{PI[990:1000]}</span><strong class="digit">{PI[1000]}</strong>' in html
    assert (await browser.fetch("/pi/7/now")).code == 404


@pytest.mark.parametrize(
    ("n", "before", "after"), [(1, "", PI[2:12]), (4, PI[1:4], PI[5:15]), (1000, PI[990:1000], "")]
)
@gen_test
async def test_neighbours_at_the_edges(service: Service, n: int, before: str, after: str) -> None:
    """Neighbours are digits after the point that are on disk, ten at most on either side."""
    for k in (1000, n):
        service.submit(k)
        await service.wait(k)
    job = service.job(n)
    assert job and neighbours(service, job) == (before, after)
    assert speed(job, timeline(service.events(n))) is None or n == 1000  # the others were on disk already
