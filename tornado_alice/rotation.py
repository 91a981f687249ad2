"""Rotation: phrases of which none is repeated until the others were said."""

from contextvars import ContextVar

from . import context
from .errors import ReplyError

#: What was said of each rotation, in order; a session has a context of its own, so each has its own of this.
_said: ContextVar[dict[tuple[str, ...], tuple[str, ...]]] = ContextVar("tornado_alice_said")


class Rotation:
    """Phrases of which none is repeated until the others were said; nor does one begin the next round that ended this.

    What was said is kept by session, and is the same on replay: a rotation may be made anywhere in the module. Two
    rotations of the same phrases are one.

    Raises:
        ReplyError: there is no phrase.

    >>> praise = Rotation("Верно!", "Точно!", "Так и есть!")
    >>> sorted(praise.next() for _ in range(3))
    ['Верно!', 'Так и есть!', 'Точно!']
    """

    def __init__(self, *phrases: str) -> None:
        if not phrases or not all(isinstance(phrase, str) for phrase in phrases):
            raise ReplyError(f"Rotation() takes one or more phrases (str), got {phrases!r}")
        self.phrases = tuple(dict.fromkeys(phrases))

    def next(self) -> str:
        """The next phrase, for say(): ``say(praise.next())``."""
        said = _said.get({})
        heard = said.get(self.phrases, ())
        left = [phrase for phrase in self.phrases if phrase not in heard]
        if not left:
            left = [phrase for phrase in self.phrases if phrase != heard[-1]] or list(self.phrases)
            heard = ()
        phrase = context.choose(left)
        _said.set({**said, self.phrases: (*heard, phrase)})
        return phrase
