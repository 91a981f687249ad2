"""What can go wrong in pi_service.

    PiError
    ├── BadRequest         the caller sent something that is not allowed (HTTP 400)
    ├── NotFound           no such job, or digits that are not on disk yet (404)
    ├── IllegalTransition  the job's status does not allow what was asked (409)
    ├── QueueFull          too many jobs wait already; ask again later (429)
    ├── StoreUnavailable   the database does not take a change now (503)
    │   ├── StoreLocked    another process or connection holds its lock
    │   ├── StoreFull      its disk is full
    │   ├── StoreReadOnly  the server's user may not write to it
    │   └── ServiceAway    the service does not run in this process, or another process has the data directory
    ├── DirectoryUnusable  the data directory cannot be read or written; the service does not start
    ├── SchemaError        the jobs database is of a newer release, or not ours; the service does not start
    ├── DiskFull           the digits could not be written; a retry works once there is space
    ├── CheckFailed        a computation's residue check failed; it names the step
    │   └── DigitsDamaged  digits on disk are not what was written (503); they are computed again
    ├── WorkerDied         a worker process ended without an answer
    └── LimitExceeded      a computation passed its time or memory limit

All of them cross process borders by pickle, so `args` always equals what `__init__` takes; `values` go with them.
"""

import errno
import pathlib

#: What helps against a system error; anything else that keeps a directory from being used is a matter of rights.
REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "raise the system's limit of open files",
    errno.ENOTDIR: "move away the file that stands there",
    errno.EEXIST: "move away the file that stands there",
    errno.EISDIR: "move away the directory that stands there",
}


class PiError(Exception):
    """Base of every error that pi_service raises on purpose; `str()` of it is fit to be shown to a user.

    `values` are the facts of the message, by name: from the kind of error and its values a page makes the same message
    in its reader's language.

    >>> NotFound("there is no job with n = 7", n=7).values
    {'n': 7}
    """

    def __init__(self, *args: object, **values: object) -> None:
        super().__init__(*args)
        self.values = values


class BadRequest(PiError):
    """A value that is not allowed: `field` names it, the message says what was sent and what is allowed.

    >>> error = BadRequest("n", "n must be a whole number; got 'ten'")
    >>> error.field, str(error)
    ('n', "n must be a whole number; got 'ten'")
    """

    def __init__(self, field: str, message: str, **values: object) -> None:
        super().__init__(field, message, **values)
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
        super().__init__(event, state, event=event, state=state)
        self.event = event
        self.state = state

    def __str__(self) -> str:
        where = "without a job" if self.state is None else f"in state {self.state!r}"
        return f"event {self.event!r} is not allowed {where}"


class QueueFull(PiError):
    """The bounded queue of unfinished jobs is full; the same request may succeed later."""


class StoreUnavailable(PiError):
    """The database did not take a change; nothing of it was written. The message says which trouble and what helps."""


class StoreLocked(StoreUnavailable):
    """Another process or connection holds the database's lock; the same request may succeed in a moment."""


class StoreFull(StoreUnavailable):
    """The database cannot grow for want of space on its disk."""


class StoreReadOnly(StoreUnavailable):
    """The server's user may not write to the database or its directory."""


class ServiceAway(StoreUnavailable):
    """The service does not run in this process, or another process has its data directory."""


class DirectoryUnusable(PiError):
    """The data directory cannot be used; the message names what of it, why, and what helps."""


class SchemaError(PiError):
    """The jobs database is not one that this release can use; it is as it was. The message says what helps."""


class DiskFull(PiError):
    """The digits could not be written for want of space; what was on disk before is untouched."""


class CheckFailed(PiError):
    """A residue check failed, so the result cannot be trusted; the message says which step."""


class DigitsDamaged(CheckFailed):
    """Digits on disk were altered while they were served; nothing of them is told. The message says what is done."""


class WorkerDied(PiError):
    """A worker process ended (a signal, out of memory) before it gave its answer."""


class LimitExceeded(PiError):
    """A computation passed its time or memory limit; the message names it. Never tried again by itself."""


def unwritable(error: OSError) -> DiskFull:
    """What to tell when digits cannot be written."""
    return DiskFull(f"the digits could not be written to disk ({error.strerror}); free some space, then retry")


def unusable(directory: pathlib.Path, error: OSError) -> DirectoryUnusable:
    """What to tell when the service cannot start in `directory`.

    >>> str(unusable(pathlib.Path("data"), OSError(errno.ENOSPC, "No space left on device", "data/work")))
    'the data directory data cannot be used (data/work: No space left on device): free some space'
    """
    where = f"{error.filename}: " if error.filename else ""
    remedy = REMEDIES.get(error.errno or 0, "let the server's user read and write it, or use another directory")
    return DirectoryUnusable(
        f"the data directory {directory} cannot be used ({where}{error.strerror or error}): {remedy}"
    )
