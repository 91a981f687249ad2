"""Errors of the dialog engine.

    AliceError
    ├── RequestError            the platform (or somebody else) sent what is no Alice request → HTTP 400
    │   ├── ForeignSkill        it is one, but of a skill that is not served here → HTTP 403
    │   └── QuotaError          a skill sends too many large bodies → HTTP 429
    ├── ReplyError              a script said what Alice would refuse (also a ValueError)
    ├── ScriptError             a script does what the engine cannot follow
    │   ├── NotAReplyError      it yielded or awaited something that is not ours
    │   ├── NestedStepError     a step was started inside a step
    │   ├── StepError           a recorded failure of a step whose own class is not to be had any more
    │   ├── OutsideError        a replay came to something that is done to the outside without a step
    │   └── NonDeterminismError replay does not lead where the live run had led
    ├── JournalError            the journal cannot be read or written now
    │   └── JournalConflict     another process has written this turn already
    ├── UploadError             a picture or sound cannot be uploaded
    ├── CannotListen            a port is taken, or not ours (also an OSError)
    └── SettingsError           a command line or a Skill option that cannot work

Each says what was got, what was expected and what to do.
"""


class AliceError(Exception):
    """The root of all errors of tornado_alice."""


class RequestError(AliceError):
    """A body that is not an Alice request.

    Attributes:
        field: dotted path of the part that is wrong, for example ``"session.session_id"``.
        status: HTTP status of the refusal.
        code: the same in a word.
    """

    status, code = 400, "bad_request"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class QuotaError(RequestError):
    """A request that may come again later: its skill has sent too many large bodies."""

    status, code = 429, "too_much"


class ForeignSkill(RequestError):
    """A request of a skill that is not among those served here."""

    status, code = 403, "foreign_skill"


class ReplyError(AliceError, ValueError):
    """A reply that breaks the protocol; the message names the field, what it holds and what is allowed."""


class ScriptError(AliceError):
    """A script does what the engine cannot follow."""


class NotAReplyError(ScriptError):
    """A script yielded or awaited something that is neither ``say(...)`` nor ``step(...)``."""


class NestedStepError(ScriptError):
    """``step(...)`` was used inside the function of another step."""


class StepError(ScriptError):
    """A step failed in the live run; its exception class cannot be rebuilt from the journal."""


class OutsideError(ScriptError):
    """In a replay a script came to something that it does to the outside without ``step(...)``."""


#: How `expected` and `got` of NonDeterminismError begin where they name a step.
A_STEP = "a step "


class NonDeterminismError(ScriptError):
    """Replay of a session went another way than its live run.

    Attributes:
        turn: number of the turn, from 0.
        expected: what the journal holds.
        got: what the script does now.
        place: file, line and function in which the script stands; empty if it stands nowhere.
        heard: the text of the recorded reply; empty if it is not about a reply.
        said: the text of the reply now; empty if there is none.
        phrases: all phrases that the reply now could have been.
    """

    def __init__(
        self,
        turn: int,
        expected: str,
        got: str,
        *,
        place: str = "",
        heard: str = "",
        said: str = "",
        phrases: tuple[str, ...] = (),
    ) -> None:
        super().__init__(
            f"turn {turn}: the journal holds {expected}, the script now gives {got}. A script must depend on its "
            f"requests alone: use step(...) for effects, and random, uuid4() and now() of tornado_alice"
        )
        self.turn, self.expected, self.got = turn, expected, got
        self.place, self.heard, self.said, self.phrases = place, heard, said, phrases


class JournalError(AliceError):
    """The journal cannot be read or written now (disk full, file locked or damaged)."""


class JournalConflict(JournalError):
    """Another process has written this turn already: read on and try again."""


class UploadError(AliceError):
    """A picture or sound cannot be uploaded: the file, the network or the platform does not let it."""


class CannotListen(AliceError, OSError):
    """A port is taken or not ours, or there is no such address."""


class SettingsError(AliceError):
    """A command line or an option that cannot work; the message names the remedy."""
