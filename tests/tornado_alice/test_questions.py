"""Questions: asked, understood, asked again, given up; in all forms of a script, live and replayed."""

from collections.abc import Callable
from datetime import date as Day
from datetime import time as Time
from typing import Any

import pytest

from tornado_alice import (
    Location,
    ReplyError,
    Request,
    Skill,
    ask,
    choice,
    city,
    link_account,
    locate,
    number,
    product,
    purchase,
    say,
    text,
    wait,
    yes_no,
)
from tornado_alice.answers import date, time
from tornado_alice.testing import Answer, Dialog, make_request

pytestmark = pytest.mark.usefixtures("replay_mode")


def said(command: str, *entities: tuple[str, Any], **nlu: Any) -> Request:
    found = [{"type": type, "value": value, "tokens": {"start": 0, "end": 1}} for type, value in entities]
    return Request(make_request(command, request={"nlu": {"entities": found} | nlu}))


def send(alice: Dialog, type: str, **fields: Any) -> Answer:
    sent = make_request("", alice.message_id, state=alice.state)
    sent["request"] = {"type": type}
    return alice.send(
        {key: sent[key] | fields.get(key, {}) if isinstance(sent[key], dict) else sent[key] for key in sent}
    )


def in_a_generator(skill: Skill) -> None:
    @skill.script
    def run():
        age = yield from ask("Сколько вам лет?", number(1, 120), again="Назовите число от 1 до 120")
        yield say(f"Вам {age}.")


def in_a_coroutine(skill: Skill) -> None:
    @skill.script
    async def run():
        age = await ask("Сколько вам лет?", number(1, 120), again="Назовите число от 1 до 120")
        await say(f"Вам {age}.")


def in_an_async_generator(skill: Skill) -> None:
    @skill.script
    async def run():
        age = await ask("Сколько вам лет?", number(1, 120), again="Назовите число от 1 до 120")
        yield say(f"Вам {age}.")


def with_a_plain_yield(skill: Skill) -> None:
    @skill.script
    def run():
        age = yield ask("Сколько вам лет?", number(1, 120), again="Назовите число от 1 до 120")
        yield say(f"Вам {age}.")


def yielded_in_an_async_generator(skill: Skill) -> None:
    @skill.script
    async def run():
        age = yield ask("Сколько вам лет?", number(1, 120), again="Назовите число от 1 до 120")
        yield say(f"Вам {age}.")


FORMS = (in_a_generator, in_a_coroutine, in_an_async_generator, with_a_plain_yield, yielded_in_an_async_generator)


@pytest.mark.parametrize("form", FORMS)
def test_ask_until_it_is_understood(form: Callable[[Skill], None]) -> None:
    """The question, what is said after a miss, the answer: in each form of a script; None after three attempts."""
    skill = Skill("asking")
    form(skill)
    with Dialog(skill) as alice:
        assert alice.say("") == "Сколько вам лет?"
        assert alice.say("много") == "Назовите число от 1 до 120"
        assert alice.say("35") == "Вам 35."
    with Dialog(skill) as alice:
        assert [alice.say(word) for word in ("", "а", "б", "в")][-1] == "Вам None."


def test_what_the_author_says_after_the_last_attempt() -> None:
    """`otherwise` is the answer, or is said; with end_session it ends the dialog."""
    skill = Skill("asking")

    @skill.script
    def run():
        size = yield from ask("Размер?", number(), attempts=1, otherwise=30)
        yield from ask(f"{size}?", yes_no, attempts=2, otherwise=say("Ну ладно.", end_session=True))

    with Dialog(skill) as alice:
        assert [alice.say(word) for word in ("", "не знаю")] == ["Размер?", "30?"]
        assert not alice.say("эээ").ended
        last = alice.say("ммм")
        assert last == "Ну ладно." and last.ended


def test_a_choice_shows_its_buttons_and_keeps_those_of_the_author() -> None:
    """ask() adds buttons of the options to a phrase and to a reply that has none."""
    skill = Skill("asking")

    @skill.script
    def run():
        pet = choice(cats="кошка", dogs="собака")
        one = yield from ask("Кошки или собаки?", pet, again="Кошка или собака?")
        two = yield from ask(say("А теперь?", tts="а теп+ерь"), pet)
        yield say(f"{one} {two}")

    with Dialog(skill) as alice:
        assert alice.say("").buttons == ["кошка", "собака"]
        assert alice.say("рыбки").buttons == ["кошка", "собака"]
        assert alice.say("второй вариант").buttons == ["кошка", "собака"]
        assert alice.say("кошечку, то есть кошку") == "dogs cats"


PETS = choice(cats=("кошка", "кот"), dogs="собака", fish="красная рыба", other="рыба")


