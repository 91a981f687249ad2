"""What a test does where the machine lacks a program: it is skipped aloud, and fails in CI."""

import os

import pytest


def needed(found: str | None, reason: str) -> str:
    """`found`, the path of a program; the reason why nothing was tested if there is none."""
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
