"""Commands at any prompt and events of the platform: what they say, and that the script cannot tell."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tornado_alice import (
    MemoryJournal,
    ScriptError,
    Skill,
    ask,
    command,
    continue_as_new,
    leave,
    play,
    random,
    repeat,
    request,
    say,
    step,
    suggest,
    user,
    wait,
    yes_no,
)
from tornado_alice.commands import plain
from tornado_alice.testing import Answer, Dialog, make_request

pytestmark = pytest.mark.usefixtures("replay_mode")


def echo() -> Any:
    """Says what it heard, with its number, and a draw."""
    n = 0
    while True:
        n += 1
        yield say(f"{n} {request.command} {random.randint(1, 10**9)}", suggest("да"))


def echoing(**options: Any) -> Skill:
    skill = Skill("echo", version="1", **options)
    skill.script(echo)
    return skill


def event(alice: Dialog, type: str, **fields: Any) -> Answer:
    sent = make_request("", alice.message_id, state=alice.state)
    sent["request"] = {"type": type} | fields
    return alice.send(sent)


def test_a_phrase_and_then_the_prompt_again() -> None:
    """A function that gives a phrase, an answer alone: said with the prompt that was interrupted, buttons and all."""
    skill = echoing()

    @skill.command("помощь", intents=("YANDEX.HELP",))
    def help():
        return "Это эхо."

    skill.command("что ты умеешь", answer="Повторяю.")
    with Dialog(skill) as alice:
        prompt = alice.say("")
        first = alice.say("Помощь, пожалуйста!")
        assert first == f"Это эхо. {prompt}" and first.buttons == ["да"]
        assert alice.say("Алиса, что ты умеешь?") == f"Повторяю. {prompt}"
        by_intent = {"nlu": {"tokens": [], "intents": {"YANDEX.HELP": {"slots": {}}}}}
        assert alice.say("помоги мне", request=by_intent) == f"Это эхо. {prompt}"
        assert alice.say("помощь другу").startswith("2 помощь другу")


def test_what_a_function_may_give() -> None:
    """A reply stands in place of the prompt, nothing is the prompt again, what it ends is ended, and it may jump."""
    skill = echoing()
    skill.command("правила")(lambda: say("Без вопроса.", suggest("ясно")))
    skill.command("ничего")(lambda: None)
    skill.command("вопрос")(lambda prompt: say(f"Было: {prompt['text']}"))
    skill.command("заново")(lambda: continue_as_new(echo))
    skill.command(repeat, leave)
    with Dialog(skill) as alice:
        prompt = alice.say("")
        assert alice.say("правила") == "Без вопроса." and not alice.say("ничего").ended
        assert alice.say("ничего") == alice.say("повтори") == prompt
        assert alice.say("вопрос") == f"Было: {prompt}"
        assert alice.say("а").startswith("2 а")
        assert alice.say("заново").startswith("1 заново")
        assert alice.say("хватит").ended


def test_the_whole_prompt_is_repeated() -> None:
    """`repeat` says text, tts, buttons and card as they were, and sets nothing going a second time."""
    skill = Skill("whole")
    card = {"type": "BigImage", "image_id": "1/2"}

    @skill.script
    def run():
        yield say("текст", suggest("да"), play("https://example.com/a.mp3", "a"), tts="т+екст", card=card)

    skill.command(repeat)
    with Dialog(skill) as alice:
        first = alice.say("").response
        again = alice.say("ещё раз").response
        assert "directives" in first
        assert again == {key: value for key, value in first.items() if key != "directives"}


FORMS: dict[str, Callable[[Skill], object]] = {}


def form(define: Callable[[Skill], object]) -> Callable[[Skill], object]:
    FORMS[define.__name__] = define
    return define


@form
def generator(skill: Skill) -> None:
    @skill.command("выход")
    def leave():
        yield say("Точно закончить?")
        if request.said_yes:
            yield say("Пока!", end_session=True)


@form
def coroutine(skill: Skill) -> None:
    @skill.command("выход")
    async def leave():
        await say("Точно закончить?")
        if request.said_yes:
            await say("Пока!", end_session=True)


@form
def async_generator(skill: Skill) -> None:
    @skill.command("выход")
    async def leave():
        yield say("Точно закончить?")
        if request.said_yes:
            yield say("Пока!", end_session=True)


@form
def question(skill: Skill) -> None:
    @skill.command("выход")
    def leave():
        if (yield from ask("Точно закончить?", yes_no)):
            yield say("Пока!", end_session=True)


@pytest.mark.parametrize("form", FORMS)
def test_a_command_with_a_question(form: str) -> None:
    """A command that is a script hears its own answers; when it is done the interrupted prompt is said again."""
    skill = echoing()
    FORMS[form](skill)
    skill.command("помощь", answer="Скажите да или нет.")
    with Dialog(skill) as alice:
        prompt = alice.say("")
        assert alice.say("выход") == "Точно закончить?"
        assert alice.say("помощь") == "Скажите да или нет. Точно закончить?"
        assert alice.say("нет") == prompt
        assert alice.say("а").startswith("2 а")
        assert alice.say("выход") == "Точно закончить?"
        ended = alice.say("да")
        assert ended == "Пока!" and ended.ended


def test_the_last_word_of_a_command_has_the_prompt_with_it() -> None:
    """`yield say(...)` at the end of a command needs no further turn, if there is room for both in a reply."""
    skill = echoing()

    @skill.command("помощь")
    def help():
        if request.command == "никогда":
            yield say("Нет.")
        else:
            yield say("Это эхо.")

    @skill.command("долго")
    async def long():
        await say("Долго. " * 100, tts="д" * 1020)

    with Dialog(skill) as alice:
        prompt = alice.say("")
        assert alice.say("помощь") == f"Это эхо. {prompt}"
        assert alice.say("долго") == ("Долго. " * 100)
        assert alice.say("а").startswith("2 а")


def test_a_command_under_way_hears_its_own_words() -> None:
    """The same words again do not begin it a second time within itself."""
    skill = echoing()

    @skill.command("выход")
    def leave():
        yield say("Точно?")
        yield say(f"Вы сказали {request.command}.", end_session=True)

    with Dialog(skill) as alice:
        alice.say("")
        alice.say("выход")
        assert alice.say("выход") == "Вы сказали выход."


def test_a_command_may_do_steps_and_keep_state() -> None:
    """Steps of a command run once, and what it writes of the user is sent."""
    skill, done = echoing(), []

    @skill.command("очки")
    def score():
        done.append("step")
        yield step(lambda: done.append("step") or 7)
        user["seen"] = True
        yield say("Семь.")

    with Dialog(skill) as alice:
        prompt = alice.say("")
        answer = alice.say("очки")
        assert answer == f"Семь. {prompt}" and answer.user_state_update == {"seen": True}
        assert alice.say("а").startswith("2 а")


def test_commands_of_a_question_come_first() -> None:
    """Those of ask() and of a block are heard there alone, before those of the skill."""
    skill = Skill("nested")
    skill.command("подсказка", answer="Общая.")

    @skill.script
    def run():
        with skill.commands(command("подсказка", answer="В комнате.")):
            yield say("Комната.")
            hint = command("подсказка", answer="О птице.")
            yield from ask("Кто поёт?", lambda request: request.command == "птица" or None, commands=[hint])
            yield say("Опять комната.")
        yield say("Двор.")

    with Dialog(skill) as alice:
        assert alice.say("") == "Комната."
        assert alice.say("подсказка") == "В комнате. Комната."
        assert alice.say("дальше") == "Кто поёт?"
        assert alice.say("подсказка") == "О птице. Кто поёт?"
        assert alice.say("птица") == "Опять комната."
        assert alice.say("подсказка") == "В комнате. Опять комната."
        assert alice.say("дальше") == "Двор."
        assert alice.say("подсказка") == "Общая. Двор."


def test_a_command_that_fails_is_a_failure_of_the_script(logs: Any) -> None:
    """What a command raises is told with its place; the user hears an apology."""
    skill = echoing(sorry="Простите")
    skill.command("беда")(lambda: 1 / 0)
    skill.command("число")(lambda: 42)
    with Dialog(skill) as alice:
        alice.say("")
        assert alice.say("беда") == "Простите"
        logs.take("ZeroDivisionError")
        alice.say("")
        assert alice.say("число") == "Простите"
        logs.take("a command gives a phrase.*42")


@pytest.mark.parametrize(
    "make",
    [
        lambda skill: skill.command(),
        lambda skill: skill.command("!")(echo),
        lambda skill: skill.command("помощь")("фраза"),
        lambda skill: skill.command(echo),
        lambda skill: skill.event(),
        lambda skill: skill.event("AudioPlayer.PlaybackFailed")(None),
        lambda skill: skill.commands("помощь").__enter__(),
    ],
)
def test_mistakes_are_told(make: Callable[[Skill], object]) -> None:
    """A command without words, a phrase where a function belongs, an event without a type: what to write instead."""
    with pytest.raises(ScriptError, match=r"write|goes into|make each"):
        make(echoing())


def test_what_was_decided_is_kept() -> None:
    """A dialog goes on as it was heard, with a command that is new, has gone, or listens to other words."""
    journal = MemoryJournal()
    before, after = echoing(journal=journal), echoing(journal=journal)
    before.command("помощь", answer="Это эхо.")
    after.command("а", answer="Теперь команда.")
    with Dialog(before) as alice:
        first = alice.say("")
        assert alice.say("помощь") == f"Это эхо. {first}"
        prompt = alice.say("а")
        assert prompt.startswith("2 а")
        alice.skill = after
        assert alice.say("а") == f"Теперь команда. {prompt}"
        assert alice.say("помощь").startswith("3 помощь")


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["помощь", "повтори", "выход", "нет", "а", "б"]), max_size=12))
def test_the_script_cannot_tell(words: list[str]) -> None:
    """Whatever is said between, the script hears and draws what it would have without commands, also after restarts."""
    skill, alone = echoing(), echoing()
    skill.command("помощь", answer="Это эхо.")
    skill.command(repeat)
    generator(skill)
    heard = []
    with Dialog(skill) as alice, Dialog(alone) as other:
        other.session_id = alice.session_id  # of which the draws are made
        alone.journal.secret = skill.journal.secret
        said, asked = [alice.say("")], False
        for word in words:
            answer = alice.say(word)
            alice.forget()
            if asked or word in ("помощь", "повтори", "выход"):
                asked = not asked if word == "выход" else asked and word in ("помощь", "повтори")
                continue
            heard.append(word)
            said.append(answer)
        assert said == [other.say(""), *(other.say(word) for word in heard)]


def test_events_go_to_their_handler_and_not_to_the_prompt() -> None:
    """An event's handler answers, with a directive and no text; the script waits where it was."""
    skill, heard = echoing(), []

    @skill.event("AudioPlayer.PlaybackNearlyFinished", "AudioPlayer.PlaybackFailed")
    def next_song():
        heard.append(request.type)
        return say(play("https://example.com/2.mp3", "2"))

    @skill.event("Show.Pull")
    def morning():
        yield say("Доброе утро!")

    with Dialog(skill) as alice:
        prompt = alice.say("")
        answer = event(alice, "AudioPlayer.PlaybackNearlyFinished")
        assert answer == "" and answer.response["directives"]["audio_player"]["action"] == "Play"
        assert event(alice, "AudioPlayer.PlaybackStarted").response == {"text": "", "end_session": False}
        assert event(alice, "Show.Pull") == f"Доброе утро! {prompt}"
        assert alice.say("а").startswith("2 а")
    assert set(heard) == {"AudioPlayer.PlaybackNearlyFinished"}


