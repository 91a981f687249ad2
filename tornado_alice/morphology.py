"""Words and lemmas of Russian; the only importer of pymorphy3.

The dictionary takes about 15 MB and 0.2 s to load, so nobody pays for it at import: `russian()` loads it on the first
call (a server calls it in the background right after its start).
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol


class Analyzer(Protocol):
    """What a Skill needs of a morphological analyzer: the interface of pymorphy2 and pymorphy3."""

    def parse(self, word: str) -> list[Any]:
        """Parses of `word`, the likeliest first; each has a ``normal_form``."""


@lru_cache(maxsize=1)
def russian() -> Analyzer:
    """The shared Russian analyzer; the first call loads the dictionary."""
    from pymorphy3 import MorphAnalyzer

    analyzer: Analyzer = MorphAnalyzer(lang="ru")
    return analyzer


def words(text: str) -> list[str]:
    """Words and numbers of `text`, in order.

    >>> words("Кто-то, 25 раз!")
    ['Кто-то', '25', 'раз']
    """
    return re.findall(r"[\w-]+", text)


def lemmatizer(load: Callable[[], Analyzer] = russian) -> Callable[[str], str]:
    """A function word → lemma, with a cache; `load` is called when the first word comes.

    >>> lemma = lemmatizer()
    >>> lemma("кошками")
    'кошка'
    """

    # 4096 words cover what people say to one skill; a parse costs about 100 us
    @lru_cache(maxsize=4096)
    def lemma(word: str) -> str:
        return str(load().parse(word)[0].normal_form)

    return lemma
