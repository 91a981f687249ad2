"""A new dialog that begins with the first turns of another one: what if something else had been said there?"""

from uuid import uuid4

from .. import context
from ..errors import SettingsError
from ..journal import Journal
from ..journal.records import Key


async def branch(journal: Journal, key: Key, turns: int) -> Key:
    """Copy the first `turns` turns of a dialog's last epoch; the key of the copy.

    The copy draws the same random numbers as its origin (`context.origin`), and no step of it runs again.

    Raises:
        SettingsError: the journal does not hold so many turns, or nobody can go on after the last of them.
        JournalError: it cannot be read or written now.
    """
    known = await journal.load(key)
    if known.head is None or not 0 < turns <= len(known.turns):
        raise SettingsError(f"turns: 1 to {len(known.turns)} of this dialog can be kept, got {turns}")
    if turns == len(known.turns) and known.head.ended:
        raise SettingsError("turns: the dialog has ended there; keep fewer of its turns")
    if known.turns[turns - 1].waits_from is not None:
        raise SettingsError("turns: a step was under way there, and it would run once more; keep fewer or more turns")
    target = (key[0], f"{context.origin(key[1])}{context.BRANCH}{uuid4().hex[:8]}")
    head = known.head._replace(id=None, seq=0, n=0, ended=False, failure=None)
    for record in known.turns[:turns]:
        told = record._replace(prompt=None)  # its prompts were counted where they were said
        id = await journal.commit(target, head, told)
        head = head._replace(id=id, seq=head.seq + 1, n=head.n + 1)
    return target
