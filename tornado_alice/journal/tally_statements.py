"""What was counted at prompts, in the tables of the journal file."""

import json
import sqlite3

from .records import LEFT, Prompt, Tallies, Tally

#: Where sessions wait that are open, and how many of them have been silent; NOT ended finds them in an index.
WAITING = """
SELECT asks, version, prompt, count(*), sum(at < ?)
FROM session JOIN turn ON turn.session = session.id
WHERE NOT ended AND seq = (SELECT max(seq) FROM turn AS t WHERE t.session = session.id) AND prompt IS NOT NULL
GROUP BY asks, version, prompt
"""

#: Where the sessions waited whose ids are given as JSON.
LEFT_AT = """
SELECT asks, version, prompt, ?, count(*) FROM turn
WHERE session IN (SELECT value FROM json_each(?)) AND prompt IS NOT NULL
  AND seq = (SELECT max(seq) FROM turn AS t WHERE t.session = turn.session)
GROUP BY asks, version, prompt
"""

_ADD = "ON CONFLICT DO UPDATE SET count = count + excluded.count"


def add(conn: sqlite3.Connection, tallies: list[Tally]) -> int:
    """Add them to those that are there; how many prompts they are of."""
    for prompt, code, since, counts in tallies:
        conn.execute(
            "INSERT INTO prompt VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET code = excluded.code WHERE code = '' AND excluded.code <> ''",
            (*prompt, code, since),
        )
        rows = [(*prompt, word, count) for word, count in counts.items()]
        conn.executemany(f"INSERT INTO tally VALUES (?, ?, ?, ?, ?) {_ADD}", rows)  # noqa: S608 a constant
    return len(tallies)


def add_left(conn: sqlite3.Connection, sessions: list[int]) -> None:
    """Count where sessions waited that are about to go."""
    conn.execute(f"INSERT INTO tally {LEFT_AT} {_ADD}", (LEFT, json.dumps(sessions)))


def read(conn: sqlite3.Connection, since: float) -> Tallies:
    """See `Journal.tallies`; it is one moment of the journal."""
    conn.execute("BEGIN")
    try:
        counts: dict[Prompt, dict[str, int]] = {}
        for script, version, place, word, count in conn.execute("SELECT * FROM tally"):
            counts.setdefault(Prompt(script, version, place), {})[word] = count
        lines = [(Prompt(*names), code, first) for *names, code, first in conn.execute("SELECT * FROM prompt")]
        sessions = [(Prompt(*names), open, silent) for *names, open, silent in conn.execute(WAITING, (since,))]
    finally:
        conn.execute("COMMIT")
    return Tallies(
        [Tally(prompt, code, first, counts.get(prompt, {})) for prompt, code, first in lines],
        {prompt: open for prompt, open, _ in sessions},
        {prompt: silent for prompt, _, silent in sessions},
    )
