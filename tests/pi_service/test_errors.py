"""The exception tree."""

import pickle

import pytest

from pi_service import errors

ALL = [
    errors.PiError("text"),
    errors.BadRequest("n", "n must be more; got 0"),
    errors.NotFound("text"),
    errors.IllegalTransition("taken", "stored"),
    errors.IllegalTransition("taken", None),
    errors.QueueFull("text"),
    errors.StoreUnavailable("text"),
    errors.StoreLocked("text"),
    errors.StoreFull("text"),
    errors.StoreReadOnly("text"),
    errors.ServiceAway("text"),
    errors.DirectoryUnusable("text"),
    errors.SchemaError("text"),
    errors.DiskFull("text"),
    errors.CheckFailed("text"),
    errors.DigitsDamaged("text"),
    errors.WorkerDied("text"),
    errors.LimitExceeded("text"),
]


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_pickle(error: errors.PiError) -> None:
    """An error that crossed a process border is the same error."""
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))


def test_tree() -> None:
    """The tree in the docstring names every error, and all of them are PiErrors."""
    named = {line.split("── ")[1].split()[0] for line in (errors.__doc__ or "").splitlines() if "──" in line}
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)} - {"PiError"}
    assert named == defined == {type(error).__name__ for error in ALL} - {"PiError"}
    assert all(issubclass(vars(errors)[name], errors.PiError) for name in defined)


def test_texts() -> None:
    """Messages say what was got and where."""
    assert str(errors.IllegalTransition("taken", "stored")) == "event 'taken' is not allowed in state 'stored'"
    assert str(errors.IllegalTransition("taken", None)) == "event 'taken' is not allowed without a job"
    assert (errors.BadRequest("n", "no").field, str(errors.BadRequest("n", "no"))) == ("n", "no")
