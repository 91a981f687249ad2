"""The loop on which a test's skill lives, behind plain calls.

Rules:
1. The loop moves only while a call waits for it. So nothing happens between two turns that a test has not asked for,
   and a plain test runs the script in its own thread: Ctrl+C, the debugger, and what the script's module has opened
   (a connection of sqlite3) work there as they do in the script's file.
2. In an async test a loop runs in this thread already, and Python allows no second one in it: there, and only there,
   the call is lent a helper thread, and waits for it.
3. What the test's own loop serves cannot answer meanwhile. Who needs that writes
   ``await asyncio.to_thread(alice.say, "да")``.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class Loop:
    """An event loop of its own, whether or not one runs in this thread.

    >>> loop = Loop()
    >>> loop.run(asyncio.sleep(0, "done"))
    'done'
    >>> loop.close()
    """

    def __init__(self) -> None:
        # a factory of its own: the current loop of the test's thread stays what it is
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What `work` gives."""
        done: Result = _beside(self._runner.run, work)
        return done

    def close(self) -> None:
        """End what is still under way, and the loop."""
        _beside(self._runner.close)


def _beside(call: Callable[..., Result], *args: Any) -> Result:
    if not _is_running():
        return call(*args)
    with ThreadPoolExecutor(1, "alice-test") as thread:
        return thread.submit(call, *args).result()


def _is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
