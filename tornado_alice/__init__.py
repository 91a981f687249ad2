"""Dialog scripts for Yandex Alice that read like the conversation and cannot be lost."""

from .context import now, random, uuid4
from .errors import (
    AliceError,
    JournalConflict,
    JournalError,
    NestedStepError,
    NonDeterminismError,
    NotAReplyError,
    ReplyError,
    RequestError,
    ScriptError,
    SettingsError,
    StepError,
)
from .journal import Journal, MemoryJournal, SqliteJournal
from .modifiers import button, gallery, image, item, items, link_account, locate, play, stop, suggest
from .reply import Reply, say
from .request import Request, request
from .skill import Skill
from .step import continue_as_new, gather, idempotency_key, step

__all__ = [
    "AliceError",
    "Journal",
    "JournalConflict",
    "JournalError",
    "MemoryJournal",
    "NestedStepError",
    "NonDeterminismError",
    "NotAReplyError",
    "Reply",
    "ReplyError",
    "Request",
    "RequestError",
    "ScriptError",
    "SettingsError",
    "Skill",
    "SqliteJournal",
    "StepError",
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
