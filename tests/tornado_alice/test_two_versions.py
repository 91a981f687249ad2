"""Two versions of a script at once over one journal, as while a deploy goes on."""

import asyncio
import json
from collections.abc import Generator
from typing import Any

import pytest
from talking import text

from tornado_alice import MemoryJournal, Skill, request, say, step
from tornado_alice.testing import make_request


def counting(greeting: str) -> Any:
    """A script that counts, with a step in each turn."""

    def run() -> Generator[Any, Any, None]:
        yield say(greeting)
        n = 0
        while True:
            n = yield step(int, n + 1)
            yield say(f"{n} {request.command}")

    return run


def versions(scripts: list[Any], **options: Any) -> list[Skill]:
    """A process for each script."""
    journal, skills = MemoryJournal(), []
    for number, script in enumerate(scripts):
        skills.append(Skill("two", journal=journal.beside(), version=str(number), **options))
        skills[-1].script(script)
    return skills


async def deliver(skills: list[Skill], words: list[str]) -> list[dict[str, Any]]:
    """Each message goes to all at once, and once more to each; the answers, after the bytes were compared."""
    heard = []
    for n, word in enumerate(words):
        body = json.dumps(make_request(word, n)).encode()
        order = skills if n % 2 else skills[::-1]
        answers = await asyncio.gather(*(skill.dialogs.answer(body) for skill in order))
        answers += [await skill.dialogs.answer(body) for skill in skills]
        assert len(set(answers)) == 1, "one turn, whoever asks"
        heard.append(json.loads(answers[0]))
    turns = sum(session.turns for session in await skills[0].journal.sessions(9))
    assert turns == len(words)
    return heard


@pytest.mark.gen_test
async def test_an_edit_that_dialogs_survive_is_not_heard() -> None:
    """While processes of the old and the new version answer one session, it goes on as with either of them."""
    skills = versions([counting("Здраствуйте!"), counting("Здравствуйте!")])
    words = ["", *"абвгде"]
    heard = [text(answer) for answer in await deliver(skills, words)]
    assert heard[1:] == [f"{n} {word}" for n, word in enumerate(words) if n]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("restart", {"Пицца?", "Суши?"}),
        ("end", {"Пицца?", "Суши?", "Простите"}),
        (lambda request, error: say("Мы обновились"), {"Пицца?", "Суши?", "Мы обновились"}),
    ],
    ids=["restart", "end", "reply"],
)
@pytest.mark.gen_test
async def test_an_edit_that_does_not_fit_is_led_by_the_policy(policy: Any, said: set[str], logs: Any) -> None:
    """Whichever version comes first to a message, both give its bytes, and each message is one turn; where they do not
    fit the policy speaks."""
    skills = versions([counting("Пицца?"), counting("Суши?")], on_divergence=policy, sorry="Простите")
    heard = {text(answer) for answer in await deliver(skills, ["", *"абвгде"])}
    assert heard <= said | {f"{n} {word}" for n in range(7) for word in "абвгде"} and heard & said
    while logs.records:
        logs.take(r"the journal holds .* the script now gives .* on_divergence: ")
