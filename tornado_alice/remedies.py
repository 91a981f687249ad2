"""Exceptions of scripts that have a known remedy. Pure."""

_PYMORPHY = (
    "pymorphy2 does not start on Python 3.11 or newer; pymorphy3 continues it with the same interface: "
    "write import pymorphy3"
)
#: Modules that older scripts import, and what to write now.
_OLD = {
    "pymorphy2": _PYMORPHY,
    "alice_scripts": "but for this line a script of alice_scripts runs unchanged: write from tornado_alice import ...",
}


def add_remedy(error: BaseException) -> None:
    """Note the remedy with the exception, where one is known.

    >>> error = ModuleNotFoundError("No module named 'alice_scripts'", name="alice_scripts")
    >>> add_remedy(error)
    >>> error.__notes__[0].rpartition(": ")[2]
    'write from tornado_alice import ...'
    """
    if isinstance(error, ModuleNotFoundError):
        remedy = _OLD.get((error.name or "").partition(".")[0])
    else:  # it is installed, and calls what Python 3.11 has removed
        remedy = _PYMORPHY if isinstance(error, AttributeError) and "'getargspec'" in str(error) else None
    if remedy is not None and remedy not in getattr(error, "__notes__", []):
        error.add_note(remedy)
