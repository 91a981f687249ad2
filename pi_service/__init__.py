"""A job service for the digits of pi: `Service` computes and keeps them, `routes` and `settings` serve it over HTTP.

Public are the names here, `pi_service.skill` (the bundled Alice skill), `pi_service.testing` (an engine for tests) and
`pi_service.engines.dask_engine.DaskEngine` (the extra `dask`). All other modules are private and may change with any
release.
"""

from .engines.base import Engine, Progress
from .engines.local_engine import LocalEngine
from .errors import (
    BadRequest,
    CheckFailed,
    DigitsDamaged,
    DirectoryUnusable,
    DiskFull,
    IllegalTransition,
    LimitExceeded,
    NotFound,
    PiError,
    QueueFull,
    SchemaError,
    ServiceAway,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    StoreUnavailable,
    WorkerDied,
)
from .handlers.place import Place
from .handlers.routes import routes, settings
from .jobs import Change, Event, Job, Stage
from .listing import Listing
from .search import Match
from .service import Service

__all__ = [
    "BadRequest",
    "Change",
    "CheckFailed",
    "DigitsDamaged",
    "DirectoryUnusable",
    "DiskFull",
    "Engine",
    "Event",
    "IllegalTransition",
    "Job",
    "LimitExceeded",
    "Listing",
    "LocalEngine",
    "Match",
    "NotFound",
    "PiError",
    "Place",
    "Progress",
    "QueueFull",
    "SchemaError",
    "Service",
    "ServiceAway",
    "Stage",
    "StoreFull",
    "StoreLocked",
    "StoreReadOnly",
    "StoreUnavailable",
    "WorkerDied",
    "routes",
    "settings",
]
