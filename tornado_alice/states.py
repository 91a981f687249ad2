"""What the platform keeps for the skill, as mappings of the turn: `user`, `application`, `session_state`.

Rules:
1. A mapping begins each turn as the request has it; the script changes it as any dict, its values too.
2. What has changed is sent with the script's next reply: of the user what changed (null for what was deleted), the
   others whole. What a turn without a reply of the script has changed (a long step) goes with the next one.
3. `session_state` is lost unless it is sent each turn: once the script has changed it, every reply carries it.
4. The script's own actions alone decide what is sent, so a replay gives the same replies.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from copy import deepcopy
from typing import Any

from . import context
from .errors import ReplyError
from .protocol import encode

#: The field of the answer that carries each scope.
FIELDS = {"user": "user_state_update", "application": "application_state", "session": "session_state"}


class State(MutableMapping[str, Any]):
    """What the platform keeps, as the current turn has it; ``user["score"] = 3`` is sent with the next reply."""

    def __init__(self, scope: str) -> None:
        self._scope = scope

    def _values(self) -> dict[str, Any]:
        turn = context.current.get()
        if turn is None:
            raise RuntimeError(f"{self!r} means something only while a script runs: no turn is being handled now")
        return turn.state(self._scope)

    def __getitem__(self, key: str) -> Any:
        return self._values()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __repr__(self) -> str:
        turn = context.current.get()
        return f"<the state of the {self._scope}{'' if turn is None else f': {turn.state(self._scope)!r}'}>"


class Changes:
    """What of the states the platform has not been told, over the turns of a session."""

    def __init__(self) -> None:
        self._unsent: dict[str, dict[str, Any]] = {}
        self._keeps_session = False

    def carry(self, turn: context.TurnContext) -> None:
        """The turn is over and its script said nothing: the next one goes on with what it has changed."""
        self._unsent = {scope: self._changed(turn, scope) for scope in turn.states}

    def begin(self, turn: context.TurnContext) -> None:
        """A turn begins with what is still to be told."""
        for scope, changed in self._unsent.items():
            _apply(turn.state(scope), changed)

    def told_with(self, reply: Mapping[str, Any], turn: context.TurnContext) -> dict[str, Any]:
        """Fields for `reply` that tell what has changed; what the author has put there by hand is left as it is."""
        self._unsent, fields = {}, {}
        for scope in turn.states:
            changed = self._changed(turn, scope)
            if scope == "session":
                self._keeps_session |= bool(changed)
            elif scope == "user" and changed:
                fields[FIELDS[scope]] = changed | _by_hand(reply, scope)
            elif changed and FIELDS[scope] not in reply:
                fields[FIELDS[scope]] = deepcopy(turn.states[scope])
        if self._keeps_session and FIELDS["session"] not in reply:
            fields[FIELDS["session"]] = deepcopy(turn.state("session"))
        return fields

    def _changed(self, turn: context.TurnContext, scope: str) -> dict[str, Any]:
        before, now = turn.sent_state(scope), turn.states[scope]
        same = {key for key in before.keys() & now.keys() if _is_same(f"{scope}[{key!r}]", before[key], now[key])}
        changed = {key: deepcopy(value) for key, value in now.items() if key not in same}
        return changed | dict.fromkeys(before.keys() - now.keys())


def _is_same(place: str, one: Any, other: Any) -> bool:
    try:
        return encode(place, one) == encode(place, other)
    except ReplyError:
        return False  # what JSON cannot hold has not come with the request; it is told where the reply is checked


def _apply(state: dict[str, Any], changed: dict[str, Any]) -> None:
    for key, value in changed.items():
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value


def _by_hand(reply: Mapping[str, Any], scope: str) -> dict[str, Any]:
    given = reply.get(FIELDS[scope])
    return given if isinstance(given, dict) else {}


user = State("user")
application = State("application")
session_state = State("session")
