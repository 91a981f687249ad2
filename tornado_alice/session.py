"""One dialog: a request goes in, an instruction comes out. No I/O, no clock, no disk.

Rules:
1. The journal of turns is the truth, the suspended script a cache of it: `replay` of all recorded turns leads a fresh
   script to where the live one stood.
2. A turn ends with Say (the script spoke), Finished (it returned), Failed (it raised), or with `wait` (a step takes
   longer than the turn may last: the engine speaks, and the next turn goes on inside the same step).
3. The turn's `ops` are the outcomes the script was given, in order, and {"wait": name} last if it ended in waiting.
4. Replay gives the recorded outcomes, runs nothing and logs nothing.
5. A turn that a handler hears (a command, an event: see `commands`) does not reach the script. Who heard it is the
   first of its ops, {"heard_by": name}, with "goes_on" if the handler had begun before; a replay asks the journal, not
   the words. A turn of a handler that is there no longer is passed over. Turns are counted for the seeds of a script
   alone (`_heard`), so that it draws the same with and without commands.
6. A turn recorded by the same version must give the digest of its reply again. After a change of the script only two
   things must fit: the names of its steps, and the last prompt, the one the user is answering.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from copy import copy, deepcopy
from dataclasses import dataclass, field
from hashlib import blake2b
from types import FrameType
from typing import Any, NamedTuple, cast

from . import context, limits, outside, protocol
from .commands import Handler, event_of, joined, outcome, scoped
from .errors import A_STEP, NonDeterminismError, ReplyError
from .failures import rebuild
from .journal.records import Head, Key, Op, Record
from .reply import Reply
from .request import Request
from .script import START, Ended, Script, Stepper
from .states import Changes
from .step import Continue, Gather, Outcome, Step
from .subscripts import unrun

#: How like the recorded last prompt a mended one must be (difflib ratio): a typo or a word is, another question is not.
LIKENESS = 0.75


class Say(NamedTuple):
    """Send this."""

    reply: Reply


class Do(NamedTuple):
    """Run these steps and `resume` with their outcomes.

    Attributes:
        first: ordinal of the first of them since that turn's request.
        turn: number of the turn whose request the script heard last; with `first` it names them for ever, in however
            many turns of waiting the script gets there.
        together: they were given to gather().
    """

    steps: tuple[Step, ...]
    turn: int
    first: int
    together: bool


class Finished:
    """The script has returned and said nothing more."""

    __slots__ = ()


class Failed(NamedTuple):
    """The script raised."""

    error: BaseException


Instruction = Say | Do | Finished | Failed | Continue

_log = logging.getLogger(__name__)


def quiet(_: logging.LogRecord) -> bool:
    """A logging filter: nothing that a script logs while it is replayed is written a second time."""
    turn = context.current.get()
    return turn is None or not turn.replaying


@dataclass(slots=True, eq=False)
class Frame:
    """A script under way: that of the skill, or a handler that has interrupted the one below.

    Attributes:
        prompt: what it said last.
    """

    stepper: Stepper
    handler: Handler | None = None
    prompt: Reply | None = None


class Hearer(NamedTuple):
    """Who hears a turn.

    Attributes:
        handler: None for the script itself.
        goes_on: has it begun before?
    """

    handler: Handler | None = None
    goes_on: bool = False


@dataclass(slots=True, eq=False)
class Session:
    """A script and how far it has come.

    Attributes:
        key: what names the dialog.
        secret: what the seeds of its turns are made of.
        epoch: how many times it was started anew.
        n: number of the turn under way, or of the next one.
        ops: outcomes given in the turn under way.
        pending: the steps the script waits in between two turns.
        answers: does the turn under way go to who waits, and not to a command or an event beside it?
    """

    script: Script
    key: Key
    secret: bytes
    lemma: Callable[[str], str]
    epoch: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    n: int = 0
    ops: list[Op] = field(default_factory=list)
    pending: Do | None = None
    answers: bool = False
    _changes: Changes = field(default_factory=Changes)
    _frames: list[Frame] = field(default_factory=list)
    _heard: int = 0
    _from: int = 0  # the turn whose request the script heard last, and the outcomes since then in turns before this one
    _before: int = 0
    _hearer: Handler | None = None
    _turn: context.TurnContext | None = None
    _context: Context | None = None
    _replaying: bool = False
    _closed: bool = False

    @classmethod
    def of(cls, own: Script, key: Key, head: Head, seed: bytes, lemma: Callable[[str], str]) -> "Session":
        """A fresh session for the epoch in which `head` stands.

        Args:
            own: the script of the Skill; `head` may name another one of its module.
            seed: of this dialog, see `context.seed`.
            lemma: word → lemma.

        Raises:
            ScriptError: the module has no such script any more.
        """
        return cls(own.named(head.script), key, seed, lemma, epoch=head.epoch, state=head.state or {})

    def begin(self, data: dict[str, Any], at: float, hearer: Hearer | None = None) -> Instruction:
        """A request has come: run who hears it to the next command (or remind of the steps it still waits for).

        Args:
            hearer: as it was recorded, or is known; by default the request decides.
        """
        request = Request(data, self.lemma)
        hearer = self._who_hears(request) if hearer is None else hearer
        handler = self._hearer = hearer.handler
        self.answers = self._waits(hearer)
        names = (self.epoch, self._heard) if handler is None else (self.epoch, self.n, handler.name)
        self._turn = context.TurnContext(request, at, self.secret, *names, replaying=self._replaying)
        self._turn.strict = self.script.mending is not limits.Mending.ALL and not self._replaying
        self._changes.begin(self._turn)
        self.ops = [] if handler is None else [_heard_by(hearer)]
        if self.pending is not None:  # the request that was heard last is still being answered
            self._from, self._before = self.pending.turn, self.pending.first - len(self.ops)
            return self.pending
        self._from, self._before = self.n, 0
        self._turn.prompt = self._prompt
        if handler is None or hearer.goes_on:
            self._return_to(handler)
            return self._advance(None, None)
        return self._advance(None, None, starts=handler)

    def _who_hears(self, request: Request) -> Hearer:
        handlers = self.script.handlers
        top = Hearer(self._frames[-1].handler, goes_on=True) if self._frames else Hearer()
        type = event_of(request)
        if self.pending is not None:
            return top
        if type:
            waiting = [frame for frame in self._frames if frame.prompt is not None and type in frame.prompt.takes]
            if waiting:
                return Hearer(waiting[-1].handler, goes_on=True)
            taker = handlers.event(request)
            return top if taker is None else Hearer(taker)
        active = self._scoped()
        if not self._frames or not (active or handlers.commands):
            return top
        under_way = [frame.handler for frame in self._frames]
        tried = [handler for handler in (*active, *handlers.commands) if handler not in under_way]
        return next((Hearer(handler) for handler in tried if handler.hears(request)), top)

    def _waits(self, hearer: Hearer) -> bool:
        if not self._frames or self._frames[-1].handler is not hearer.handler:
            return False
        return hearer.handler is None or hearer.goes_on

    def _scoped(self) -> tuple[Handler, ...]:
        return self._context.get(scoped, ()) if self._context is not None else ()

    @property
    def _prompt(self) -> Reply | None:
        return self._frames[-1].prompt if self._frames else None

    @property
    def has_begun(self) -> bool:
        """Has the script heard anything, so that it waits for more?"""
        return bool(self._frames)

    def _return_to(self, handler: Handler | None) -> None:
        """Close what has interrupted the script, or this handler: it hears the turn."""
        while self._frames and self._frames[-1].handler is not handler:
            self._close_frame(self._frames.pop())

    def _close_frame(self, frame: Frame) -> None:
        assert self._context is not None, "a script has run in it"
        self._context.run(self._close, frame.stepper)

    def resume(self, outcomes: list[Outcome]) -> Instruction:
        """Give the script the outcomes of the steps it asked for and run it to its next command."""
        assert self.pending is not None, "resume() answers a Do"
        asked, self.pending = self.pending, None
        self.ops += [{"name": step.name} | outcome for step, outcome in zip(asked.steps, outcomes, strict=True)]
        failures = [outcome["error"] for outcome in outcomes if "error" in outcome]
        if failures:
            return self._advance(None, rebuild(failures[0]))
        values = [deepcopy(outcome["ok"]) for outcome in outcomes]  # the script may change what it gets
        return self._advance(values if asked.together else values[0], None)

    def wait(self) -> None:
        """The steps take longer than this turn may last: it ends in waiting, the script stays where it is."""
        assert self.pending is not None, "only a step can be waited for"
        self.ops.append({"wait": self.pending.steps[0].name})
        self._carry()

    def _carry(self) -> None:
        if self._turn is not None:
            self._changes.carry(self._turn)

    def end_turn(self) -> None:
        """The turn has its reply: the next request begins the next one."""
        self.n += 1
        self._heard += self._hearer is None
        self._turn, self._hearer, self.ops = None, None, []

    def close(self) -> None:
        """Drop the suspended script."""
        self._closed = True
        self._turn = None
        while self._frames:
            self._close_frame(self._frames.pop())

    def _close(self, stepper: Stepper) -> None:
        context.current.set(None)
        stepper.close()

    @property
    def remarks(self) -> list[tuple[str, str]]:
        """What the script's author should know of this turn, and where in the code it is: (place, sentence)."""
        return self._turn.remarks if self._turn is not None else []

    def where(self) -> str:
        """File, line and function in which the script waits."""
        return self._frames[-1].stepper.where() if self._frames else START

    def suspended(self) -> Iterator[FrameType]:
        """The author's frames that wait: the script's, then those of what has interrupted it."""
        for frame in self._frames:
            yield from frame.stepper.suspended()

    @property
    def frame(self) -> FrameType | None:
        """The script's own frame that waits, or with which it has ended; None if it has said nothing."""
        return self._frames[-1].stepper.frame(self.script.source) if self._frames else None

    def replay(self, records: Iterable[Record]) -> None:
        """Feed recorded turns to the script; afterwards it stands where the live one stood.

        Raises:
            NonDeterminismError: rule 6 does not hold.
        """
        for _ in self.feed(records):
            pass

    def feed(self, records: Iterable[Record]) -> Iterator[int]:
        """The same turn by turn: gives the number of each turn after it."""
        _silence(self.script)
        outside.rearm()
        turns = iter(records)
        record = next(turns, None)
        while record is not None:
            following = next(turns, None)
            self._replaying = True
            try:
                self._replay_turn(record, is_last=following is None)
            finally:
                self._replaying = False
            yield record.n
            record = following

    def _replay_turn(self, record: Record, is_last: bool) -> None:
        request = protocol.parse_again(record.request)
        heard_by = record.ops[0] if record.ops and "heard_by" in record.ops[0] else None
        hearer = Hearer() if heard_by is None else self._hearer_named(heard_by)
        if hearer is None:
            _log.info("session %s: %s is no command any more, its turn is passed over", self.key[1], heard_by)
            self.n += 1
            return
        instruction = self.begin(request, record.at, hearer)
        ops = iter(record.ops if heard_by is None else record.ops[1:])
        while isinstance(instruction, Do):
            outcomes = self._recorded(ops, instruction, record)
            if outcomes is None:
                self._carry()
                self.end_turn()
                return
            instruction = self.resume(outcomes)
        left = [op.get("name", "waiting") for op in ops]
        if left:
            raise self._divergence(record, f"{A_STEP}{left[0]}", instruction)
        self._compare(record, instruction, is_last)
        self.end_turn()

    def _hearer_named(self, op: Op) -> Hearer | None:
        goes_on = bool(op.get("goes_on"))
        if goes_on:
            known = [frame.handler for frame in self._frames if frame.handler is not None]
            handler = next((handler for handler in known if handler.name == op["heard_by"]), None)
        else:
            handler = self.script.handlers.named(op["heard_by"], self._scoped())
        return None if handler is None else Hearer(handler, goes_on)

    def _recorded(self, ops: Iterator[Op], asked: Do, record: Record) -> list[Outcome] | None:
        outcomes: list[Outcome] = []
        for step in asked.steps:
            op = next(ops, None)
            if op is not None and op.get("wait") == step.name:
                return None
            if op is None or op.get("name") != step.name:
                held = f"{A_STEP}{op.get('name', op.get('wait'))}" if op else f"the reply {_text(record)!r}"
                raise NonDeterminismError(record.n, held, f"{A_STEP}{step.name}", place=self._place())
            outcomes.append({key: op[key] for key in ("ok", "error") if key in op})
        return outcomes

    def _compare(self, record: Record, instruction: Instruction, is_last: bool) -> None:
        is_same = record.version == self.script.version
        if isinstance(instruction, Say) and not is_same and not is_last:
            return  # rule 6; after a deploy this is most of all turns, and their digests would be made for nothing
        if isinstance(instruction, Say) and digest(protocol.dumps(instruction.reply)) == record.digest:
            return
        if is_same or not isinstance(instruction, Say) or (is_last and not _fits(record, instruction.reply)):
            raise self._divergence(record, f"the reply {_text(record)!r}", instruction)

    def _divergence(self, record: Record, held: str, now: Instruction) -> NonDeterminismError:
        reply = now.reply if isinstance(now, Say) else None
        said, phrases = (str(reply["text"]), reply.phrases) if reply is not None else ("", ())
        texts = {"heard": _text(record), "said": said}
        return NonDeterminismError(record.n, held, _describe(now), place=self._place(), phrases=phrases, **texts)

    def _place(self) -> str:
        place = self.where()
        return "" if place == START else place

    def _advance(self, value: Any, error: BaseException | None, starts: Handler | None = None) -> Instruction:
        if self._context is None:
            self._context = self.script.context.copy()
            self._context.run(_own_decimals)
        try:
            command = self._context.run(self._run, value, error, starts)
        except KeyboardInterrupt:
            raise
        except BaseException as problem:  # SystemExit too: a script must not end the server
            return Failed(problem)
        turn = self._turn
        if turn is not None and turn.refused is not None:
            return Failed(turn.refused)  # also if the script has caught it
        return self._instruct(command)

    def _run(self, value: Any, error: BaseException | None, starts: Handler | None) -> Any:
        """Runs in the session's own context: what the script sets there is there in its next turn, and for it alone."""
        assert not self._closed, "a closed session is rebuilt, not resumed"
        context.current.set(self._turn)
        if starts is not None and not starts.is_script:
            command = self._outcome(starts.call(self._prompt))
        else:
            self._begin_frame(starts)
            command = self._heard_of(self._frames[-1].stepper.advance(value, error))
        if isinstance(command, Reply):
            command.hear()  # of a handler that is no script, too
            command = self._normalize(command)
        return command

    def _begin_frame(self, starts: Handler | None) -> None:
        if starts is not None:
            self._frames.append(Frame(self.script.begin_handler(starts, self._prompt), starts))
        elif not self._frames:  # run to the first say
            self._frames.append(Frame(self.script.begin(deepcopy(self.state))))

    def _heard_of(self, command: Any) -> Any:
        """What the script, or a handler under way, wants: it has spoken, or ended."""
        frame = self._frames[-1]
        if frame.handler is None:
            command = _last_word(command) if isinstance(command, Ended) else command
        elif isinstance(command, Ended):
            self._frames.pop()
            return self._outcome(command.value)
        elif isinstance(command, Reply) and frame.stepper.is_last:
            self._close(self._frames.pop().stepper)
            context.current.set(self._turn)
            return joined(command, self._prompt, protocol.MAX_TEXT)
        if isinstance(command, Reply):
            frame.prompt = command
        return command

    def _outcome(self, value: Any) -> Reply | Continue:
        return outcome(value, self._prompt, self._may_be_silent, protocol.MAX_TEXT)

    @property
    def _may_be_silent(self) -> bool:
        return self._turn is not None and cast(Request, self._turn.request).type.startswith("AudioPlayer.")

    def _normalize(self, reply: Reply) -> Reply:
        assert self._turn is not None, "somebody said it"
        # a recorded reply was sent, mended or not: in a replay nothing is refused
        mending = limits.Mending.ALL if self._replaying else self.script.mending
        fields = self._changes.told_with(reply, self._turn)
        if fields:
            reply = copy(reply)  # the script may say it again when something else has changed
            reply.update(fields)
        try:
            told = limits.normalize(reply, mending, self._may_be_silent)
            self._check_heard(reply)
        except ReplyError as error:
            error.add_note(f"said at {self.where()}")
            raise
        for mended in [] if self._replaying else told:
            _log.warning("session %s, turn %d, %s: %s", self.key[1], self.n, self.where(), mended)
        return reply

    def _check_heard(self, reply: Reply) -> None:
        for name in ("text", "tts"):
            found = unrun(reply[name]) if " at 0x" in reply.get(name, "") else None
            if found is not None and found[0] not in repr(self._turn and self._turn.request):  # the user's words may
                raise ReplyError(f"{name}: holds {found[0]}. Write {found[1]}")

    def _instruct(self, command: Any) -> Instruction:
        if isinstance(command, Reply):
            return Say(command)
        if isinstance(command, Step | Gather):
            steps = command.steps if isinstance(command, Gather) else (command,)
            self.pending = Do(steps, self._from, self._before + len(self.ops), isinstance(command, Gather))
            return self.pending if steps else self.resume([])
        return command if isinstance(command, Continue) else Finished()


