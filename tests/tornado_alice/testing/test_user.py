"""User: what a person does reaches the skill as the platform would send it; wrong answers fail."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from tornado_alice import (
    ReplyError,
    SettingsError,
    Skill,
    application,
    button,
    gallery,
    image,
    item,
    items,
    link,
    link_account,
    locate,
    play,
    product,
    purchase,
    request,
    say,
    session_state,
    suggest,
    user,
)
from tornado_alice.examples import player, reminders, shop
from tornado_alice.testing import Dialog, User
from tornado_alice.testing.host import LocalHost
from tornado_alice.testing.plugin import Alice


def saying(*replies: Any) -> Skill:
    """A skill that gives these replies in order, whatever it hears; functions are called in their turn."""
    skill = Skill("saying")

    @skill.script
    def run():
        for reply in replies:
            yield reply() if callable(reply) else reply

    return skill


def seen(skill: Skill) -> list[dict[str, Any]]:
    """All requests that the skill gets, as it gets them."""
    requests: list[dict[str, Any]] = []
    skill.before_turn(lambda heard: requests.append(json.loads(json.dumps(heard))))
    return requests


def test_words_are_sent_as_the_platform_sends_them(alice: Alice) -> None:
    """The command has no capitals and punctuation, nor have the tokens; the original is as it was said."""
    skill = saying(say("1"), say("2"), say("3"))
    requests = seen(skill)
    anna = alice(skill)
    anna.enter()
    anna.say("Да, конечно: ДВЕ пиццы!", dangerous=True)
    [first, second] = requests
    assert first["session"]["new"] and not second["session"]["new"]
    assert (first["request"]["command"], first["session"]["message_id"], second["session"]["message_id"]) == ("", 0, 1)
    said = second["request"]
    assert said["command"] == "да конечно две пиццы" and said["original_utterance"] == "Да, конечно: ДВЕ пиццы!"
    assert said["nlu"]["tokens"] == ["да", "конечно", "две", "пиццы"] and said["markup"]["dangerous_context"] is True
    assert said["nlu"]["entities"] == [{"type": "YANDEX.NUMBER", "tokens": {"start": 2, "end": 3}, "value": 2}]


def test_what_is_understood_can_be_given(alice: Alice) -> None:
    """Given numbers, entities and intents stand in place of what would be recognised."""
    skill = saying(say("1"), say("2"))
    requests = seen(skill)
    fio = {"type": "YANDEX.FIO", "value": {"first_name": "анна"}}
    alice(skill).enter("да", numbers=[7], entities=[fio], intents={"order": {"size": "большую"}})
    nlu = requests[0]["request"]["nlu"]
    assert [one["value"] for one in nlu["entities"]] == [7, {"first_name": "анна"}]
    assert list(nlu["intents"]) == ["order"] and nlu["intents"]["order"]["slots"]["size"]["value"] == "большую"


def test_tapping(alice: Alice) -> None:
    """A payload comes as ButtonPressed, a title as words, a link is opened; what stays on the screen can be tapped."""
    shown = say(
        "Выберите",
        suggest("Да!"),
        button("Карта", payload={"map": 1}),
        button("Сайт", url="https://example.com"),
        items(item("Первый", payload=1), item("Второй") | {"button": {"text": "Хочу второй"}}),
    )
    photos = say("Фото", gallery(item("Снимок", image_id="1/a", payload="photo")), suggest("Ещё"))
    skill = saying(shown, photos, say("3"), say("4"), image_of("Картина"), say("6"), say("7"))
    requests = seen(skill)
    anna = alice(skill)
    first = anna.enter()
    assert anna.tap("Сайт") is first and anna.opened == ["https://example.com"] and len(requests) == 1
    anna.tap("Карта")
    assert requests[-1]["request"]["type"] == "ButtonPressed" and requests[-1]["request"]["payload"] == {"map": 1}
    assert "command" not in requests[-1]["request"] and requests[-1]["request"]["nlu"]["tokens"] == ["карта"]
    anna.tap("Снимок")
    assert requests[-1]["request"]["payload"] == "photo"
    anna.tap("Второй")  # of the first answer: a card stays
    assert requests[-1]["request"]["command"] == "хочу второй"
    anna.say("дальше")
    anna.tap("Картина")
    assert requests[-1]["request"]["payload"] == {"big": True}
    with pytest.raises(SettingsError, match=r"no 'Да!' to tap; on the screen: 'Картина', "):
        anna.tap("Да!")  # suggestions vanish
    anna.screen = False
    with pytest.raises(SettingsError, match="no screen"):
        anna.tap("Картина")


def image_of(title: str) -> Any:
    return lambda: say("Смотрите", image("1/a", title, button=link("Картина", payload={"big": True})))


def test_two_people_and_two_devices(alice: Alice) -> None:
    """States live where the platform keeps them: with the account, the device, the session."""
    skill = Skill("counting")

    @skill.script
    def run():
        while True:
            for kept in (user, application, session_state):
                kept["n"] = kept.get("n", 0) + 1
            yield say(f"{user['n']} {application['n']} {session_state['n']}")

    anna, boris = alice(skill), alice(skill)
    speaker = anna.elsewhere(screen=False)
    assert [anna.enter(), anna.say("ещё"), boris.enter(), speaker.enter(), anna.enter()] == [
        "1 1 1",
        "2 2 2",
        "1 1 1",
        "3 1 1",
        "4 3 1",
    ]
    speaker.logged_in = False
    assert (speaker.enter(), speaker.enter(), anna.account.state) == ("1 2 1", "1 3 1", {"n": 4})


def test_states_are_merged_replaced_and_lost(alice: Alice) -> None:
    """A null deletes a key of the account's state; the device's is replaced; the session's is lost if not sent."""
    skill = saying(
        say("1", user_state_update={"a": 1, "b": 2}, application_state={"x": 1}, session_state={"s": 1}),
        say("2", user_state_update={"a": None}, application_state={"y": 1}),
    )
    anna = alice(skill)
    anna.enter()
    assert (anna.account.state, anna.state, anna.session_state) == ({"a": 1, "b": 2}, {"x": 1}, {"s": 1})
    anna.say("дальше")
    assert (anna.account.state, anna.state, anna.session_state) == ({"b": 2}, {"y": 1}, {})


