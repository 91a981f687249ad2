"""The five skills of examples/: their dialogs, and commands at every prompt of every example."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tornado_alice import Skill
from tornado_alice.testing import Answer, Dialog, make_request

pytestmark = pytest.mark.usefixtures("replay_mode")

EXAMPLES = ("quiz", "player", "shop", "reminders", "story", "survey")
TOMORROW_AT_SEVEN = {"day": 1, "day_is_relative": True, "hour": 7, "minute": 0}
MOMENT = [{"type": "YANDEX.DATETIME", "tokens": {"start": 0, "end": 3}, "value": TOMORROW_AT_SEVEN}]


@pytest.fixture
def talk(request: pytest.FixtureRequest) -> Iterator[Callable[..., Dialog]]:
    """A dialog with an example; the user's state and the device may be given."""
    opened = []

    def begin(name: str, **state: Any) -> Dialog:
        alice = Dialog(example(name))
        alice.state["user"] = state
        opened.append(alice)
        return alice

    yield begin
    for alice in opened:
        alice.__exit__(None, None, None)


def example(name: str) -> Skill:
    """A skill of its own with the example's script and commands."""
    module = importlib.import_module(f"tornado_alice.examples.{name}")
    skill = Skill(name, version="1")
    skill.beside = module.skill.beside
    skill.script(module.run_script)
    return skill


def event(alice: Dialog, type: str, **fields: Any) -> Answer:
    sent = make_request("", alice.message_id, state=alice.state)
    sent["request"] = {"type": type} | fields
    return alice.send(sent)


def test_quiz(talk: Callable[..., Dialog]) -> None:
    """Three questions, a hint in between, a record that the platform keeps."""
    alice = talk("quiz", best=1)
    assert alice.say("") == "Сыграем в викторину? Три вопроса, в каждом три ответа."
    question = alice.say("да")
    assert len(question.buttons) == 3
    hint = alice.say("подсказка")
    assert hint.endswith(f" {question}") and hint.buttons == question.buttons
    for _ in range(3):
        answer = alice.say("первый вариант")
    assert answer.startswith(("Верно!", "Точно!", "Правильно!", "У вас ")) and "рекорд" in answer
    assert alice.state["user"]["best"] >= 1
    assert alice.say("повтори") == answer and alice.say("нет") == "Приходите ещё!"


def test_player(talk: Callable[..., Dialog]) -> None:
    """It plays on by events, without words, and goes on with the melody where the user stopped."""
    interfaces = {"interfaces": {"audio_player": {}}}
    alice = talk("player")
    first = alice.say("", meta=interfaces)
    assert first == "Прелюдия." and first.ended
    assert event(alice, "AudioPlayer.PlaybackStarted").response == {"text": "", "end_session": False}
    queued = event(alice, "AudioPlayer.PlaybackNearlyFinished").response["directives"]["audio_player"]
    assert queued["item"]["stream"]["token"] == "nocturne"
    asked = alice.say("", meta=interfaces)
    assert asked == "Продолжить или сначала?"
    assert alice.say("что ты умеешь").startswith("Я включаю музыку.")
    assert alice.say("список").startswith("Есть Прелюдия, Ноктюрн, Вальс.")
    assert alice.say("продолжить") == "Ноктюрн."
    assert alice.say("") == "Это устройство не играет музыку. Откройте навык на колонке."


def test_player_gives_up(talk: Callable[..., Dialog]) -> None:
    """A melody that cannot be played is followed by the next one, not for ever."""
    alice = talk("player", track=0)
    actions = [
        event(alice, "AudioPlayer.PlaybackFailed").response["directives"]["audio_player"]["action"] for _ in "1234"
    ]
    assert actions == ["Play", "Play", "Play", "Stop"]