@pytest.mark.parametrize(
    ("understand", "heard", "answer"),
    [
        (text, said("Мария"), "мария"),
        (text, said(""), None),
        (yes_no, said("ага"), True),
        (yes_no, said("нет спасибо"), False),
        (yes_no, said("да нет"), False),
        (yes_no, said("кошка"), None),
        (yes_no, said("оформляй", intents={"YANDEX.CONFIRM": {"slots": {}}}), True),
        (number(), said("двадцать пять", ("YANDEX.NUMBER", 25)), 25),
        (number(1, 10), said("от 20 до 7"), 7),
        (number(), said("минус -3"), -3),
        (number(whole=False), said("2,5"), 2.5),
        (number(), said("2.5"), None),
        (number(), said("много"), None),
        (PETS, said("собаку"), "dogs"),
        (PETS, said("Люблю котов"), "cats"),
        (PETS, said("кошку и собаку"), None),
        (PETS, said("красную рыбу"), "fish"),
        (PETS, said("рыбу"), "other"),
        (PETS, said("первое"), "cats"),
        (PETS, said("давай третий вариант"), "fish"),
        (PETS, said("2"), "dogs"),
        (PETS, said("последний"), "other"),
        (PETS, said("9"), None),
        (PETS, said("0"), None),
        (PETS, said("жираф"), None),
        (choice("да", "нет"), said("нет"), "нет"),
        (city, said("в москву", ("YANDEX.GEO", {"city": "москва"})), "москва"),
        (city, said("в деревню"), None),
        (date, said("14 марта 2031", ("YANDEX.DATETIME", {"year": 2031, "month": 3, "day": 14})), Day(2031, 3, 14)),
        (date, said("когда-нибудь"), None),
        (time, said("в семь", ("YANDEX.DATETIME", {"hour": 7})), Time(7)),
        (time, said("завтра", ("YANDEX.DATETIME", {"day": 1, "day_is_relative": True})), None),
    ],
)
def test_what_understands(understand: Callable[[Request], Any], heard: Request, answer: Any) -> None:
    """Each of the answers that come along, understood and not."""
    assert understand(heard) == answer


def test_a_button_of_a_choice() -> None:
    """A pressed button has tokens and no command."""
    pressed = Request({"request": {"type": "ButtonPressed", "nlu": {"tokens": ["собака"]}, "payload": {}}})
    assert PETS(pressed) == "dogs"


@pytest.mark.parametrize(
    "make",
    [
        lambda: choice("один"),
        lambda: choice("один", "!"),
        lambda: ask("Вопрос?", "ответ"),
        lambda: ask("Вопрос?", text, attempts=0),
    ],
)
def test_mistakes_are_told(make: Callable[[], object]) -> None:
    """A choice of one, an option without words, a phrase where a function belongs, no attempt."""
    with pytest.raises(ReplyError, match=r"choice|ask"):
        make()


def test_a_question_that_is_never_asked_is_told(logs: Any) -> None:
    """`ask(...)` alone asks nobody; one log line says where and what to write."""
    skill = Skill("mistake")

    @skill.script
    def run():
        ask("Сколько?", number())
        yield say("Дальше.")

    with Dialog(skill) as alice:
        assert alice.say("") == "Дальше."
    logs.take(r"test_questions.py:\d+ in run: ask\(...\) reaches nobody. Write yield ask\(...\)")


ENDS = {
    "locate": (
        locate(),
        "Geolocation.Allowed",
        {"session": {"location": {"lat": 1.0, "lon": 2.0}}},
        Location(1.0, 2.0),
    ),
    "locate, refused": (locate("Где вы?"), "Geolocation.Rejected", {}, None),
    "purchase": (
        purchase("1", product("p", "Пицца", 500), caption="Пицца", merchant_key="k"),
        "Purchase.Confirmation",
        {},
        "Purchase.Confirmation",
    ),
}


@pytest.mark.parametrize("kind", ENDS)
def test_a_directive_that_waits_for_its_event(kind: str) -> None:
    """It is sent once; commands and events of others do not end it; its own event is the answer, a no is None."""
    asked, type, fields, wanted = ENDS[kind]
    skill = Skill("waiting")
    skill.command("помощь", answer="Я жду.")

    @skill.script
    def run():
        heard = yield from asked
        yield say(repr(getattr(heard, "type", heard)))

    for refused in (False, True):
        with Dialog(skill) as alice:
            first = alice.say("")
            assert list(first.response["directives"]) and first
            again = alice.say("помощь")
            assert again == f"Я жду. {first}" and "directives" not in again.response
            assert send(alice, "AudioPlayer.PlaybackStarted") == ""
            assert alice.say("подождите") == first
            answer = alice.say("нет") if refused else send(alice, type, **fields)
            assert answer == repr(None if refused else wanted)


def test_account_linking() -> None:
    """The event has no request at all; its answer is True."""
    skill = Skill("linking")

    @skill.script
    def run():
        linked = yield link_account()
        yield say(str(linked))

    with Dialog(skill) as alice:
        assert "start_account_linking" in alice.say("").response["directives"]
        sent = make_request("", alice.message_id) | {"account_linking_complete_event": {}}
        del sent["request"]
        assert alice.send(sent) == "True"


def test_wait_for_what_was_said_before() -> None:
    """Without a phrase of its own wait() goes on from the last one: the event that has come already, or the next."""
    skill = Skill("waiting")

    @skill.script
    def run():
        yield say("Оплатите на экране.", end_session=False)
        heard = yield wait("Purchase.Confirmation")
        yield say(heard.type if heard else "нет")

    for words in ([], ["сейчас"], ["сейчас", "уже"]):
        with Dialog(skill) as alice:
            alice.say("")
            assert {alice.say(word) for word in words} <= {"Оплатите на экране."}
            assert send(alice, "Purchase.Confirmation") == "Purchase.Confirmation"