def test_a_player_tells_long_after_its_dialog() -> None:
    """An event after the end of the dialog, or of a session that nobody knows, starts no script."""
    skill = Skill("player", on_divergence="end")
    skill.event("AudioPlayer.PlaybackFinished")(lambda: None)

    @skill.script
    def run():
        yield say("Играю.", play("https://example.com/1.mp3", "1"), end_session=True)

    with Dialog(skill) as alice:
        alice.message_id = 7
        assert event(alice, "AudioPlayer.PlaybackStarted") == ""
        assert alice.say("включи", session={"new": True}) == "Играю."
        assert event(alice, "AudioPlayer.PlaybackStarted") == "" == event(alice, "AudioPlayer.PlaybackFinished")
        assert alice.say("ещё") == "Играю."


def test_a_script_that_waits_for_an_event_hears_it() -> None:
    """wait(...) takes the event, also from under a command that is under way; words get the prompt again."""
    skill = echoing()
    skill.event("Purchase.Confirmation")(lambda: say("обработчик"))

    @skill.script
    def run():
        paid = yield wait("Purchase.Confirmation", saying="Оплатите.")
        yield say("Спасибо." if paid and paid["request"]["order_id"] == "1" else "Жаль.")

    with Dialog(skill) as alice:
        assert alice.say("") == "Оплатите."
        assert alice.say("сейчас") == "Оплатите."
        assert event(alice, "Purchase.Confirmation", order_id="1") == "Спасибо."
        assert event(alice, "Purchase.Confirmation", order_id="2") == "обработчик"


def test_commands_are_compared_as_they_are_said() -> None:
    """Case, punctuation, ё and courtesy do not matter; other words do."""
    assert plain("Ещё раз!") == plain("алиса, еще раз, пожалуйста") != plain("ещё раз два")
    assert plain("Пожалуйста") == "пожалуйста"
