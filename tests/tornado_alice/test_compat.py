"""Scripts written for alice_scripts run with only their import line changed, without that library's defects."""

import random
import textwrap
import types
from typing import Any

import pytest

from tornado_alice import Request, Skill, request, say, suggest
from tornado_alice.testing import Dialog, make_request

pytestmark = pytest.mark.usefixtures("replay_mode")

FORMS = {
    "generator": """
        def run():
            yield say('Как вас зовут?')
            yield say(f'Привет, {request.command}!', end_session='true')
        """,
    "coroutine": """
        async def run():
            await say('Как вас зовут?')
            await say(f'Привет, {request.command}!', end_session='true')
        """,
    "async generator": """
        async def run():
            yield say('Как вас зовут?')
            yield say(f'Привет, {request.command}!', end_session='true')
        """,
}


def make_skill(source: str, **options: Any) -> Skill:
    """A Skill whose script `run` is in `source`, a module of its own."""
    module = types.ModuleType("script_under_test")
    exec("from tornado_alice import *\nimport random\n" + textwrap.dedent(source), module.__dict__)
    skill = Skill("test", **options)
    assert skill.script(module.run) is module.run
    return skill


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_hold_the_same_dialog(form: str) -> None:
    """Generator, coroutine and async generator hold the same dialog; a truthy end_session ends it."""
    with Dialog(make_skill(FORMS[form])) as alice:
        assert alice.say() == "Как вас зовут?"
        answer = alice.say("Анна")
        assert (answer, answer.ended) == ("Привет, анна!", True)


def test_value_of_yield_is_none() -> None:
    """`x = yield say(...)` gives None, as it did."""
    with Dialog(make_skill("def run():\n  x = yield say('a')\n  yield say(repr(x))")) as alice:
        alice.say()
        assert alice.say() == "None"


def test_subscripts_and_recursion() -> None:
    """`yield from` nests inside expressions, returns values and recurses."""
    source = """
        def ask(what):
            yield say(what)
            return int(request.command)
        def count(n):
            if n:
                yield say(str(n))
                return (yield from count(n - 1)) + n
            return 0
        def run():
            total = (yield from ask('раз')) + (yield from ask('два'))
            yield say(f'{total} {(yield from count(3))}', end_session=True)
        """
    with Dialog(make_skill(source)) as alice:
        said = [alice.say("2") for _ in range(6)]
    assert said == ["раз", "два", "3", "2", "1", "4 6"]


def test_response_echoes_session_and_version() -> None:
    """The answer carries the session and the version of the request."""
    with Dialog(make_skill(FORMS["generator"])) as alice:
        whole = alice.say().whole
    assert whole["version"] == "1.0" and whole["session"]["session_id"] == alice.session_id


def test_suggest_twice_appends() -> None:
    """Two suggest() in one say() give all their buttons."""
    with Dialog(make_skill("def run():\n  yield say('a', suggest('б'), suggest(7))")) as alice:
        assert alice.say().buttons == ["б", "7"]


@pytest.mark.parametrize("max_live", [10, 0], ids=["hot", "always replayed"])
def test_old_random_survives(max_live: int) -> None:
    """A script that draws from the standard library's random keeps its number when it is replayed."""
    source = """
        def run():
            number = random.randint(1, 10**9)
            while True:
                yield say(str(number), 'число ' + str(number))
        """
    with Dialog(make_skill(source, max_live=max_live)) as alice:
        numbers = {alice.say().split()[-1] for _ in range(5)}
    assert len(numbers) == 1


def test_global_random_is_left_alone() -> None:
    """Seeding a script's random does not touch what the rest of the process draws."""
    random.seed(1)
    expected = random.random()
    random.seed(1)
    with Dialog(make_skill("def run():\n  yield say(str(random.random()))")) as alice:
        alice.say()
    assert random.random() == expected


