"""The bundled examples hold their dialogs, live and when every turn is replayed."""

import importlib
import os
import subprocess
import sys

import pytest

from tornado_alice import Skill
from tornado_alice.testing import Answer, Dialog

DIALOGS = {
    "guess_number": ["", "50", "не знаю", "1", "сдаюсь", ""],
    "guess_number_subgens": ["", *map(str, range(1, 11)), "да", "что?", *map(str, range(1, 11)), "нет"],
    "guess_number_async": ["", "сто", *map(str, range(1, 101))],
    "survey": ["", "Анна", "много", "30", "рыбок", "кошечек"],
    "survey_async": ["", "Анна", "рыбок", "собаку"],
    "gallery": ["", "Казань", "Рим", "в Перми", "хватит"],
}


def transcript(name: str, max_live: int) -> list[Answer]:
    """What the example says until it ends the session."""
    skill = Skill(name, max_live=max_live, closing="Пока")
    skill.journal.secret = b"the same for both " * 2
    skill.script(importlib.import_module(f"tornado_alice.examples.{name}").skill.dialogs.script.fn)
    said = []
    with Dialog(skill) as alice:
        alice.session_id = name
        for words in DIALOGS[name]:
            said.append(alice.say(words))
            if said[-1].ended:
                break
    return said


@pytest.mark.parametrize("name", DIALOGS)
def test_example(name: str) -> None:
    """Each example comes to its end, and says the same when every turn is replayed."""
    live = transcript(name, 100)
    assert live[-1].ended and live[-1] != "Пока"
    assert transcript(name, 0) == live


def test_survey_by_the_word() -> None:
    """The survey asks, insists on a number and a pet, and sums up."""
    assert transcript("survey", 0) == [
        "Добрый день! Как вас зовут?",
        "Сколько вам лет?",
        "Я вас не поняла. Скажите число",
        "Вы любите кошек или собак?",
        "У вас только два варианта: кошки или собаки",
        "Рада познакомиться, анна! Когда вам исполнится 31, я могу подарить котёнка!",
    ]


def test_gallery_keeps_its_count_with_the_platform() -> None:
    """The number of visits lives in the user's state at the platform and grows from session to session."""
    from tornado_alice.examples.gallery import skill

    with Dialog(skill) as alice:
        first, menu = alice.say(), alice.press({"city": "perm"})
        alice.say("хватит")
        second = alice.say()
    assert (first, second) == (
        "Это ваш визит номер 1. Какой город показать?",
        "Это ваш визит номер 2. Какой город показать?",
    )
    assert menu == "Пермь! Ещё?" and [item["title"] for item in menu.response["card"]["items"]][2] == "Пермь"


def test_same_transcript_under_any_hash_seed() -> None:
    """What a script draws and says does not depend on PYTHONHASHSEED, so another process replays it."""
    code = (
        "import sys; from tornado_alice import Skill; from tornado_alice.testing import Dialog\n"
        "from tornado_alice.examples.guess_number import skill\n"
        "skill.journal.secret = b'the same' * 4\n"
        "with Dialog(skill) as alice:\n"
        "    alice.session_id = 'the same'\n"
        "    sys.stdout.buffer.write('|'.join(alice.say(w) for w in ['', '50', 'что', '7', '93', 'сдаюсь']).encode())\n"
    )
    said = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        said.add(done.stdout.decode())
    assert len(said) == 1 and "Это было число" in said.pop()
