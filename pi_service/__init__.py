"""A job service for the digits of pi: `Service` computes and keeps them, `routes` and `settings` serve it over HTTP."""

from pi_service.digits import Found
from pi_service.engine import Engine, LocalEngine
from pi_service.errors import (
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
from pi_service.handlers import routes, settings
from pi_service.jobs import Change, Event, Job, Stage
from pi_service.service import Service

__all__ = [
    "BadRequest",
    "Change",
    "CheckFailed",
    "DiskFull",
    "Engine",
    "Event",
    "Found",
    "IllegalTransition",
    "Job",
    "LimitExceeded",
    "LocalEngine",
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
