"""A job service for the digits of pi: `Service` computes and keeps them, `routes` and `settings` serve it over HTTP."""

from .digits import Match
from .engines.base import Engine
from .engines.local_engine import LocalEngine
from .errors import (
    BadRequest,
    CheckFailed,
    DiskFull,
    IllegalTransition,
    LimitExceeded,
    NotFound,
    PiError,
    QueueFull,
    StoreUnavailable,
    WorkerDied,
)
from .handlers.routes import routes, settings
from .jobs import Change, Event, Job, Stage
from .service import Service

__all__ = [
    "BadRequest",
    "Change",
    "CheckFailed",
    "DiskFull",
    "Engine",
    "Event",
    "IllegalTransition",
    "Job",
    "LimitExceeded",
    "LocalEngine",
    "Match",
    "NotFound",
    "PiError",
    "QueueFull",
    "Service",
    "Stage",
    "StoreUnavailable",
    "WorkerDied",
    "routes",
    "settings",
]
