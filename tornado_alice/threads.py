"""Plain functions beside the loop, in daemon threads.

Not the default executor: its threads are few, shared with everything else, and joined at the end of the process, so a
function that sleeps for a minute would hold up other users and the shutdown.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(fn: Callable[[], Result]) -> Result:
    """What `fn` returns; it must not raise. It sees the caller's context variables."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()
    context = contextvars.copy_context()

    def run() -> None:
        result = context.run(fn)
        if not loop.is_closed():
            loop.call_soon_threadsafe(_give, future, result)

    threading.Thread(target=run, name=f"plain {fn}", daemon=True).start()
    return await future


def _give(future: "asyncio.Future[Result]", result: Result) -> None:
    if not future.done():  # nobody waits any more
        future.set_result(result)