def test_bare_request_can_be_built() -> None:
    """Request(dict) with only `request` in it works by hand."""
    assert Request({"request": {"command": "да."}}).has_lemmas("да")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("ButtonPressed", {"payload": {}, "nlu": {"tokens": []}}),
        ("Purchase.Confirmation", {"purchase_token": "t", "signature": "s"}),
        ("Show.Pull", {"show_type": "MORNING"}),
        ("Geolocation.Allowed", {}),
        ("Something.New", {"unknown": [1, {"deep": None}]}),
    ],
)
def test_every_request_type_reaches_the_script(kind: str, fields: dict[str, Any]) -> None:
    """Requests without a command, of known and unknown types, are turns like any other (but for the player's)."""
    with Dialog(make_skill("def run():\n  while True:\n    yield say(f'{request.type}|{request.command}')")) as alice:
        sent = make_request("")
        sent["request"] = {"type": kind} | fields
        assert alice.send(sent) == f"{kind}|"


def test_account_linking_event_reaches_the_script() -> None:
    """The event without a `request` key is a turn."""
    source = "def run():\n  yield say(str('account_linking_complete_event' in request))"
    with Dialog(make_skill(source)) as alice:
        sent = make_request("") | {"account_linking_complete_event": {}}
        del sent["request"]
        assert alice.send(sent) == "True"


@pytest.mark.parametrize("form", FORMS)
def test_script_that_returns_says_goodbye(form: str) -> None:
    """A script that ends without a last reply: a closing phrase ends the session, and the next one starts anew."""
    source = FORMS[form].replace(", end_session='true'", "")
    with Dialog(make_skill(source, closing="Пока!")) as alice:
        said = [alice.say(text) for text in ("", "Анна", "ещё", "снова")]
    assert said == ["Как вас зовут?", "Привет, анна!", "Пока!", "Как вас зовут?"]
    assert [answer.ended for answer in said] == [False, False, True, False]


@pytest.mark.parametrize("error", ["ValueError('бум')", "SystemExit(3)", "GeneratorExit()", "StopIteration()"])
def test_script_that_raises_apologises(error: str, logs: Any) -> None:
    """A script that raises, SystemExit too: an apology ends the session, the traceback is logged with its session."""
    source = f"def run():\n  yield say('a')\n  raise {error}"
    with Dialog(make_skill(source, sorry="Простите")) as alice:
        alice.say()
        answer = alice.say()
        assert (answer, answer.ended) == ("Простите", True)
        assert alice.session_id in logs.take("the script raised.*Traceback")
        assert alice.say() == "a"


@pytest.mark.parametrize(
    ("wish", "remedy"),
    [
        ("'просто текст'", r"write yield say\('просто текст'\)"),
        ("5", "a script yields or awaits say"),
        ("None", "a script yields or awaits say"),
    ],
)
def test_yielding_something_else_names_line_and_remedy(wish: str, remedy: str, logs: Any) -> None:
    """What is yielded and is no reply is an error that names the line and the remedy, and an apology to the user."""
    with Dialog(make_skill(f"def run():\n  yield say('a')\n  yield {wish}")) as alice:
        alice.say()
        assert alice.say().ended
    assert "in run" in logs.take(remedy)


def test_plain_dict_is_a_reply() -> None:
    """A response dict made by hand is a reply, as it was."""
    with Dialog(make_skill("def run():\n  yield {'text': 'сам'}")) as alice:
        assert alice.say() == "сам"


def test_return_say_is_the_last_word() -> None:
    """`return say(...)` is said and ends the session."""
    with Dialog(make_skill("def run():\n  yield say('a')\n  return say('всё')")) as alice:
        alice.say()
        answer = alice.say()
        assert (answer, answer.ended) == ("всё", True)


def test_a_function_that_is_no_script_is_refused() -> None:
    """@skill.script on an ordinary function says at once what a script is."""
    with pytest.raises(Exception, match="is no script: write a function with `yield say"):
        Skill("test").script(lambda: None)


def test_face_of_the_old_library() -> None:
    """The five names of alice_scripts are there."""
    assert all(callable(thing) for thing in (Skill, Request, say, suggest)) and isinstance(request, Request)
