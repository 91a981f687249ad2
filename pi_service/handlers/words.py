"""What the pages' scripts say and know, as a module of each language that browsers keep until a word of it changes."""

import hashlib
import json
from functools import cache

from .base import BaseHandler
from .facts import FACTS
from .texts import LANGUAGES, texts

#: Of the templates' words those that the scripts write too.
SHARED = ("status", "cancel", "remove", "retry")


@cache
def module(lang: str) -> str:
    """The module's source."""
    words = texts(lang)["js"] | {name: texts(lang)[name] for name in SHARED}
    known = {"WORDS": words, "FACTS": FACTS}
    return "".join(f"export const {name} = {json.dumps(value, ensure_ascii=False)};\n" for name, value in known.items())


@cache
def name(lang: str) -> str:
    """The path of a language's module; it changes with its contents."""
    return f"words/{lang}.{hashlib.sha256(module(lang).encode()).hexdigest()[:12]}.js"


class WordsHandler(BaseHandler):
    """`/words/<language>.<version>.js`; an older version is answered with the words of now, and not kept."""

    def get(self, lang: str) -> None:
        if self.request.path == f"/{name(lang)}":
            self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.set_header("Content-Type", "text/javascript; charset=UTF-8")
        self.finish(module(lang))

    head = get


#: The route's pattern.
PATTERN = rf"/words/({'|'.join(LANGUAGES)})\.[0-9a-f]+\.js"
