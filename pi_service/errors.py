"""What can go wrong in pi_service.

    PiError
    ├── BadRequest         the caller sent something that is not allowed (HTTP 400)
    ├── NotFound           no such job, or digits that are not on disk yet (404)
    ├── IllegalTransition  the job's status does not allow what was asked (409)
    ├── QueueFull          too many jobs wait already; ask again later (429)
    ├── StoreUnavailable   the database is locked or its disk is full, or the service does not run (503)
    ├── SchemaError        the jobs database is of a newer release, or not ours; the service does not start
    ├── DiskFull           the digits could not be written; a retry works once there is space
    ├── CheckFailed        a computation's residue check failed; it names the step
    ├── WorkerDied         a worker process ended without an answer
    └── LimitExceeded      a computation passed its time or memory limit

All of them cross process borders by pickle, so `args` always equals what `__init__` takes.
"""


class PiError(Exception):
    """Base of every error that pi_service raises on purpose; `str()` of it is fit to be shown to a user."""


class BadRequest(PiError):
    """A value that is not allowed: `field` names it, the message says what was sent and what is allowed.

    >>> error = BadRequest("n", "n must be a whole number; got 'ten'")
    >>> error.field, str(error)
    ('n', "n must be a whole number; got 'ten'")
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return self.message


class NotFound(PiError):
    """There is no such job, or the digits asked for are not on disk yet."""


class IllegalTransition(PiError):
    """The table of transitions has no place for this event after this state (None: there is no job).

    >>> str(IllegalTransition("taken", "stored"))
    "event 'taken' is not allowed in state 'stored'"
    """

    def __init__(self, event: str, state: str | None) -> None:
        super().__init__(event, state)
        self.event = event
        self.state = state

    def __str__(self) -> str:
        where = "without a job" if self.state is None else f"in state {self.state!r}"
        return f"event {self.event!r} is not allowed {where}"


class QueueFull(PiError):
    """The bounded queue of unfinished jobs is full; the same request may succeed later."""


class StoreUnavailable(PiError):
    """The database did not take a change; nothing of it was written. The message says which trouble and what helps."""


class SchemaError(PiError):
    """The jobs database is not one that this release can use; it is as it was. The message says what helps."""


class DiskFull(PiError):
    """The digits could not be written for want of space; what was on disk before is untouched."""


class CheckFailed(PiError):
    """A residue check failed, so the result cannot be trusted; the message says which step."""


class WorkerDied(PiError):
    """A worker process ended (a signal, out of memory) before it gave its answer."""


class LimitExceeded(PiError):
    """A computation passed its time or memory limit; the message names it. Never tried again by itself."""


def unwritable(error: OSError) -> DiskFull:
    """What to tell when digits cannot be written."""
    return DiskFull(f"the digits could not be written to disk ({error.strerror}); free some space, then retry")
