"""Words and lemmas of Russian; the only importer of pymorphy3.

The dictionary takes about 15 MB and 0.2 s to load, so nobody pays for it at import: `russian()` loads it on the first
call (a server calls it in the background right after its start).

A form often belongs to several words: «белки» are squirrels or proteins. The lemma is that of the first parse; whether
a word was said is asked of all its likely readings.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

#: A reading is likely from this share of the likeliest one's score. Measured: «стали» is steel by 0.026 and «все» is
#: «весь» by 0.021, which people say; «день» of «деть», «моя» of «мыть», «какая» of «какать» lie at 0.006 to 0.011.
LIKELY = 0.02

#: Different words of a request that are looked up (80 to 200 us each); a minute of speech holds about 100.
MAX_WORDS = 128

#: Letters, in words the dictionary does not know, that are predicted per request: about 12 words, such as names.
#: Letters, because the price of a prediction grows with them: 60 us each, 130 us in chains of prefixes.
MAX_PREDICTED = 96


class Analyzer(Protocol):
    """What a Skill needs of a morphological analyzer: the interface of pymorphy2 and pymorphy3.

    Without scores all parses count as likely; without ``word_is_known(word)`` all words count as known.
    """

    def parse(self, word: str) -> list[Any]:
        """Parses of `word`, the likeliest first; each has a ``normal_form`` and may have a ``score``."""


@lru_cache(maxsize=1)
def russian() -> Analyzer:
    """The shared Russian analyzer; the first call loads the dictionary."""
    from pymorphy3 import MorphAnalyzer

    analyzer = MorphAnalyzer(lang="ru")
    # it parses a word anew for each way to split prefixes off: 2^n times for «недонедонедо…» (не + до, недо)
    analyzer.parse = lru_cache(maxsize=256)(analyzer.parse)
    known: Analyzer = analyzer
    return known


def words(text: str) -> list[str]:
    """Words and numbers of `text`, in order.

    >>> words("Кто-то, 25 раз!")
    ['Кто-то', '25', 'раз']
    """
    return re.findall(r"[\w-]+", text)


class Word(NamedTuple):
    """What a word may be a form of."""

    #: The dictionary form of the first parse.
    lemma: str
    #: All dictionary forms, folded.
    forms: frozenset[str]
    #: The likely ones of them.
    likely: frozenset[str]
    #: What one finds it by where it is said: the likely forms, and the word itself.
    found_by: frozenset[str]

    @classmethod
    def itself(cls, word: str) -> "Word":
        """A word that is not looked up: it stands for itself."""
        return cls(word.lower(), *[frozenset([fold(word)])] * 3)


def fold(word: str) -> str:
    """How words are compared: without case, and ё is е.

    >>> fold("Чёрный")
    'черный'
    """
    return word.lower().replace("ё", "е")


class Lemmatizer:
    """A function word → lemma that also knows the other readings; each word is looked up once.

    Args:
        load: gives the analyzer; called when the first word comes.

    >>> lemmatizer = Lemmatizer()
    >>> lemmatizer("кошками")
    'кошка'
    >>> sorted(lemmatizer.look_up("белки").likely), sorted(lemmatizer.meant_by("белка"))
    (['белка', 'белок'], ['белка'])
    """

    def __init__(self, load: Callable[[], Analyzer] = russian) -> None:
        self._load = load
        # 4096 words cover what people say to one skill; a parse costs about 100 us
        self.look_up = lru_cache(maxsize=4096)(self._look_up)
        self.is_known = lru_cache(maxsize=4096)(self._is_known)
        self.meant_by = lru_cache(maxsize=4096)(self._meant_by)

    def __call__(self, word: str) -> str:
        return self.look_up(word).lemma

    def _look_up(self, word: str) -> Word:
        parses = self._load().parse(word)
        scores: dict[str, float] = {}  # of all parses with this dictionary form: cases of a noun share its probability
        for parse in parses:
            form = fold(str(parse.normal_form))
            scores[form] = scores.get(form, 0) + getattr(parse, "score", 1)
        least = LIKELY * max(scores.values(), default=0)
        likely = frozenset(form for form, score in scores.items() if score >= least)
        return Word(str(parses[0].normal_form), frozenset(scores), likely, likely | {fold(word)})

    def _is_known(self, word: str) -> bool:
        is_known = getattr(self._load(), "word_is_known", None)
        return is_known is None or bool(is_known(word))

    def _meant_by(self, asked: str) -> frozenset[str]:
        # who asks for «белка» means the squirrel, though the form is one of «белок» as well
        word, folded = self.look_up(asked), fold(asked)
        return frozenset([folded]) if folded in word.forms else word.likely | {folded}


def lemmatizer(load: Callable[[], Analyzer] = russian) -> Lemmatizer:
    """A function word → lemma, with a cache; `load` is called when the first word comes.

    >>> lemma = lemmatizer()
    >>> lemma("кошками")
    'кошка'
    """
    return Lemmatizer(load)


def reader(lemmatizer: Lemmatizer, text: str) -> Callable[[str], Word]:
    """How the words of `text` are read: any text costs a bounded time, a short one nothing beyond the look-up.

    >>> read = reader(Lemmatizer(), "Кошками")
    >>> read("Кошками").lemma
    'кошка'
    """
    return lemmatizer.look_up if len(text) <= MAX_PREDICTED else Reader(lemmatizer)


class Reader:
    """Reads the words of one request; what it spends on them is bounded, whatever was sent.

    Beyond `MAX_WORDS` and `MAX_PREDICTED` a word stands for itself. The limits count the words of this request alone,
    never what a cache holds, so that a replay reads the same.

    >>> read = Reader(Lemmatizer())
    >>> read("Кошками").lemma, read("недо" * 100).lemma == "недо" * 100
    ('кошка', True)
    """

    def __init__(self, lemmatizer: Lemmatizer) -> None:
        self._lemmatizer = lemmatizer
        self._words: dict[str, Word] = {}
        self._letters = MAX_PREDICTED

    def __call__(self, word: str) -> Word:
        found = self._words.get(word)
        if found is None:
            found = self._words[word] = self._read(word)
        return found

    def _read(self, word: str) -> Word:
        if len(self._words) < MAX_WORDS and self._can_pay(word):
            return self._lemmatizer.look_up(word)
        return Word.itself(word)

    def _can_pay(self, word: str) -> bool:
        if self._lemmatizer.is_known(word):
            return True
        if len(word) > self._letters:
            return False
        self._letters -= len(word)
        return True
