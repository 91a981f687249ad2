"""The password of the pages."""

from base64 import b64encode
from pathlib import Path

import pytest

from tornado_alice.app.password import Password
from tornado_alice.errors import SettingsError


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("sent", "opens"),
    [
        (basic("anyone:тайное слово 1"), True),
        (basic(":тайное слово 1").replace("Basic", "bAsIc"), True),
        (basic(":тайное слово 2"), False),
        (basic("тайное слово 1"), False),
        (basic(":"), False),
        ("Bearer тайное слово 1", False),
        ("Basic ***", False),
        ("Basic йй", False),
        ("Basic", False),
        ("", False),
    ],
)
def test_opens(tmp_path: Path, sent: str, opens: bool) -> None:
    """The first line of the file opens under any user name; nothing else does, and nothing sent raises."""
    (tmp_path / "password").write_text("тайное слово 1\nsecond line\n", "utf-8")
    assert Password.read(tmp_path / "password").opens(sent) is opens


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"brief\nbut a long second line", "its first line must have 12 characters or more, it has 5"),
        (b"", "it has 0"),
        (b"\xff" * 20, "can't decode"),
        (None, "No such file"),
    ],
)
def test_unusable_file(tmp_path: Path, content: bytes | None, says: str) -> None:
    """A file that is missing, unreadable or too short is named with what is wanted; the password is not shown."""
    if content is not None:
        (tmp_path / "password").write_bytes(content)
    with pytest.raises(SettingsError, match=says) as caught:
        Password.read(tmp_path / "password")
    message = str(caught.value).replace(str(tmp_path), "")
    assert message.startswith("--password-file") and "brief" not in message