def _last_word(end: Ended) -> Any:
    """What ``return say(...)`` or ``return continue_as_new(...)`` still wants; nothing after any other return."""
    if isinstance(end.value, Reply):
        end.value["end_session"] = True
    return end.value if isinstance(end.value, Reply | Continue) else None


def _heard_by(hearer: Hearer) -> Op:
    assert hearer.handler is not None, "the script itself needs no mention"
    return {"heard_by": hearer.handler.name} | ({"goes_on": True} if hearer.goes_on else {})


def digest(said: bytes) -> str:
    """64 bits that tell one reply from another, in hex."""
    return blake2b(said, digest_size=8).hexdigest()


def _fits(record: Record, reply: Reply) -> bool:
    """Is what the user heard something that the script could say here now, or nearly so?"""
    heard = _text(record)
    if heard in reply.phrases:
        return True
    from difflib import SequenceMatcher  # here: for changed prompts alone

    return SequenceMatcher(None, heard, reply["text"]).ratio() >= LIKENESS


def _text(record: Record) -> str:
    return str(json.loads(record.reply)["response"]["text"])


def _describe(instruction: Instruction) -> str:
    match instruction:
        case Say(reply):
            return f"the reply {reply['text']!r}"
        case Failed(error):
            return f"an exception: {error!r}"
        case Do(steps):
            return f"{A_STEP}{steps[0].name}"
        case Continue(script):
            return f"a new start of {script.__name__}"
    return "its end"


def _own_decimals() -> None:
    """A decimal context is changed in place: each session gets one of its own, if the module is there at all."""
    decimal = sys.modules.get("decimal")
    if decimal is not None:
        decimal.setcontext(decimal.getcontext().copy())


def _silence(script: Script) -> None:
    """Let no logger of the script write during replays; the filter stays: outside of them it lets everything pass."""
    logger: logging.Logger | None = logging.getLogger(script.fn.__module__)
    while logger is not None:
        for handler in logger.handlers:
            if quiet not in handler.filters:
                handler.addFilter(quiet)
        logger = logger.parent
