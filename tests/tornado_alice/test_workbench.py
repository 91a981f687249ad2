"""The workbench: a script as it stands in a dialog, dialogs branched from others, dialogs saved as tests."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tornado_alice import RequestError, SettingsError, Skill, SqliteJournal, random, request, say, step
from tornado_alice.testing import replay
from tornado_alice.testing.device import Device
from tornado_alice.testing.scenario_file import read
from tornado_alice.workbench import as_dialog, as_scenario, branch, device_of, look, plain, play, sources


class Unshowable:
    def __repr__(self) -> str:
        raise ValueError("no")


def double(n: int) -> int:
    counted.append(n)
    return 2 * n


counted: list[int] = []


def shop(skill: Skill) -> None:
    @skill.command("помощь")
    def help() -> Any:
        topic = "цены"
        yield say("О чём рассказать?")
        yield say(f"Цены: {topic} {request.command}")

    @skill.script
    def run_script() -> Any:
        strange = Unshowable()
        lucky = random.randint(1, 10**9)
        yield say(f"Сколько? {lucky}")
        doubled = yield step(double, 21)
        size = yield from ask_size()
        yield say(f"{doubled} {size} {lucky} {random.randint(1, 10**9)}", end_session=True)
        del strange

    def ask_size() -> Any:
        tries = 1
        yield say("Какой размер?")
        return f"{request.command}{tries}"


@pytest.fixture
def skill(tmp_path: Path) -> Iterator[Skill]:
    counted.clear()
    skill = Skill("shop", journal=SqliteJournal(tmp_path / "journal.sqlite3"))
    shop(skill)
    yield skill


def run(skill: Skill, talk: Any) -> Any:
    """What the coroutine function `talk` gives, with the skill started around it."""

    async def whole() -> Any:
        await skill.start()
        try:
            return await talk()
        finally:
            await skill.stop()

    return asyncio.run(whole())


async def say_all(skill: Skill, device: Device, *phrases: str) -> list[str]:
    said = []
    for phrase in phrases:
        turn = await play(skill, device, {"say": phrase} if device.session_id else {"enter": phrase})
        said.append(turn["answer"]["response"]["text"])
    return said


def key(device: Device) -> tuple[str, str]:
    return ("test-skill", device.session_id)


def test_where_the_script_stands(skill: Skill) -> None:
    """Each suspended function is shown with its line and variables, after any turn, and no step runs for it."""

    async def talk() -> list[dict[str, Any]]:
        device = Device()
        await say_all(skill, device, "", "два")
        known = await skill.journal.load(key(device))
        return [look(skill, key(device), known, until) for until in (0, 1, None, 99)]

    start, first, second, beyond = run(skill, talk)
    assert (start["at"], start["frames"]) == (0, [])
    assert [frame["function"] for frame in first["frames"]] == ["run_script"]
    assert first["frames"][0]["variables"]["lucky"].isdecimal() and "doubled" not in first["frames"][0]["variables"]
    outer, inner = second["frames"]
    assert outer["variables"]["doubled"] == "42" and (inner["function"], inner["variables"]) == (
        "ask_size",
        {"tries": "1"},
    )
    lines = Path(inner["file"]).read_text("utf-8").split("\n")
    assert 'yield say("Какой размер?")' in lines[inner["line"] - 1] and "ask_size()" in lines[outer["line"] - 1]
    assert second["turns"][1]["ops"] == [{"kind": "ok", "name": "double", "outcome": "42"}]
    assert [turn["said"] for turn in second["turns"]] == ["", "два"] and second["trouble"] is None
    assert (beyond["at"], beyond["turns"]) == (2, second["turns"]) and counted == [21]


def test_what_cannot_be_shown_is_said_to_be_so(skill: Skill) -> None:
    """A variable whose __repr__ raises, and a command that is under way, are shown as what they are."""

    async def talk() -> dict[str, Any]:
        device = Device()
        await say_all(skill, device, "", "помощь")
        return look(skill, key(device), await skill.journal.load(key(device)))

    seen = run(skill, talk)
    assert seen["frames"][0]["variables"]["strange"].startswith("<Unshowable instance at")
    assert [frame["function"] for frame in seen["frames"]] == ["run_script", "help"]
    assert seen["turns"][1]["ops"] == [{"kind": "heard_by", "name": "shop.<locals>.help(помощь)", "outcome": ""}]


def test_a_new_code_that_goes_elsewhere(skill: Skill) -> None:
    """Where changed code no longer fits, the turn and both sides are told, and the turns before it are shown."""

    async def talk() -> dict[str, Any]:
        device = Device()
        await say_all(skill, device, "", "два", "XL")
        skill.script(changed)
        return look(skill, key(device), await skill.journal.load(key(device)))

    def changed() -> Any:
        yield say(f"Сколько? {random.randint(1, 10**9)}")
        yield say("Вам завернуть?")

    seen = run(skill, talk)
    assert seen["at"] == 1 and len(seen["turns"]) == 3 and "double" in seen["trouble"]


def test_a_branch_goes_its_own_way(skill: Skill) -> None:
    """A branch begins with the same turns, draws the same, runs no step again, and leaves its origin alone."""

    async def talk() -> Any:
        device, other = Device(), Device()
        first = await say_all(skill, device, "", "два", "XL")
        other.session_id = (await branch(skill.journal, key(device), 2))[1]
        other.message_id = 2
        again = await say_all(skill, other, "XL")
        third = Device(session_id=(await branch(skill.journal, key(other), 2))[1], message_id=2)
        return first, again + await say_all(skill, third, "S"), await skill.journal.load(key(device))

    first, (again, third), known = run(skill, talk)
    assert again == first[2] and third == first[2].replace("XL", "S").replace("xl", "s")
    assert counted == [21] and len(known.turns) == 3


@pytest.mark.parametrize("turns", [0, -1, 4, 3])
def test_what_cannot_be_branched(skill: Skill, turns: int) -> None:
    """Turns that are not there, or after which the dialog has ended, are refused with what is allowed."""

    async def talk() -> None:
        device = Device()
        await say_all(skill, device, "", "два", "XL")
        with pytest.raises(SettingsError, match=r"turns: (1 to 3 of this dialog|the dialog has ended)"):
            await branch(skill.journal, key(device), turns)

    run(skill, talk)


def test_dialogs_become_tests(skill: Skill, tmp_path: Path) -> None:
    """An exported dialog replays in the same code; a scenario says what was said and what was answered."""

    async def talk() -> Any:
        device = Device()
        said = await say_all(skill, device, "", "Два, пожалуйста!")
        await play(skill, device, {"send": {"type": "ButtonPressed", "payload": {"size": 5}}})
        known = await skill.journal.load(key(device))
        return said, as_dialog(skill, key(device), known), as_scenario(skill, key(device), known)

    said, dialog, scenario = run(skill, talk)
    (tmp_path / "dialog.json").write_text(dialog, "utf-8")
    assert replay(skill, tmp_path / "dialog.json") == 3
    (tmp_path / "scenario.yml").write_text(scenario, "utf-8")
    steps = read(tmp_path / "scenario.yml")[0].steps
    assert [(step.does.kind, step.does.text) for step in steps] == [
        ("say", ""),
        ("say", "Два, пожалуйста!"),
        ("event", "ButtonPressed"),
    ]
    assert steps[2].does.fields == {"payload": {"size": 5}} and [one.expected[0].value for one in steps[:2]] == said


def test_a_dialog_that_is_gone(skill: Skill) -> None:
    """What the journal does not hold is no dialog to look at, branch or save, and this is said."""

    async def talk() -> None:
        known = await skill.journal.load(("test-skill", "none"))
        assert "does not hold" in look(skill, ("test-skill", "none"), known)["trouble"]
        for save in (as_dialog, as_scenario):
            with pytest.raises(SettingsError, match="does not hold this dialog"):
                save(skill, ("test-skill", "none"), known)

    run(skill, talk)


def test_the_script_has_files(skill: Skill) -> None:
    """The script's own file comes first, line by line."""
    first = sources(skill)[0]
    assert first["name"] == "test_workbench.py" and first["lines"][0].startswith('"""The workbench')


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "device: an object"),
        ({"scren": True}, "device.scren: there is no such field; there are account, meta"),
        ({"screen": 1}, "device.screen: bool, got 1"),
        ({"message_id": True}, "device.message_id: int, got True"),
        ({"account": {"name": "x"}}, "device.account: id, token and state"),
    ],
)
def test_what_is_no_device(data: Any, says: str) -> None:
    """What a page cannot have kept of a device is refused with what is allowed."""
    with pytest.raises(SettingsError, match=says):
        device_of(data)


def test_a_device_survives_the_page() -> None:
    """A device is the same after its way through a page."""
    device = Device(screen=False, interfaces=("payments",), state={"a": 1}, session_id="s", message_id=3)
    device.account.token = "t"
    assert device_of(plain(device)) == device


def test_what_is_no_deed(skill: Skill) -> None:
    """A user says, enters or sends; anything else is refused, and so is what the skill would refuse."""

    async def talk() -> None:
        for does in ({}, {"say": 5}, {"send": "x"}):
            with pytest.raises(SettingsError, match="one of say and enter"):
                await play(skill, Device(), does)
        with pytest.raises(RequestError):
            await play(skill, Device(), {"send": {"type": 5}})

    run(skill, talk)
