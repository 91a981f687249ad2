"""Dialog scripts for Yandex Alice that read like the conversation and cannot be lost.

Public are the names here, `tornado_alice.answers` for what `ask` understands, `tornado_alice.testing` for the tests
of a skill, `tornado_alice.journal.postgres` for a journal in a database and `tornado_alice.examples` to read.
All other modules are private: they change without notice.
"""

import typing

from .answers import choice, city, number, text, yes_no
from .commands import Handler, command, leave, repeat
from .context import now, random, uuid4
from .dates import Moment
from .directives import link_account, locate, purchase
from .entities import Intent, Location, Name, Place
from .errors import (
    AliceError,
    JournalConflict,
    JournalError,
    NestedStepError,
    NonDeterminismError,
    NotAReplyError,
    OutsideError,
    QuotaError,
    ReplyError,
    RequestError,
    ScriptError,
    SettingsError,
    StepError,
)
from .hooks import Answered
from .journal import Head, Journal, MemoryJournal, Op, Record, Summary
from .modifiers import (
    button,
    confirm_purchase,
    event,
    gallery,
    image,
    item,
    items,
    link,
    play,
    product,
    should_listen,
    show_item_meta,
    stop,
    suggest,
)
from .morphology import Analyzer
from .numerals import in_words, plural
from .options import Options, Policy
from .questions import Question, ask, wait
from .reply import Modifier, Reply, say
from .request import Request, request
from .rotation import Rotation
from .skill import Skill
from .spoken import Speech, effect, pause, speech, voice
from .states import State, application, session_state, user
from .step import continue_as_new, gather, idempotency_key, step

if typing.TYPE_CHECKING:
    from .journal import SqliteJournal
else:

    def __getattr__(name: str) -> type:
        """SqliteJournal comes when it is asked for: a cloud function, which starts cold, has no use for SQLite."""
        if name != "SqliteJournal":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .journal import SqliteJournal

        return SqliteJournal


__version__ = "0.1.0"

__all__ = [
    "AliceError",
    "Analyzer",
    "Answered",
    "Handler",
    "Head",
    "Intent",
    "Journal",
    "JournalConflict",
    "JournalError",
    "Location",
    "MemoryJournal",
    "Modifier",
    "Moment",
    "Name",
    "NestedStepError",
    "NonDeterminismError",
    "NotAReplyError",
    "Op",
    "Options",
    "OutsideError",
    "Place",
    "Policy",
    "Question",
    "QuotaError",
    "Record",
    "Reply",
    "ReplyError",
    "Request",
    "RequestError",
    "Rotation",
    "ScriptError",
    "SettingsError",
    "Skill",
    "Speech",
    "SqliteJournal",
    "State",
    "StepError",
    "Summary",
    "application",
    "ask",
    "button",
    "choice",
    "city",
    "command",
    "confirm_purchase",
    "continue_as_new",
    "effect",
    "event",
    "gallery",
    "gather",
    "idempotency_key",
    "image",
    "in_words",
    "item",
    "items",
    "leave",
    "link",
    "link_account",
    "locate",
    "now",
    "number",
    "pause",
    "play",
    "plural",
    "product",
    "purchase",
    "random",
    "repeat",
    "request",
    "say",
    "session_state",
    "should_listen",
    "show_item_meta",
    "speech",
    "step",
    "stop",
    "suggest",
    "text",
    "user",
    "uuid4",
    "voice",
    "wait",
    "yes_no",
]
