"""Turns of a session, one after the other."""

import asyncio

from tornado_alice.order import Order


async def hold(order: Order, thing: str, name: int, log: list[int]) -> None:
    if not order.take(thing):
        await order.wait(thing)
    try:
        log.append(name)
        await asyncio.sleep(0)
        log.append(name)
    finally:
        order.leave(thing)


def test_it_is_had_by_one_in_the_order_of_coming() -> None:
    """Those who come together have it one after the other, in their order; another thing is not waited for."""

    async def scenario() -> list[int]:
        order, log = Order(), []
        await asyncio.gather(*(hold(order, "a", name, log) for name in range(4)))
        assert order.take("a")
        await hold(order, "b", 9, log)
        return log

    assert asyncio.run(scenario()) == [0, 0, 1, 1, 2, 2, 3, 3, 9, 9]


def test_who_is_cancelled_lets_the_next_one_pass() -> None:
    """Cancelled while waiting, or at the moment of getting it: the others get it all the same, and it is free again."""

    async def scenario(after_leaving: bool) -> list[int]:
        order, log = Order(), []
        assert order.take("a")
        first, second = (asyncio.create_task(hold(order, "a", name, log)) for name in (1, 2))
        await asyncio.sleep(0)
        for act in (order.leave, lambda _: first.cancel())[:: 1 if after_leaving else -1]:
            act("a")
        await asyncio.gather(first, second, return_exceptions=True)
        assert first.cancelled() and order.take("a")
        return log

    assert [asyncio.run(scenario(after)) for after in (True, False)] == [[2, 2], [2, 2]]
