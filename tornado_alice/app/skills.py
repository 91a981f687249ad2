"""The skills of one process: where each is asked, and what keeps their dialogs apart.

Rules:
1. One script is served at the webhook's path, as ever.
2. Several have a path each, below it: the last word of what the command line names, ``shop.py`` at ``/shop``.
   The webhook's own path hands a request to the skill that names its ``session.skill_id`` in ``skill_ids``.
3. A journal that several share keeps the sessions of a skill with ``skill_ids`` as ever, since no other skill names
   them; before the skill_id of the others stands the name of their script, ``shop/``.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from .. import protocol
from ..errors import ForeignSkill, SettingsError
from ..hooks import Facts
from ..journal import Journal
from ..journal.base import Meter
from ..keeper import Keeper
from ..prompts import Said, prompts
from ..serving import GRACE
from ..skill import Skill
from ..webhook import Webhook
from .loading import load_skills, script_name
from .measures import Measures
from .metrics import Metric

#: Counts of `Dialogs` that are told.
COUNTS = ("turns", "replays", "catch_ups", "conflicts", "failures", "journal_errors")


class Skills:
    """The skills of one process.

    Args:
        named: by the name of their script; at least one.
        make_journal: makes the journal of those that bring none.

    Raises:
        SettingsError: two of them name one skill_id.
    """

    def __init__(self, named: dict[str, Skill], make_journal: Callable[[], Journal]) -> None:
        self._named = named
        self._by_id = _by_id(named) if len(named) > 1 else {}
        self._at_once = Webhook(self)
        self._keepers: list[Keeper] = []
        without = [skill for skill in self if not skill.has_own_journal]
        journal = make_journal() if without else None
        for skill in without:
            assert journal is not None, "made for them"
            skill.journal = journal
        for name, skill in named.items():
            skill.scope = f"{name}/" if len(named) > 1 and not skill.options.skill_ids else ""

    @classmethod
    def load(cls, scripts: Sequence[str], make_journal: Callable[[], Journal]) -> "Skills":
        """Those of the scripts that a command line names.

        Raises:
            SettingsError: one cannot be found; two would have one name, or a name is no path.
        """
        names = [script_name(script) for script in scripts]
        for name, count in Counter(names).items():
            if count > 1:
                raise SettingsError(f"{count} scripts are called {name!r}, and so would be their path; rename one")
            if len(names) > 1 and not re.fullmatch(r"[\w-]+", name, re.ASCII):
                raise SettingsError(
                    f"{name!r} would be a path: letters a to z, digits, _ and - alone; rename the script"
                )
        return cls(dict(zip(names, load_skills(scripts), strict=True)), make_journal)

    def __iter__(self) -> Iterator[Skill]:
        return iter(self._named.values())

    @property
    def by_name(self) -> dict[str, Skill]:
        """By the name of their script."""
        return self._named

    @property
    def names(self) -> list[str]:
        """How people call them."""
        return list(self._named) if len(self._named) > 1 else [skill.name for skill in self]

    @property
    def journals(self) -> list[Journal]:
        """Each once."""
        return list({id(skill.journal): skill.journal for skill in self}.values())

    def webhooks(self, path: str) -> dict[str, Webhook]:
        """What is asked where, below `path` (rules 1 and 2)."""
        if len(self._named) == 1:
            return {path: next(iter(self)).webhook}
        below = {f"{path.rstrip('/')}/{name}": skill.webhook for name, skill in self._named.items()}
        return below | {path: self._at_once}

    async def answer(self, body: bytes) -> bytes:
        """The answer of the skill that names the request's skill_id.

        Raises:
            RequestError: it is no request; ForeignSkill if none of them names it.
        """
        skill_id = protocol.parse(body)["session"].get("skill_id") or ""
        if skill_id not in self._by_id:
            message = (
                f"session.skill_id: {skill_id!r} is named by no skill here; others are asked at paths of their own"
            )
            raise ForeignSkill("session.skill_id", message)
        return await self._by_id[skill_id].dialogs.answer(body)

    def measure(self, measures: Measures) -> None:
        """Let it hear how long things take."""
        for name, skill in self._named.items():
            skill.hooks.times.append(measures.of(name))

    @property
    def meters(self) -> list[Meter]:
        """Of the journals that count their work; one in memory does not."""
        found = [getattr(journal, "meter", None) for journal in self.journals]
        return [meter for meter in found if isinstance(meter, Meter)]

    def observe(self, make: Callable[[str], Callable[[Facts], None]]) -> None:
        """Let what `make` gives for the name of each skill hear of its turns."""
        for name, skill in self._named.items():
            skill.hooks.facts.append(make(name))

    async def start(self) -> None:
        """Open the journals."""
        for journal in self.journals:
            await journal.start()
        self._keepers = [Keeper(skill.dialogs) for skill in self]
        for keeper in self._keepers:
            keeper.start()

    def drain(self) -> None:
        """Say that the process stops: what cannot be kept from now on is refused, for others to answer."""
        for skill in self:
            skill.dialogs.draining = True

    async def stop(self) -> None:
        """Let turns and steps under way end (for `GRACE` seconds), cancel other steps, close the journals."""
        for keeper in self._keepers:
            await keeper.stop()
        webhooks = [self._at_once, *(skill.webhook for skill in self)]
        await asyncio.gather(*(webhook.drain(GRACE) for webhook in webhooks))
        await asyncio.gather(*(skill.dialogs.work.finish(GRACE) for skill in self))
        for skill in self:
            await skill.dialogs.stop()
        for journal in self.journals:
            await journal.stop()

    def check(self) -> None:
        """Raise JournalError if turns of one cannot be kept now, as far as that can be seen at once."""
        for journal in self.journals:
            journal.check()

    async def read(self) -> None:
        """Raise JournalError if a journal cannot be read now."""
        for journal in self.journals:
            await journal.load(("", "readyz"))

    async def prompts(self, version: str | None) -> list[Said]:
        """What has become of the prompts of all of them, see `prompts`."""
        return [said for skill in self for said in await prompts(skill.journal, skill, version)]

    def talk(self) -> tuple[int, int]:
        """Turns since the start, and live scripts."""
        all_dialogs = [skill.dialogs for skill in self]
        return sum(dialogs.counts["turns"] for dialogs in all_dialogs), sum(
            len(dialogs.cache) for dialogs in all_dialogs
        )

    def metrics(self) -> Iterator[Metric]:
        """Numbers of each; labels tell several apart."""
        yield from chain.from_iterable(self._metrics_of(name, skill) for name, skill in self._named.items())
        taken_over = sum(meter.taken_over for meter in self.meters)
        help = "Steps claimed that another process had left without an outcome."
        yield Metric("alice_steps_taken_over_total", "counter", help, taken_over)

    def _metrics_of(self, name: str, skill: Skill) -> Iterator[Metric]:
        labels = f'{{skill="{name}"}}' if len(self._named) > 1 else ""
        live = len(skill.dialogs.cache)
        yield Metric("alice_live_scripts", "gauge", "Suspended scripts in memory.", live, labels)
        for count in COUNTS:
            value = skill.dialogs.counts[count]
            yield Metric(f"alice_{count}_total", "counter", f"Dialogs: {count} since the start.", value, labels)


def _by_id(named: dict[str, Skill]) -> dict[str, Skill]:
    found: dict[str, str] = {}
    for name, skill in named.items():
        for skill_id in skill.options.skill_ids:
            if skill_id in found:
                raise SettingsError(f"{found[skill_id]} and {name} both name {skill_id!r} in skill_ids: whose is it?")
            found[skill_id] = name
    return {skill_id: named[name] for skill_id, name in found.items()}