def test_a_melody_ends_or_fails(alice: Alice) -> None:
    """The player tells of its melody; what the skill queues is next."""
    anna = alice(player.skill)
    first = anna.enter()
    assert first == "Прелюдия." and first.ended and anna.playing == "prelude"
    anna.listen()
    assert anna.playing == "nocturne"
    assert anna.fail_to_play().directives["audio_player"]["action"] == "Play" and anna.playing == "waltz"
    anna.stop_playing()
    with pytest.raises(SettingsError, match="the player is silent"):
        anna.listen()
    with pytest.raises(SettingsError, match=r"has ended the session before the user said 'да'; enter\(\)"):
        anna.say("да")


def test_shop(alice: Alice) -> None:
    """Linking and paying are events of the platform; a replay before each turn changes nothing."""
    anna = alice(shop.skill, logged_in=False, always_replay=True)
    anna.enter()
    anna.tap("Маргарита")
    anna.say("две")
    assert anna.say("Нет.") == "Чтобы заказать, войдите в аккаунт."
    with pytest.raises(SettingsError, match="nothing to pay"):
        anna.pay()
    assert anna.link("token") == "К оплате 900 рублей." and anna.logged_in
    assert anna.pay().startswith("Спасибо! Заказ ") and anna.account.state == {"basket": {}}


def test_day_and_hour_are_recognised(alice: Alice) -> None:
    """What people mostly say of a day and an hour needs no entities."""
    anna = alice(reminders.skill)
    anna.enter()
    anna.say("Купить хлеб")
    assert "в 19:00. Что-нибудь ещё?" in anna.say("Завтра, в семь вечера!")


def test_location(alice: Alice) -> None:
    """A location is told once it is allowed."""

    def script():
        where = yield from locate("Где вы?")
        yield say(f"{where.lat if where else '?'}")
        where = yield from locate("А теперь?")
        yield say("Ясно" if where is None else "Где?")

    anna = alice(scripted(script))
    anna.enter()
    assert (anna.allow_location(55.7, 37.6), anna.say("дальше"), anna.refuse_location()) == (
        "55.7",
        "А теперь?",
        "Ясно",
    )