def test_shop(talk: Callable[..., Dialog]) -> None:
    """A basket, a login, a payment, and one order."""
    alice = talk("shop")
    assert alice.say("") == "Какую пиццу?"
    assert alice.say("маргариту") == "Сколько?"
    assert alice.say("2") == "В корзине 2 пиццы «Маргарита». Что-нибудь ещё?"
    assert alice.say("что в корзине").startswith("В корзине 2 пиццы «Маргарита».")
    asked = alice.say("нет")
    assert asked == "Чтобы заказать, войдите в аккаунт." and "start_account_linking" in asked.response["directives"]
    linked = make_request("", alice.message_id, state=alice.state) | {"account_linking_complete_event": {}}
    del linked["request"]
    offer = alice.send(linked)
    assert offer == "К оплате 900 рублей."
    assert offer.response["directives"]["start_purchase"]["products"][0]["quantity"] == "2"
    done = event(alice, "Purchase.Confirmation", order_id="1")
    assert done.startswith("Спасибо! Заказ ") and "confirm_purchase" in done.response["directives"] and done.ended
    assert alice.state["user"]["basket"] == {}


def test_shop_without_a_payment(talk: Callable[..., Dialog]) -> None:
    """Who does not pay finds the basket again."""
    alice = talk("shop")
    for word in ("", "сырную", "1", "нет"):
        alice.say(word, session={"user": {"user_id": "u"}})
    assert alice.say("нет") == "Хорошо, корзину я запомню."
    assert alice.state["user"]["basket"] == {"cheese": 1}


def test_reminders(talk: Callable[..., Dialog]) -> None:
    """A day and an hour in one or in two sentences, the list, one taken off."""
    alice = talk("reminders")
    assert alice.say("") == "Я запомню ваши дела. О чём напомнить?"
    assert alice.say("купить хлеб") == "Когда?"
    assert alice.say("не знаю") == "Назовите день и час, например: завтра в семь."
    kept = alice.say("завтра в семь", request={"nlu": {"tokens": [], "entities": MOMENT, "intents": {}}})
    assert kept.startswith("Запомнила: купить хлеб, ") and "в 07:00. Что-нибудь ещё?" in kept
    assert alice.say("список").startswith("У вас 1 дело. 1: купить хлеб, ")
    assert "Какое удалить?" in alice.say("удали")
    assert alice.say("1") == f"Удалила: купить хлеб. {kept}"
    assert alice.say("нет") == "Хорошего дня!"


def test_story(talk: Callable[..., Dialog]) -> None:
    """To the happy end, with help and a change of mind in between; the door is heard and not read."""
    alice = talk("story")
    assert alice.say("") == "Жил-был кот. Хотите узнать, что с ним было?"
    forest = alice.say("да")
    assert alice.say("помощь") == f"Это сказка. Выбирайте, что делать дальше. {forest}"
    assert alice.say("хватит") == "Точно закончить сказку?"
    assert alice.say("нет") == forest
    alice.say("к реке")
    assert alice.say("ловить рыбу") == "Кот поймал рыбу и положил её в мешок. Идём дальше?"
    door = alice.say("да")
    assert door == "В доме живёт пёс. Постучать?" and "things-door-1" in door.response["tts"]
    assert alice.say("да").endswith("они подружились. Конец.")


WORDS = ("да", "нет", "первый вариант", "2", "купить хлеб", "направо", "рыбок", "")
COMMANDS = ("помощь", "что ты умеешь", "повтори", "алиса, помощь")


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in ("survey", "player")])
@settings(max_examples=8)
@given(said=st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from((None, *COMMANDS))), max_size=10))
def test_no_script_can_tell_that_there_was_a_command(name: str, said: list[tuple[str, str | None]]) -> None:
    """At every prompt of every example: with commands in between, and restarts, it says what it says without."""
    skill, alone = example(name), example(name)
    alone.journal.secret = skill.journal.secret
    with Dialog(skill) as alice, Dialog(alone) as other:
        alice.session_id = other.session_id = "same"
        assert alice.say("") == other.say("")
        for words, command in said:
            if command is not None:
                assert not alice.say(command).ended
                alice.forget()
            answer = alice.say(words)
            assert answer == other.say(words)
            if answer.ended:
                break
