"""The pages and the forms that work without JavaScript."""

import json
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from pi_service.engines.base import Phase
from pi_service.handlers.base import SECURITY
from pi_service.handlers.outcome import neighbours, speed
from pi_service.handlers.pages import preferred
from pi_service.jobs import FINISHED, RETRYABLE, NewEvent, Stage
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
        assert {name: response.headers.get(name) for name in SECURITY} == SECURITY
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
@pytest.mark.parametrize("path", ["/", "/pi/10"])
async def test_facts(browser: Browser, service: Service, path: str) -> None:
    """The scripts get the service's bounds, defaults and groups of statuses, and need no list of their own."""
    service.submit(10)
    await service.wait(10)
    found = re.search('data-facts="([^"]*)"', (await browser.fetch(path)).body.decode())
    assert found
    facts = json.loads(unescape(found[1]))
    assert set(facts["finished"]) == FINISHED
    assert set(facts["retryable"]) == RETRYABLE
    assert (facts["reporting"], facts["sort"], facts["per_page"]) == ("taken", "-registered_at", 50)
    longest = (await browser.fetch(f"/api/search?q={'1' * facts['longest']}")).code
    longer = (await browser.fetch(f"/api/search?q={'1' * (facts['longest'] + 1)}")).code
    assert (longest, longer) == (200, 400)
    widest = (await browser.fetch(f"/v1/pi?numberOfDigits={facts['window']}")).code
    wider = (await browser.fetch(f"/v1/pi?numberOfDigits={facts['window'] + 1}")).code
    assert (widest, wider) == (404, 400)  # that many are not on disk; one more is never answered


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
    """A bad n shows the dashboard again with 400 and the reason, escaped."""
    answer = await browser.submit("/", "/jobs", n=n)
    html = answer.body.decode()
    assert answer.code == 400
    assert "n must be a whole number from 1 to 1000000; got &#x27;" in html
    assert '<form id="new"' in html
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
    assert "3 jobs are waiting and 3 may; try again later" in answer.body.decode()


@gen_test
async def test_form_of_another_site(browser: Browser, service: Service) -> None:
    """A form that a page of another site sends changes nothing, even if it had got hold of the token."""
    browser.headers["Origin"] = "http://evil.example"
    answer = await browser.submit("/", "/jobs", n="10")
    assert answer.code == 403
    assert "requests from pages of &#x27;http://evil.example&#x27; are not accepted" in answer.body.decode()
    assert service.jobs()[1] == 0


@gen_test
async def test_without_token(browser: Browser, service: Service) -> None:
    """A form without the XSRF token, as another site would send it, changes nothing."""
    service.submit(10)
    await service.wait(10)
    for path in ("/jobs", "/jobs/10/remove", "/jobs/10/retry"):
        answer = await browser.fetch(path, "POST", n="1000")
        assert answer.code == 403
        assert "the form is out of date or came from another site" in answer.body.decode()
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
    assert "is not allowed in state" in answer.body.decode()
    answer = await browser.submit("/pi/1000", "/jobs/1000/remove")
    assert (answer.code, answer.headers["Location"]) == (303, "/")
    assert service.job(1000) is None


@gen_test
@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/pi/7", 404, "there is no job with n = 7"),
        ("/pi/x", 400, "n must be a whole number of at least 1; got &#x27;x&#x27;"),
        ("/nothing", 404, "there is nothing at /nothing"),
        ("/<script>", 404, "there is nothing at /&lt;script&gt;"),
        ("/nothing?lang=%FF", 404, "there is nothing at /nothing"),
    ],
)
async def test_error_page(browser: Browser, path: str, status: int, text: str) -> None:
    """What is not there is an HTML page that says so."""
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
async def test_static(browser: Browser) -> None:
    """Scripts and styles come with the same security headers."""
    html = (await browser.fetch("/")).body.decode()
    paths = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert len(paths) >= 3
    for path in paths:
        assert (await browser.fetch(path)).code == 200


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
