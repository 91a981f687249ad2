"""One turn, played as the platform plays it: a device sends, the skill answers, the device keeps the states."""

import time
from typing import Any

from ..errors import SettingsError
from ..skill import Skill
from ..testing import Answer
from ..testing.device import INTERFACES, Account, Device
from ..testing.understanding import utterance

#: What a page keeps of a device, as JSON has it.
_TYPES: dict[str, type] = {
    "account": dict,
    "meta": dict,
    "interfaces": list,
    "logged_in": bool,
    "screen": bool,
    "id": str,
    "location": dict,
    "state": dict,
    "session_state": dict,
    "session_id": str,
    "message_id": int,
}


def device_of(data: Any) -> Device:
    """A device as a page keeps it; what it does not say is new.

    Raises:
        SettingsError: it is none.

    >>> device = device_of({"screen": False, "account": {"token": "t"}})
    >>> device.screen, device.account.token, device_of(plain(device)) == device
    (False, 't', True)
    """
    if not isinstance(data, dict):
        raise SettingsError(f"device: an object, got {str(data)[:80]}")
    for name, value in data.items():
        if name not in _TYPES:
            raise SettingsError(f"device.{name}: there is no such field; there are {', '.join(_TYPES)}")
        if type(value) is not _TYPES[name]:
            raise SettingsError(f"device.{name}: {_TYPES[name].__name__}, got {str(value)[:80]}")
    given = data | {"interfaces": tuple(data.get("interfaces", INTERFACES))}
    try:
        return Device(**given | {"account": Account(**data.get("account", {}))})
    except TypeError:
        raise SettingsError("device.account: id, token and state; got something else") from None


def plain(device: Device) -> dict[str, Any]:
    """A device for a page to keep."""
    account = {name: getattr(device.account, name) for name in ("id", "token", "state")}
    whole = {name: getattr(device, name) for name in _TYPES}
    return whole | {"interfaces": list(device.interfaces), "account": account}


async def play(skill: Skill, device: Device, does: dict[str, Any]) -> dict[str, Any]:
    """Send what the user does, and keep on the device what comes back.

    Args:
        does: ``{"say": words}``, ``{"enter": words}``, which begins a session, or ``{"send": request}`` for a press
            and for events.

    Returns:
        ``answer`` whole, ``seconds`` it took, ``device`` afterwards.

    Raises:
        SettingsError: it is none of these.
        RequestError: the skill refuses the request.
    """
    body = _body(does)
    if "enter" in does or not device.session_id:
        device.begin_session()
    request = device.request({"request": body})
    if skill.options.skill_ids:
        request["session"]["skill_id"] = sorted(skill.options.skill_ids)[0]
    start = time.perf_counter()
    answer = Answer.of(await skill.handle(request))
    seconds = time.perf_counter() - start
    device.keep(answer)
    return {"answer": answer.whole, "seconds": seconds, "device": plain(device)}


def _body(does: dict[str, Any]) -> dict[str, Any]:
    for kind in ("say", "enter"):
        if isinstance(does.get(kind), str):
            return utterance(does[kind])
    sent = does.get("send")
    if isinstance(sent, dict):
        return sent
    raise SettingsError(f"does: one of say and enter with words, or send with a request, got {str(does)[:80]}")
