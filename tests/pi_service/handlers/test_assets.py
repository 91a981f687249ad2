"""Scripts and styles: versions, what is kept, what travels."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient

from pi_service.handlers.assets import modules, version
from pi_service.handlers.routes import settings

ROOT = settings()["static_path"]


def test_a_version_is_of_the_contents(tmp_path: Path) -> None:
    """A version changes with any file that is served, also while the server runs, and comes back with the contents."""
    file, template = tmp_path / "view.js", tmp_path / "page.html"
    file.write_text("one")
    template.write_text("one")
    first = version(str(tmp_path))
    template.write_text("two")
    assert version(str(tmp_path)) == first
    file.write_text("two")
    os.utime(file, ns=(1, 1))
    assert version(str(tmp_path)) != first
    file.write_text("one")
    os.utime(file, ns=(2, 2))
    assert version(str(tmp_path)) == first


@pytest.mark.parametrize("entry", ["pi/dashboard.js", "pi/job.js"])
def test_modules(entry: str) -> None:
    """A page names its entry and whatever that imports, directly or not, each once."""
    found = modules(ROOT, entry)
    assert found[0] == entry
    assert {"text.js", "urls.js", "feed.js", "pi/facts.js"} <= set(found)
    assert len(found) == len(set(found))
    assert all(Path(ROOT, path).is_file() for path in found)


@pytest.mark.gen_test
async def test_what_travels(http_client: AsyncHTTPClient, base_url: str) -> None:
    """Comments stay at home and lines keep their numbers; an unknown version is answered and not kept."""
    now = version(ROOT)
    source = Path(ROOT, "feed.js").read_text()
    answer = await http_client.fetch(f"{base_url}/static/{now}/feed.js")
    text = answer.body.decode()
    assert "// The websocket of events" in source and "The websocket of events" not in text
    assert "/** Returns what shows" in source and "Returns what shows" not in text
    pairs = list(zip(source.split("\n"), text.split("\n"), strict=True))
    assert all(told in (line, "") for line, told in pairs)
    assert all(told for line, told in pairs if line.strip() and not re.match(r"\s*(//|/\*|\*)", line))
    for path in ("/static/feed.js", "/static/0123456789ab/feed.js"):
        other = await http_client.fetch(base_url + path)
        assert (other.body, other.headers["Cache-Control"]) == (answer.body, "no-cache")


@pytest.mark.gen_test
@pytest.mark.parametrize("path", ["base.html", "pi/row.html", "__init__.py", "../setup.cfg"])
async def test_templates_are_not_served(http_client: AsyncHTTPClient, base_url: str, path: str, logs: Any) -> None:
    """What is no script, style or picture is not there, with a version or without."""
    for prefix in ("static", f"static/{version(ROOT)}"):
        answer = await http_client.fetch(f"{base_url}/{prefix}/{path}", raise_error=False)
        assert answer.code in (403, 404)
        if answer.code == 403:
            logs.take("is not in root static directory")
