"""How a server is started whose protection is broken: what the soak counts must not stay 0 then.

Nothing of the product knows of it: Python puts something else in the place of a part, and then starts the server.
"""

from servers import PLAIN

#: By what is broken: what is done before the start. An assertion fails where the part is no longer there to be broken.
BROKEN = {
    # everybody may have a step, though somebody has it
    "claims": """
from tornado_alice.journal.postgres import statements
free = "OR s.outcome IS NULL AND (s.until < now() OR s.owner = excluded.owner)"
assert free in statements.CLAIM
statements.CLAIM = statements.CLAIM.replace(free, "OR true")
""",
    # a turn that is there is written over
    "fence": """
from tornado_alice.journal.postgres import statements
columns = "epoch, n, message_id, at, waits, ended, request, ops, reply, digest, version, script, state"
over = f"({columns}) = (excluded.{columns.replace(', ', ', excluded.')})"
for name in ("COMMIT", "COMMIT_ONE"):
    text = getattr(statements, name)
    assert "ON CONFLICT DO NOTHING" in text
    setattr(statements, name, text.replace("DO NOTHING", f"(sid, seq) DO UPDATE SET {over}"))
""",
    # on SIGTERM the journal is closed before the connections, and whoever still asks hears an apology
    "drain": """
from tornado_alice.dialogs import Dialogs
from tornado_alice.listener import Listener
async def drain(self, seconds):
    pass
assert callable(Listener.drain)
Listener.drain = drain
Dialogs.draining = property(lambda self: False, lambda self, value: None)
""",
}


def head(broken: list[str]) -> tuple[str, ...]:
    """How Python starts a server in which all these are broken."""
    if not broken:
        return PLAIN
    start = "import sys\nfrom tornado_alice.app.cli import main\nsys.exit(main())"
    return ("-c", "".join(BROKEN[name] for name in broken) + start)
