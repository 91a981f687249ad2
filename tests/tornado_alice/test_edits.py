"""A script is edited in mid-dialog: which edits a running dialog survives, and what becomes of the others."""

import asyncio
import types
from typing import Any

import pytest

from tornado_alice import MemoryJournal, Skill
from tornado_alice.testing import make_request

SCRIPT = """
from tornado_alice import *

def fetch():
    return 5

def run():
    yield say('Здраствуйте! Как вас зовут?')
    name = request.command
    yield say('Сколько вам лет?', 'Ваш возраст?')
    age = request.command
    got = yield step(fetch)
    yield say(f'{name}, вы любите кошек или собак?')
    yield say(f'{name}, {age}, {got}: {request.command}', end_session=True)
"""


EDITS = {
    "nothing changed": (),
    "typo mended in an earlier phrase": (("Здраствуйте", "Здравствуйте"),),
    "typo mended in the last prompt": (("вы любите кошек", "вы любите кошечек"),),
    "variant added to an earlier phrase": (("'Ваш возраст?'", "'Ваш возраст?', 'А лет сколько?', 'Возраст?'"),),
    "phrase after the prompt changed": (("{got}: {request", "и {got}: {request"),),
    "buttons added to the last prompt": (("кошек или собак?'", "кошек или собак?', suggest('Кошек')"),),
    "comment added": (("def fetch", "# откуда\ndef fetch"),),
    "question inserted before": (("    got =", "    yield say('А откуда вы?')\n    got ="),),
    "question removed": (("    yield say('Сколько вам лет?', 'Ваш возраст?')\n", ""),),
    "step renamed": (("fetch", "load"),),
    "step added before": (("    name =", "    yield step(int)\n    name ="),),
    "step removed": (("yield step(fetch)", "5"),),
    "last prompt is another question": (("вы любите кошек или собак?", "чай или кофе?"),),
    "script raises earlier": (("    age =", "    1 / 0\n    age ="),),
    "script ends earlier": (("    age =", "    return\n    age ="),),
}


SURVIVES = 7  # the first seven of them


def make_skill(source: str, version: str, journal: MemoryJournal) -> Skill:
    module = types.ModuleType("edited")
    exec(source, module.__dict__)
    skill = Skill("edited", journal=journal, version=version)
    skill.script(module.run)
    return skill


async def hold(source: str, edited: str) -> str:
    """Three turns with the script as it was, one with the edited one."""
    journal, before = MemoryJournal(), "1"
    skill = make_skill(source, before, journal)
    for n, said in enumerate(["", "Анна", "30"]):
        await skill.handle(make_request(said, n))
    skill = make_skill(edited, before if edited == source else "2", journal)
    answer = await skill.handle(make_request("кошек", 3))
    return answer["response"]["text"]


@pytest.mark.parametrize("edit", EDITS)
def test_edit_in_mid_dialog(edit: str, logs: Any) -> None:
    """Edits that leave steps and the last prompt fitting let the dialog go on; the others restart the script."""
    edited = SCRIPT
    for old, new in EDITS[edit]:
        assert old in edited
        edited = edited.replace(old, new)
    said = asyncio.run(hold(SCRIPT, edited))
    if list(EDITS).index(edit) < SURVIVES:
        assert said.startswith("анна, 30, ") and said.endswith("5: кошек")
    else:
        assert said == "Здраствуйте! Как вас зовут?"
        assert "on_divergence: restart" in logs.take("turn [0-3]: the journal holds .*, the script now gives")


def test_variant_of_the_last_prompt_added() -> None:
    """A variant added to the very prompt that was heard: what was heard is still one of them, the dialog goes on."""
    source = SCRIPT.replace("кошек или собак?')", "кошек или собак?', f'{name}, кто вам милее?')")
    edited = source.replace("милее?')", "милее?', 'Кошки?', 'Собаки?', 'Звери?', 'Птицы?', 'Рыбы?')")
    assert asyncio.run(hold(source, edited)).startswith("анна, 30")


def test_the_same_version_must_say_the_same(logs: Any) -> None:
    """Without a change of version even a mended typo in an earlier phrase is an error: something else is wrong."""
    edited = SCRIPT.replace("Здраствуйте", "Здравствуйте")
    journal = MemoryJournal()

    async def scenario():
        await make_skill(SCRIPT, "1", journal).handle(make_request("", 0))
        return await make_skill(edited, "1", journal).handle(make_request("Анна", 1))

    assert asyncio.run(scenario())["response"]["text"] == "Здравствуйте! Как вас зовут?"
    logs.take("turn 0: the journal holds the reply 'Здраствуйте")
