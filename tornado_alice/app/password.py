"""One password for the pages: HTTP Basic, with any user name.

Browsers ask for it themselves and send it along with scripts, pictures and the websocket. There is no form and no
session to steal, and nothing is kept; whoever has the file knows the password.
"""

from base64 import b64decode
from binascii import Error
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from ..errors import SettingsError

#: Characters; a shorter one can be guessed over the network.
SHORTEST = 12


class Password:
    """What opens the pages.

    >>> Password("correct horse").opens("Basic OmNvcnJlY3QgaG9yc2U=")  # base64 of ":correct horse"
    True
    >>> Password("correct horse").opens("Basic OnRyeSBtZQ=="), Password("correct horse").opens("")
    (False, False)
    """

    def __init__(self, text: str) -> None:
        self._digest = sha256(text.encode()).digest()

    @classmethod
    def read(cls, path: Path) -> "Password":
        """The password in the first line of a file.

        Raises:
            SettingsError: it cannot be read, or is too short.
        """
        try:
            text = path.read_text("utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"--password-file {path}: {error}") from None
        if len(text) < SHORTEST:
            raise SettingsError(
                f"--password-file {path}: its first line must have {SHORTEST} characters or more, it has {len(text)}"
            )
        return cls(text)

    def opens(self, authorization: str) -> bool:
        """Does this Authorization header carry the password? Takes as long whatever it carries."""
        scheme, _, credentials = authorization.partition(" ")
        try:
            given = b64decode(credentials.strip(), validate=True).partition(b":")[2]
        except (Error, ValueError):
            return False
        return scheme.lower() == "basic" and compare_digest(sha256(given).digest(), self._digest)
