"""What the command line sets: bad combinations, and what follows from good ones."""

from typing import Any

import pytest

from tornado_alice.app.settings import Settings
from tornado_alice.errors import SettingsError


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"webhook_path": "hook"}, "--webhook-path: a path like /hook-1f8a"),
        ({"webhook_path": "/a?b"}, "--webhook-path: a path like"),
        ({"webhook_path": "/секрет"}, "--webhook-path: a path like"),
        ({"webhook_path": "/api/hook"}, "the pages are there"),
        ({"webhook_path": "/a"}, "the pages are there"),
        ({"webhook_address": "0.0.0.0"}, "--webhook-address needs --webhook-port"),
    ],
)
def test_what_cannot_work(given: dict[str, Any], says: str) -> None:
    """An option that cannot work is named, with what is allowed; a path, which may be a secret, is not repeated."""
    with pytest.raises(SettingsError, match=says) as caught:
        Settings(**given)
    assert given.get("webhook_path", "?") not in str(caught.value).replace("--webhook-path: a path like /hook-1f8a", "")


def test_a_webhook_with_its_own_port_may_have_any_path() -> None:
    """Where no pages are, no path is taken."""
    assert Settings(webhook_port=0, webhook_path="/api").webhook_path == "/api"


def test_wrong_public_url() -> None:
    """A public address without its scheme is an error that names the option."""
    with pytest.raises(SettingsError, match="--public-url: a full address like"):
        _ = Settings(public_url="example.org").place


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({}, {"localhost", "127.0.0.1", "[::1]"}),
        ({"address": "::1"}, {"localhost", "127.0.0.1", "[::1]"}),
        ({"address": "0.0.0.0"}, set()),
        ({"hosts": ("Pi.example:80",)}, {"pi.example"}),
        ({"public_url": "https://pi.example/pi/"}, {"localhost", "127.0.0.1", "[::1]", "pi.example"}),
        ({"address": "0.0.0.0", "public_url": "https://pi.example/pi/"}, set()),
        ({"hosts": ("a",), "public_url": "https://pi.example:8443/"}, {"a", "pi.example"}),
    ],
)
def test_hosts(given: dict[str, Any], hosts: set[str]) -> None:
    """At a loopback address pages answer to the names of this machine, else to any; --hosts and --public-url add."""
    assert Settings(**given).rules.hosts == hosts
