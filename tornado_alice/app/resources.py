"""The platform's HTTP API of pictures and sounds (https://yandex.ru/dev/dialogs/alice/doc/ru/resource-upload).

An author's OAuth token goes with each request, in a header; no URL, message or log has it.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from ..errors import SettingsError, UploadError
from ..media import Kind

API = "https://dialogs.yandex.net"
#: Seconds before each further attempt at a request that the platform could not serve.
PAUSES = (1.0, 2.0, 4.0)
#: Seconds between two looks at a sound that is being converted, and how many looks.
CONVERTING = (1.0, 60)
_TROUBLES = (429, 500, 502, 503, 504)
_ANSWERS: dict[Kind, str] = {"images": "image", "sounds": "sound"}


class Resources:
    """What one skill keeps at the platform.

    Args:
        skill_id: from the console.
        token: an OAuth token of the account that owns the skill.
        api: where the API is.
        pauses: seconds before each further attempt.

    Raises:
        SettingsError: the API would hear the token without encryption.
    """

    def __init__(self, skill_id: str, token: str, api: str = API, pauses: Sequence[float] = PAUSES) -> None:
        address = urlsplit(api)
        if address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise SettingsError(f"--api {api}: https://... only, since the token goes there")
        self._root, self._pauses = f"{api.rstrip('/')}/api/v1", pauses
        self._skill = f"/skills/{quote(skill_id, safe='')}"
        self._headers = {"Authorization": f"OAuth {token}"}

    async def free(self) -> dict[Kind, int]:
        """Bytes that may still be uploaded, of each kind; the account's, not the skill's.

        Raises:
            UploadError: the platform does not tell.
        """
        status = await self._fetch("GET", "/status")
        try:
            quotas = {kind: status[kind]["quota"] for kind in _ANSWERS}
            return {kind: int(quota["total"]) - int(quota["used"]) for kind, quota in quotas.items()}
        except (KeyError, TypeError, ValueError):
            raise _strange("/status", status) from None

    async def stored(self, kind: Kind) -> dict[str, dict[str, Any]]:
        """What is there, by id.

        Raises:
            UploadError: the platform does not tell.
        """
        answer = await self._fetch("GET", f"{self._skill}/{kind}")
        try:
            return {str(entry["id"]): entry for entry in answer[kind]}
        except (KeyError, TypeError):
            raise _strange(kind, answer) from None

    async def upload(self, kind: Kind, name: str, content: bytes) -> str:
        """Send a file; its id. A sound is being converted then: see `converted`.

        Raises:
            UploadError: the platform does not take it.
        """
        body, content_type = _form(name, content)
        answer = await self._fetch("POST", f"{self._skill}/{kind}", body, content_type)
        try:
            return str(answer[_ANSWERS[kind]]["id"])
        except (KeyError, TypeError):
            raise _strange(name, answer) from None

    async def delete(self, kind: Kind, id: str) -> None:
        """Remove one; that it is gone already is fine.

        Raises:
            UploadError: the platform does not let it.
        """
        if not re.fullmatch(r"[\w-]+(/[\w-]+)*", id, re.ASCII):
            raise UploadError(f"{id!r} is no id of {kind}")
        await self._fetch("DELETE", f"{self._skill}/{kind}/{id}", gone_is_fine=True)

    async def converted(self, ids: set[str]) -> dict[str, str]:
        """Wait until sounds can be played; by id what is wrong with those that cannot.

        Raises:
            UploadError: the platform does not tell.
        """
        pause, looks = CONVERTING
        entries: dict[str, dict[str, Any]] = {}
        for _ in range(looks):
            entries = {id: entry for id, entry in (await self.stored("sounds")).items() if id in ids}
            if all(entry.get("isProcessed") or entry.get("error") for entry in entries.values()):
                break
            await asyncio.sleep(pause)
        wrong = {id: str(entry["error"]) for id, entry in entries.items() if entry.get("error")}
        late = {id for id, entry in entries.items() if not entry.get("isProcessed") and id not in wrong}
        return wrong | dict.fromkeys(late, "is still being converted; it will sound later")

    async def _fetch(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "", gone_is_fine: bool = False
    ) -> Any:
        headers = self._headers | ({"Content-Type": content_type} if content_type else {})
        request = HTTPRequest(
            self._root + path, method, headers, body, connect_timeout=10, request_timeout=300, follow_redirects=False
        )
        response = await _attempt(request)
        for pause in self._pauses:
            if isinstance(response, HTTPResponse) and response.code not in _TROUBLES:
                break
            await asyncio.sleep(pause)
            response = await _attempt(request)
        if not isinstance(response, HTTPResponse):
            raise UploadError(f"{method} {self._root}{path}: {response}; is the network there?")
        if gone_is_fine and response.code == 404:
            return None
        return _content(method, path, response)


async def _attempt(request: HTTPRequest) -> HTTPResponse | Exception:
    try:
        return await AsyncHTTPClient().fetch(request, raise_error=False)
    except (OSError, HTTPClientError) as error:  # no connection, or no answer in time
        return error


def _content(method: str, path: str, response: HTTPResponse) -> Any:
    try:
        data = json.loads(response.body or b"null")
    except ValueError:
        data = None
    if 200 <= response.code < 300:
        return data
    said = data.get("message") if isinstance(data, dict) else None
    reason = f"{response.code} {said or response.reason}"
    if response.code in (401, 403):
        reason += '; is the token of the account that owns the skill, and still valid? README, "Pictures and sounds"'
    if response.code == 404:
        reason += "; is --skill-id the one that the console shows?"
    raise UploadError(f"{method} {path}: {reason}")


def _strange(what: str, answer: Any) -> UploadError:
    return UploadError(f"{what}: the platform has answered what this version does not know: {str(answer)[:200]}")


def _form(name: str, content: bytes) -> tuple[bytes, str]:
    """One file as multipart/form-data (RFC 7578): its bytes and their type."""
    boundary = uuid4().hex
    shown = name.translate({ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"})
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{shown}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
