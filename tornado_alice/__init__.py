"""Dialog scripts for Yandex Alice that read like the conversation and cannot be lost.

Public are the names here, `tornado_alice.testing` for the tests of a skill and `tornado_alice.examples` to read.
All other modules are private: they change without notice.
"""

from .context import now, random, uuid4
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
from .journal import Head, Journal, MemoryJournal, Op, Record, SqliteJournal, Summary
from .modifiers import button, gallery, image, item, items, link_account, locate, play, stop, suggest
from .morphology import Analyzer
from .options import Options, Policy
from .reply import Modifier, Reply, say
from .request import Request, request
from .skill import Skill
from .step import continue_as_new, gather, idempotency_key, step

__version__ = "0.1.0"

__all__ = [
    "AliceError",
    "Analyzer",
    "Answered",
    "Head",
    "Journal",
    "JournalConflict",
    "JournalError",
    "MemoryJournal",
    "Modifier",
    "NestedStepError",
    "NonDeterminismError",
    "NotAReplyError",
    "Op",
    "Options",
    "OutsideError",
    "Policy",
    "QuotaError",
    "Record",
    "Reply",
    "ReplyError",
    "Request",
    "RequestError",
    "ScriptError",
    "SettingsError",
    "Skill",
    "SqliteJournal",
    "StepError",
    "Summary",
    "button",
    "continue_as_new",
    "gallery",
    "gather",
    "idempotency_key",
    "image",
    "item",
    "items",
    "link_account",
    "locate",
    "now",
    "play",
    "random",
    "request",
    "say",
    "step",
    "stop",
    "suggest",
    "uuid4",
]
