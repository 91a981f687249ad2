"""What the platform keeps, as mappings."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tornado_alice import Skill, application, request, say, session_state, step, user
from tornado_alice.testing import Answer, Dialog, make_request


def skill_of(script: Callable[..., Any], **options: Any) -> Skill:
    skill = Skill("states", **options)
    skill.script(script)
    return skill


@pytest.mark.usefixtures("replay_mode")
def test_what_changed_is_sent_with_the_next_reply() -> None:
    """Of the user what changed, also deep inside, and null for what was deleted; of the device the whole."""

    def run():
        yield say("начали")
        user["score"], user["bag"] = 3, ["меч"]
        application["volume"] = 5
        yield say("раз")
        user["bag"].append("щит")
        application["colour"] = "red"
        yield say("два")
        del user["score"]
        user["bag"] = ["меч", "щит"]
        yield say(f"{dict(user)} {len(application)} {'volume' in application}")

    with Dialog(skill_of(run)) as alice:
        assert set(alice.say().whole) == {"response", "session", "version"}
        answer = alice.say("раз")
        assert answer.user_state_update == {"score": 3, "bag": ["меч"]} and answer.application_state == {"volume": 5}
        answer = alice.say("два")
        assert answer.user_state_update == {"bag": ["меч", "щит"]}
        assert answer.application_state == {"volume": 5, "colour": "red"}
        answer = alice.say("три")
        assert answer.user_state_update == {"score": None} and answer.application_state == {}
        assert answer == "{'bag': ['меч', 'щит']} 2 True"
        assert alice.state["user"] == {"bag": ["меч", "щит"]}


@pytest.mark.usefixtures("replay_mode")
def test_the_session_keeps_itself() -> None:
    """Once the script has changed session_state every reply carries it, though the platform forgets it each turn."""

    def run():
        yield say("а")
        session_state["n"] = 1
        while True:
            yield say(f"{session_state.get('n')} {request.state('session').get('n')}")

    with Dialog(skill_of(run)) as alice:
        assert "session_state" not in alice.say().whole
        assert [alice.say("б"), alice.say("б"), alice.say("б")] == ["1 None", "1 1", "1 1"]


def test_by_hand_wins() -> None:
    """What the author gives to say() by hand stands; the user's changes are added to it."""

    def run():
        user["a"], user["b"] = 1, 1
        application["a"] = 1
        yield say("а", user_state_update={"b": 2}, application_state={"z": 1})

    with Dialog(skill_of(run)) as alice:
        answer = alice.say()
    assert (answer.user_state_update, answer.application_state) == ({"a": 1, "b": 2}, {"z": 1})


@pytest.mark.usefixtures("replay_mode")
def test_in_coroutines_and_async_generators() -> None:
    """The mappings work in the other forms of a script."""

    async def coroutine():
        user["x"] = 1
        await say("а", end_session=True)

    async def generator():
        user["x"] = 2
        yield say("а")

    seen: list[Answer] = []
    for script in (coroutine, generator):
        with Dialog(skill_of(script)) as alice:
            seen.append(alice.say())
    assert [answer.user_state_update for answer in seen] == [{"x": 1}, {"x": 2}]


@pytest.mark.usefixtures("replay_mode")
def test_a_long_step_does_not_lose_them() -> None:
    """What was changed before a step that outlasts its turn goes with the script's next reply."""

    gate = threading.Event()

    def run():
        user["before"], session_state["here"] = 1, 1
        yield step(gate.wait)
        user["after"] = 2
        yield say("готово")

    with Dialog(skill_of(run, reply_within=0.05)) as alice:
        answer = alice.say()
        assert "user_state_update" not in answer.whole
        gate.set()
        while answer != "готово":
            answer = alice.say("ну?")
    assert answer.user_state_update == {"before": 1, "after": 2} and answer.session_state == {"here": 1}


def test_what_json_cannot_hold_is_told(logs: Any) -> None:
    """A value that cannot be sent is an error at the script's line; in production it is left out and told."""

    def run():
        user["x"] = {1, 2}
        yield say("а")

    with Dialog(skill_of(run)) as alice:
        assert alice.say().ended
    assert "test_states.py" in logs.take("user_state_update.*set.*JSON")
    with Dialog(skill_of(run), strict=False) as alice:
        assert alice.say() == "а"
    assert "test_states.py" in logs.take("user_state_update.*set.*JSON")


@pytest.mark.usefixtures("replay_mode")
def test_a_reply_said_twice_tells_each_time_what_changed() -> None:
    """A reply that the script keeps and says again carries the changes of its turn, not those of an earlier one."""

    def run():
        prompt = say("а")
        for n in range(3):
            user["n"] = session_state["n"] = n
            yield prompt
        assert set(prompt) == {"text", "end_session"}
        yield prompt

    with Dialog(skill_of(run)) as alice:
        answers = [alice.say("б") for _ in range(4)]
    assert [answer.user_state_update for answer in answers] == [{"n": 0}, {"n": 1}, {"n": 2}, {}]
    assert [answer.session_state["n"] for answer in answers] == [0, 1, 2, 2]


def test_outside_of_a_turn() -> None:
    """Outside of a turn the mappings say so, and can be printed."""
    with pytest.raises(RuntimeError, match="no turn is being handled"):
        user["x"] = 1
    assert "user" in repr(user)


@pytest.mark.parametrize("odd", [None, 5, [1], "x"])
def test_an_odd_state_is_an_empty_one(odd: Any) -> None:
    """Whatever the platform sends for a state, the script can use it."""

    def run():
        user["n"] = user.get("n", 0) + 1
        yield say("а")

    with Dialog(skill_of(run)) as alice:
        answer = alice.send(make_request(state={"user": odd}))
    assert answer.user_state_update == {"n": 1}
