"""Skill: its options, and `skill.run(...)` at the end of a file, as scripts for Flask have it."""

import asyncio
import json
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tornado_alice import Reply, Skill, say
from tornado_alice.testing import make_request

SCRIPT = """
from tornado_alice import Skill, say

skill = Skill(__name__)

@skill.script
def run_script():
    yield say('я тут')

skill.run(host='127.0.0.1', port='0', threaded=True, {more})
"""


def start(tmp_path: Path, more: str = "") -> tuple[subprocess.Popen[str], str]:
    """Run the file; the process and the URL it prints."""
    path = tmp_path / "old_script.py"
    path.write_text(SCRIPT.format(more=more), "utf-8")
    process = subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert line.startswith("Serving skill __main__ on http"), line + process.stderr.read()
    return process, line.split()[-1]


def ask(url: str, context: ssl.SSLContext | None = None, method: str = "POST") -> Any:
    body = json.dumps(make_request()).encode() if method == "POST" else None
    with urllib.request.urlopen(
        urllib.request.Request(url, body, method=method), timeout=20, context=context
    ) as answer:
        return answer.read()


def test_run_serves_the_skill_alone(tmp_path: Path) -> None:
    """run(port="...") serves the webhook until SIGTERM; arguments that only Flask knows are named in the log."""
    process, url = start(tmp_path)
    assert json.loads(ask(url))["response"]["text"] == "я тут"
    for method in ("GET", "HEAD", "PUT"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(url, method=method)
        assert refused.value.code == 405 and refused.value.headers["Allow"] == "POST"
        refused.value.close()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0 and "run() ignores threaded" in errors and "Traceback" not in errors


def test_run_with_a_certificate(tmp_path: Path) -> None:
    """run(ssl_context=(certificate, key)) serves HTTPS."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate of this test, and is not there")
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    subprocess.run(
        [*command, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, stderr=-3
    )
    process, url = start(tmp_path, f"ssl_context=({cert!r}, {key!r})")
    assert url.startswith("https://")
    assert json.loads(ask(url, ssl.create_default_context(cafile=cert)))["response"]["text"] == "я тут"
    process.terminate()
    process.communicate(timeout=20)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [({"port": "x"}, "port: a number from 0 to 65535"), ({"ssl_context": "adhoc"}, "ssl_context")],
)
def test_wrong_arguments(arguments: dict[str, Any], says: str) -> None:
    """A wrong port or certificate is named at once."""
    skill = Skill("wrong")
    skill.script(lambda_script)
    with pytest.raises(Exception, match=says):
        skill.run(**arguments)


def lambda_script() -> Iterator[Reply]:
    yield say("a")


def test_unknown_option_is_an_error() -> None:
    """A misspelt option of Skill is named, with those there are."""
    with pytest.raises(Exception, match="no option 'max_lives'; there are closing"):
        Skill("test", max_lives=5)
    with pytest.raises(Exception, match="on_divergence: 'restart', 'end' or a callable, got 'explode'"):
        Skill("test", on_divergence="explode")


def test_skill_without_a_script_says_so() -> None:
    """A Skill without a script names the remedy."""
    with pytest.raises(Exception, match=r"has no script: put @skill\.script before a function"):
        asyncio.run(Skill("empty").handle(make_request()))


@pytest.mark.parametrize(
    "option", [{"closing": ()}, {"sorry": ""}, {"reply_within": "3"}, {"idle": None}, {"max_live": -1}]
)
def test_options_are_checked(option: dict[str, Any]) -> None:
    """An option of a wrong type or without a phrase is an error when the Skill is made."""
    with pytest.raises(Exception, match=next(iter(option))):
        Skill("options", **option)
