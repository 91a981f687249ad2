"""User: a person with a device, who talks to a skill as the platform lets them.

Rules:
1. Requests are those of the platform: words normalised and understood, buttons with a payload as ButtonPressed, others
   as words; see `device` for states.
2. A skill that has ended the session hears nothing more but events, until the user enters again.
3. Each answer is checked (`checks`): what is wrong raises an error that names what the user did.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import Any

from ..errors import ReplyError, SettingsError
from ..skill import Skill
from .answer import Answer
from .checks import DEADLINE, check
from .device import INTERFACES, META, Account, Device, new_name
from .host import host_of
from .screen import Touchable, find, pressed, touchables
from .understanding import utterance


class User(Device):
    """A person with a device who talks to a skill.

    Args:
        skill: a Skill, a script (``hello.py``, ``package.module``), or the URL of one in any language.
        account: share it to be the same person on a second device; by default somebody new.
        logged_in: is the person known to the platform on this device? May change between two turns.
        screen: can buttons and cards be seen? May change, too.
        interfaces: what the device can do beside it.
        timezone, locale, client_id: of the device.
        seed: what the names of sessions, device and account are made of; with the same `journal.secret` a script then
            draws the same in each run. By default every name is new.
        strict: are replies beyond the limits, phrases that show the code, and what the script raised, errors here?
            False: the user hears what they would hear in production.
        within: seconds an answer may take.
        always_replay: drop the live script before each turn, as if the server was restarted: what only works as long
            as the script stays in memory is found.

    Attributes:
        opened: URLs of the buttons that were tapped.
        ended: has the skill ended the session?
        playing: token of the melody that the player plays; None if it is silent.

    >>> from tornado_alice.examples.survey import skill
    >>> with User(skill) as alice:
    ...     alice.enter(), alice.say("Анна!")
    ('Добрый день! Как вас зовут?', 'Сколько вам лет?')
    """

    def __init__(
        self,
        skill: Skill | str,
        *,
        account: Account | None = None,
        logged_in: bool = True,
        screen: bool = True,
        interfaces: Collection[str] = INTERFACES,
        timezone: str = META["timezone"],
        locale: str = META["locale"],
        client_id: str = META["client_id"],
        seed: str = "",
        strict: bool = True,
        within: float = DEADLINE,
        always_replay: bool = False,
    ) -> None:
        meta = {"locale": locale, "timezone": timezone, "client_id": client_id}
        account = Account() if account is None else account
        super().__init__(account, meta, interfaces, logged_in, screen, seed=seed)
        self.opened: list[str] = []
        self.playing: str | None = None
        self._strict, self._within, self._always_replay = strict, within, always_replay
        self.ended = False
        self._last: Answer | None = None
        self._shown: list[Touchable] = []
        self._others: list[User] = []
        self._host = host_of(skill)

    def __enter__(self) -> "User":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for other in self._others:
            other.__exit__(kind, error, trace)
        self._host.leave()

    def elsewhere(self, **device: Any) -> "User":
        """The same person on another device, with options as of User; it is closed with this one."""
        self._others.append(User(self._host.skill, account=self.account, **device))
        return self._others[-1]

    def enter(self, text: str = "", **understood: Any) -> Answer:
        """Begin a new session, perhaps with words ("попроси навык ..."), as of `say`."""
        self.begin_session()
        self.ended, self._shown = False, []
        return self.say(text, **understood)

    def say(
        self,
        text: str,
        *,
        numbers: Sequence[float] | None = None,
        entities: Sequence[Mapping[str, Any]] | None = None,
        intents: Collection[str] | Mapping[str, Mapping[str, Any]] | None = None,
        dangerous: bool = False,
    ) -> Answer:
        """Say something. Before `enter` these are the words with which the session begins.

        Args:
            numbers: understood as numbers; by default they are recognised.
            entities: understood beside them, as in ``nlu.entities``; by default days and hours are recognised.
            intents: names, or name → {slot: value}; by default those that every skill has are recognised.
            dangerous: the platform thinks that it is about violence or the like.
        """
        self._check_open(f"said {text!r}")
        if not self.session_id:
            return self.enter(text, numbers=numbers, entities=entities, intents=intents, dangerous=dangerous)
        body = utterance(text, numbers, entities, intents, dangerous)
        return self._send({"request": body}, f"the user said {text!r}", said=text)

    def _check_open(self, did: str) -> None:
        if self.ended:
            raise SettingsError(f"the skill has ended the session before the user {did}; enter() begins anew")

    def tap(self, title: str) -> Answer:
        """Touch a button, the card, one of its items or its footer: the latest with this title.

        A payload is sent as ButtonPressed, the text of any other button as words. A link is opened (see `opened`); one
        without a payload tells the skill nothing, so the answer stays the last one.

        Raises:
            SettingsError: there is no such thing on the screen, or no screen.
        """
        if not self.screen:
            raise SettingsError(f"nobody can tap {title!r}: this device has no screen")
        self._check_open(f"tapped {title!r}")
        touched = find(self._shown, title)
        if touched.button.get("url"):
            self.opened.append(touched.button["url"])
        body = pressed(touched)
        if body is None:
            assert self._last is not None, "it has shown the button"
            return self._last
        return self._send({"request": body}, f"the user tapped {title!r}", said=touched.text)

    def event(self, type: str, **fields: Any) -> Answer:
        """A request of another type: ``event("Show.Pull", show_type="MORNING")``. The session may have ended."""
        return self._send({"request": {"type": type} | fields}, f"{type} {fields or ''}".rstrip())

    def listen(self) -> Answer:
        """The player plays its melody to the end; what the skill adds meanwhile is next. Gives the last answer."""
        self._check_plays()
        self.event("AudioPlayer.PlaybackStarted")
        queued = self.event("AudioPlayer.PlaybackNearlyFinished")
        following = _player(queued)
        self.playing = None
        last = self.event("AudioPlayer.PlaybackFinished")
        if self.playing is None and following.get("action") == "Play":
            self.playing = _token(following)
        return last if _player(last) or last else queued

    def fail_to_play(self, message: str = "not found", type: str = "MEDIA_ERROR_INVALID_REQUEST") -> Answer:
        """The player cannot play its melody."""
        self._check_plays()
        self.playing = None
        return self.event("AudioPlayer.PlaybackFailed", error={"message": message, "type": type})

    def stop_playing(self) -> Answer:
        """The user stops the player."""
        self._check_plays()
        self.playing = None
        return self.event("AudioPlayer.PlaybackStopped")

    def _check_plays(self) -> None:
        if self.playing is None:
            raise SettingsError("the player is silent: no answer has had play(...)")

    def link(self, token: str) -> Answer:
        """The account is linked: from now on the skill gets its token."""
        self.logged_in, self.account.token = True, token
        return self._send({"account_linking_complete_event": {}}, "the account was linked")

    def pay(self, **fields: Any) -> Answer:
        """The purchase that the last answer has offered is confirmed.

        Raises:
            SettingsError: it has offered none.
        """
        offer = (self._last.response.get("directives") or {}).get("start_purchase") if self._last is not None else None
        if offer is None:
            raise SettingsError("there is nothing to pay: the last answer has no purchase(...)")
        known = {
            "purchase_request_id": offer.get("purchase_request_id"),
            "purchase_payload": offer.get("payload", {}),
            "purchase_token": new_name(),
            "order_id": new_name(),
            "purchase_timestamp": int(time.time()),
            "signed_data": "",
            "signature": "",
        }
        return self.event("Purchase.Confirmation", **(known | fields))

    def allow_location(self, lat: float, lon: float, accuracy: float = 10.0) -> Answer:
        """The user allows to tell where they are."""
        self.location = {"lat": lat, "lon": lon, "accuracy": accuracy}
        return self.event("Geolocation.Allowed")

    def refuse_location(self) -> Answer:
        """The user does not."""
        self.location = {}
        return self.event("Geolocation.Rejected")

    def forget(self) -> None:
        """Drop the live script, as a restart of the server would: the next turn is replayed from the journal."""
        self._host.forget()

    def _send(self, body: dict[str, Any], did: str, said: str = "") -> Answer:
        request, start = self.request(body), time.perf_counter()
        if self._always_replay:
            self.forget()
        silent = str(body.get("request", {}).get("type")).startswith("AudioPlayer.")
        did = f"after {did} (message {self.message_id - 1} of the session)"
        try:
            whole = self._host.answer(request, self._strict)
            if self._strict:
                check(whole, said, time.perf_counter() - start, self._within, silent)
        except ReplyError as error:
            raise ReplyError(f"{did}: {error}").with_traceback(error.__traceback__) from None
        except Exception as error:
            error.add_note(did)
            raise
        return self._take(whole, is_turn=not silent)

    def _take(self, whole: dict[str, Any], is_turn: bool) -> Answer:
        answer = Answer.of(whole)
        self.keep(answer)
        player = _player(answer)
        if player:
            self.playing = _token(player) if player.get("action") == "Play" else None
        if is_turn:
            self._last, self.ended = answer, self.ended or answer.ended
            self._shown = touchables(answer.response) + [one for one in self._shown if one.stays]
        return answer


def _player(answer: Answer) -> dict[str, Any]:
    player: dict[str, Any] = (answer.response.get("directives") or {}).get("audio_player") or {}
    return player


def _token(player: dict[str, Any]) -> str:
    return str(player["item"]["stream"]["token"])