def scripted(script: Any) -> Skill:
    skill = Skill("scripted")
    skill.script(script)
    return skill


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (lambda: say("Привет, {name}!"), "text: 'Привет, {name}!' holds {name}: a place that nothing fills"),
        (lambda: say("Вам {} лет"), "holds {}: a place"),
        (lambda: say("Вас зовут None?"), "holds None: a value that is not there"),
        (lambda: say("Да", button("Карта {n}")), "buttons[0].title: 'Карта {n}' holds {n}"),
        (lambda: say("Вот <generator object f>"), "a call nobody ran"),
        (lambda: say("ё" * 1025), "text: 1025 characters, but 1024 are allowed"),
        (lambda: say("Да", suggest("ё" * 65)), "65 characters, but 64 are allowed"),
    ],
)
def test_a_wrong_reply_names_what_was_said(reply: Any, problem: str, alice: Alice, logs: Any) -> None:
    """What the platform would refuse, or shows the code, is an error that names the user's words."""
    anna = alice(saying(say("Как вас зовут?"), reply))
    anna.enter()
    with pytest.raises(ReplyError) as raised:
        anna.say("Анна")
    assert problem in str(raised.value)
    assert str(raised.value).startswith("after the user said 'Анна' (message 1 of the session): ")
    if "allowed" in problem:
        logs.take("the script raised ReplyError")


def test_who_is_not_strict_hears_what_is_heard_in_production(alice: Alice, logs: Any) -> None:
    """A strict user beside them changes nothing: a long phrase is cut and told, in a dialog of theirs."""
    skill = saying(lambda: say("ё" * 1025))
    with pytest.raises(ReplyError, match="1024 are allowed"):
        alice(skill).enter()
    assert len(alice(skill, strict=False).enter()) == 1024
    logs.take("the script raised ReplyError")
    logs.take("cut to the 1024 allowed")


def test_what_the_user_says_may_be_said_back(alice: Alice) -> None:
    """A user who says {name} or None may hear it; English may say none of them."""

    def script():
        yield say("Что?")
        yield say(f"Вы сказали: {request['request']['original_utterance']}")
        yield say("None of them.")

    anna = alice(scripted(script))
    anna.enter()
    assert anna.say("None {name}") == "Вы сказали: None {name}"
    assert anna.say("ok") == "None of them."


def test_a_script_that_raises(alice: Alice, logs: Any) -> None:
    """Its exception is raised in the test with what was said; not strict, the user hears the apology."""

    def script():
        yield say("Число?")
        yield say(str(int(request.command)))

    anna, boris = alice(scripted(script)), alice(scripted(script), strict=False)
    anna.enter(), boris.enter()
    with pytest.raises(ValueError, match="много") as raised:
        anna.say("много")
    assert raised.value.__context__ is None  # nothing of how the test runs it
    assert raised.value.__notes__ == ["after the user said 'много' (message 1 of the session)"]
    assert boris.say("много").ended
    for _ in "12":
        logs.take("the script raised ValueError")


def test_a_slow_answer(alice: Alice) -> None:
    """An answer that takes longer than it may is an error."""
    anna = alice(saying(say("Да")), within=0.0)
    with pytest.raises(ReplyError, match=r"the answer took \d+\.\d s, but 0 are allowed; wrap what is slow in step"):
        anna.enter()


def test_restart_in_between(alice: Alice) -> None:
    """`always_replay` finds what only works while the script stays in memory."""
    calls = []

    def script():
        calls.append(1)
        yield say("раз")
        yield say("два")

    anna = alice(scripted(script), always_replay=True)
    assert (anna.enter(), anna.say("дальше"), len(calls)) == ("раз", "два", 2)


async def coroutine_test() -> list[str]:
    skill = saying(say("раз"), say("два"), say("три"))
    with User(skill) as anna, Dialog(saying(say("Да"))) as dialog:
        return [anna.enter(), await asyncio.to_thread(anna.say, "дальше"), anna.say("дальше"), dialog.say("")]


