"""speech(): one literal for the ear and the eye.

The marks are those of Alice's text to speech: ``+`` before a stressed vowel, ``sil <[milliseconds]>``, and
``<speaker ...>`` for sounds, voices and effects.
"""

import re

from .errors import ReplyError
from .media import sound_path

#: Milliseconds.
MAX_PAUSE = 10_000
#: A sound of the platform's library, of which only the name differs.
LIBRARY = "alice-sounds-{}.opus"

_MARKS = re.compile(r"<speaker[^>]*>|\bsil\s*<\[[^\]]*\]>|<\[[^\]]*\]>")
_STRESS = re.compile(r"\+(?=[аеёиоуыэюя])", re.IGNORECASE)
_NAME = re.compile(r"[\w./-]+")


class Mark(str):
    """A piece of speech that is heard and not shown."""

    __slots__ = ()


class Speech(str):
    """A phrase as it is shown, which knows how it is read.

    Attributes:
        tts: the phrase with its marks.
    """

    tts: str


def speech(*pieces: str) -> Speech:
    """A phrase for say(): `tts` with the marks, `text` without them.

    Args:
        pieces: text, which may hold marks of its own, `pause(...)`, `effect(...)` and `voice(...)`.

    >>> reply = say(speech("Прив+ет,", pause(300), effect("things-door-1"), "вход+ите!"))
    >>> reply["text"]
    'Привет, входите!'
    >>> reply["tts"]
    'Прив+ет, sil <[300]> <speaker audio="alice-sounds-things-door-1.opus"> вход+ите!'
    """
    for piece in pieces:
        if not isinstance(piece, str):
            raise ReplyError(f"speech() takes text (str), pause(), effect() and voice(), got {piece!r}")
    shown = " ".join(without_marks(piece) for piece in pieces if not isinstance(piece, Mark))
    whole = Speech(" ".join(shown.split()))
    whole.tts = " ".join(pieces)
    return whole


def pause(milliseconds: int) -> Mark:
    """Silence of 1 to 10,000 milliseconds."""
    if type(milliseconds) is not int or not 0 < milliseconds <= MAX_PAUSE:
        raise ReplyError(f"pause(): 1 to {MAX_PAUSE} whole milliseconds, got {milliseconds!r}")
    return Mark(f"sil <[{milliseconds}]>")


def effect(sound: str) -> Mark:
    """A sound: its name in the platform's library, the file of an uploaded one (``effect("bell.mp3")``), or its path.

    >>> effect("game-win-1"), effect("dialogs-upload/skill-id/sound-id.opus")
    ('<speaker audio="alice-sounds-game-win-1.opus">', '<speaker audio="dialogs-upload/skill-id/sound-id.opus">')
    """
    _check("effect", sound)
    is_path = "/" in sound or sound.endswith(".opus")
    return Mark(f'<speaker audio="{sound_path(sound) or (sound if is_path else LIBRARY.format(sound))}">')


def voice(name: str) -> Mark:
    """From here on another voice reads, for example ``zahar`` or ``jane``."""
    _check("voice", name)
    return Mark(f'<speaker voice="{name}">')


def _check(function: str, name: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ReplyError(f"{function}(): a name of letters, digits, '-', '_', '.' and '/', got {name!r}")


def without_marks(text: str) -> str:
    """`text` as it is shown; a plus that stresses no vowel stays.

    >>> without_marks("з+амок <speaker audio='x'>за 2+2 sil <[500]>рубля")
    'замок за 2+2 рубля'
    """
    return _STRESS.sub("", _MARKS.sub("", text))
