"""What was counted at prompts, in the tables of the database.

A count that is added twice is wrong, and what a lost connection leaves in doubt is tried again: so each writer numbers
its batches, and the database keeps the number of the last one.
"""

from typing import Any
from uuid import UUID

from ..records import Prompt, Tallies, Tally
from . import statements


async def add(conn: Any, writer: UUID, number: int, tallies: list[Tally]) -> None:
    """Add a batch, once."""
    lines = [(*tally.prompt, tally.code, tally.since) for tally in tallies]
    counts = [(*tally.prompt, word, count) for tally in tallies for word, count in tally.counts.items()]
    async with conn.transaction():
        await conn.execute(statements.ADD_PROMPTS, *map(list, zip(*lines, strict=True)))
        await conn.execute(statements.ADD_TALLIES, writer, number, *map(list, zip(*counts, strict=True)))


async def read(conn: Any, since: float) -> Tallies:
    """See `Journal.tallies`; it is one moment of the database."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        rows = await conn.fetch(statements.TALLIES)
        sessions = [
            (Prompt(*row[:3]), row["open"], row["silent"]) for row in await conn.fetch(statements.WAITING, since)
        ]
    tallies: dict[Prompt, Tally] = {}
    for row in rows:
        prompt = Prompt(row["script"], row["version"], row["place"])
        tally = tallies.setdefault(prompt, Tally(prompt, row["code"], row["since"], {}))
        tallies[prompt] = tally._replace(counts={**tally.counts, row["word"]: row["count"]})
    waiting = {prompt: open for prompt, open, _ in sessions}
    return Tallies(list(tallies.values()), waiting, {prompt: silent for prompt, _, silent in sessions})