def test_a_script_is_one_skill_on_all_devices(tmp_path: Path) -> None:
    """A script that is named by its file is loaded once for a person: their devices share what its module holds."""
    script = "from tornado_alice import Skill, say\nskill, n = Skill(__name__), []\n@skill.script\ndef run():\n"
    script += "    n.append(1)\n    yield say(str(len(n)))\n"
    (tmp_path / "counted.py").write_text(script, "utf-8")
    with User(str(tmp_path / "counted.py")) as anna:
        assert (anna.enter(), anna.elsewhere(screen=False).enter()) == ("1", "2")


def test_a_skill_stops_with_its_last_user() -> None:
    """The skill of several users is started once, and stopped when the last of them has gone, other devices too."""
    skill = saying(say("раз"))
    before = dict(LocalHost._open)
    with User(skill) as anna:
        with User(skill) as boris:
            boris.elsewhere(screen=False).enter()
        assert anna.enter() == "раз" and skill in LocalHost._open
    assert LocalHost._open == before and not skill.hooks.after


def test_many_at_once(alice: Alice) -> None:
    """Users in several threads talk to one skill, each in a dialog of their own."""

    def script():
        said = []
        while True:
            said.append(request.command)
            yield say(" ".join(said) or "да?")

    users = [alice(scripted(script))]
    users += [users[0].elsewhere() for _ in range(7)]
    with ThreadPoolExecutor(8) as threads:
        talks = threads.map(lambda n: [users[n].enter(), *(users[n].say(f"{n}{k}") for k in range(3))], range(8))
        assert [talk[-1] for talk in talks] == [f" {n}0 {n}1 {n}2" for n in range(8)]


def test_in_a_running_loop() -> None:
    """User and Dialog work in a coroutine, where a loop runs already, and from a thread of it."""
    assert asyncio.run(coroutine_test()) == ["раз", "два", "три", "Да"]


@pytest.mark.gen_test
async def test_with_pytest_tornado(alice: Alice) -> None:
    """The fixture works in tests of pytest-tornado."""
    anna = alice(saying(say("раз"), say("два")))
    assert (anna.enter(), anna.say("дальше")) == ("раз", "два")


class Broken(RequestHandler):
    """An endpoint that answers as the body of the request wants."""

    def post(self) -> None:
        said = json.loads(self.request.body)["request"]["original_utterance"]
        self.set_status(403 if said == "ошибка" else 200)
        self.write("<html>" if said else '{"response": {"text": "Вас {n}"}, "version": "1.0"}')


@pytest.mark.gen_test
async def test_over_http(alice: Alice) -> None:
    """A skill behind a URL is talked to over HTTP; its errors say what came instead of an answer."""
    skill = saying(say("раз"), say("два", user_state_update={"n": 1}))
    sock, port = bind_unused_port()
    server = HTTPServer(Application([("/broken", Broken), *skill.handlers("/")]))
    server.add_socket(sock)
    await skill.start()
    anna, other = alice(f"http://127.0.0.1:{port}/"), alice(f"http://127.0.0.1:{port}/broken")
    talk = asyncio.to_thread  # the test's own loop serves it
    assert (await talk(anna.enter), await talk(anna.say, "дальше"), anna.account.state) == ("раз", "два", {"n": 1})
    with pytest.raises(ReplyError, match=r"broken answered 403: '<html>'"):
        await talk(other.enter, "ошибка")
    with pytest.raises(ReplyError, match=r"holds \{n\}"):
        await talk(other.enter)
    server.stop()
    await server.close_all_connections()
    await skill.stop()
    with pytest.raises(ReplyError, match="is the skill served there"):
        await talk(anna.enter)


def test_purchase_fields(alice: Alice) -> None:
    """A confirmation carries the id and the payload of the offer."""

    def script():
        goods = product("p", "Пицца", 450)
        paid = yield from purchase(
            "order-1", goods, payload={"n": 1}, merchant_key="k", caption="Пицца", saying="К оплате 450."
        )
        yield say(f"{paid['request']['purchase_request_id']} {paid['request']['purchase_payload']['n']}")
        linked = yield from link_account("Войдите.")
        yield say(str(bool(linked)), play("https://example.com/1.mp3", "1"))

    anna = alice(scripted(script))
    anna.enter()
    assert (anna.pay(), anna.say("дальше"), anna.link("t"), anna.playing) == ("order-1 1", "Войдите.", "True", "1")
