"""Several skills in one process: their paths, their journal, their numbers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tornado_alice import MemoryJournal, SettingsError, Skill, request, say
from tornado_alice.app.cli import main
from tornado_alice.app.loading import load_skills
from tornado_alice.app.settings import Settings
from tornado_alice.app.skills import Skills
from tornado_alice.testing import make_request

Serve = Callable[..., Any]
COUNTING = """
from tornado_alice import Skill, request, say

skill = Skill(__name__, skill_ids={ids})

@skill.script
def run_script():
    n = 0
    while True:
        n += 1
        yield say(f'{name} {{n}} {{request.command}}')

skill.run(port=1)
"""


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    """Write a script that counts its turns; gives its path."""

    def write(name: str, *ids: str, folder: str = ".") -> str:
        path = tmp_path / folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(COUNTING.format(name=name, ids=list(ids)), "utf-8")
        return str(path)

    return write


def counting(name: str, **options: Any) -> Skill:
    skill = Skill(name, **options)

    @skill.script
    def run_script() -> Any:
        n = 0
        while True:
            n += 1
            yield say(f"{name} {n} {request.command}")

    return skill


def ask(server: Any, path: str, word: str, n: int, skill_id: str = "one", session_id: str = "s") -> str:
    """What the skill at `path` answers."""
    body = make_request(word, n, session={"skill_id": skill_id, "session_id": session_id})
    status, answer = server.fetch(path, body)
    return str(answer["response"]["text"]) if status == 200 else f"{status} {answer['error']['code']}"


@pytest.mark.slow
def test_each_at_its_path_and_their_dialogs_apart(serve: Serve, script: Callable[..., str], tmp_path: Path) -> None:
    """Two scripts, one skill_id, one session_id: each goes on with its own dialog, after kill -9 too."""
    scripts = script("cats"), script("dogs")
    server = serve(scripts[0], "--durability", "normal", scripts[1])
    assert server.announced.startswith("tornado_alice serves cats, dogs: dashboard on ")
    assert server.announced.endswith(f"webhooks on {server.url}/cats, {server.url}/dogs\n")
    said = [ask(server, path, "а", 0) for path in ("/cats", "/dogs")] + [ask(server, "/cats", "б", 1)]
    server.kill()
    server = serve(*scripts)
    said += [ask(server, "/dogs", "в", 1), ask(server, "/cats", "г", 2)]
    assert said == ["cats 1 а", "dogs 1 а", "cats 2 б", "dogs 2 в", "cats 3 г"]
    assert server.fetch("/")[0] == 200, "the dashboard stays where it was"
    assert server.fetch("/cats/")[0] == 404 and server.fetch("/cats")[0] == 405
    assert server.fetch("/readyz") == (200, {"status": "ready"})


@pytest.mark.slow
def test_by_skill_id(serve: Serve, script: Callable[..., str]) -> None:
    """At the webhook's own path the skill answers that names the request's skill_id; at its path too, and no other."""
    server = serve(script("cats", "one", "two"), script("dogs", "three"), script("fish"))
    said = [ask(server, "/", "а", n, skill_id) for n, skill_id in enumerate(["one", "two", "three"])]
    assert said == ["cats 1 а", "cats 1 а", "dogs 1 а"]
    assert ask(server, "/cats", "б", 3) == "cats 2 б"
    assert ask(server, "/", "а", 0, "four") == ask(server, "/dogs", "а", 0) == "403 foreign_skill"
    assert ask(server, "/fish", "а", 0, "four") == "fish 1 а"


@pytest.mark.slow
def test_below_a_secret_path(serve: Serve, script: Callable[..., str]) -> None:
    """--webhook-path comes before each name, is shown nowhere, and what is near it reaches no page."""
    server = serve(script("cats"), script("dogs"), "--webhook-path", "/hook-7f")
    assert server.announced.endswith(f"webhooks on {server.url}/***/cats, {server.url}/***/dogs\n")
    assert ask(server, "/hook-7f/dogs", "а", 0) == "dogs 1 а"
    assert [server.fetch(path)[0] for path in ("/hook-7f/", "/hook-7f/fish", "/dogs")] == [404, 404, 404]
    assert server.stop() == 0
    assert "hook-7f" not in server.errors


@pytest.mark.slow
def test_numbers_and_sessions_of_each(
    serve: Serve, script: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """/metrics counts each skill's turns; `sessions list` tells whose a session is, --skill takes a script's name."""
    scripts = script("cats"), script("dogs", "named")
    server = serve(*scripts)
    for n in range(3):
        ask(server, "/cats", "а", n)
    ask(server, "/dogs", "а", 0, "named")
    metrics = server.fetch("/metrics")[1]
    assert 'alice_turns_total{skill="cats"} 3\nalice_turns_total{skill="dogs"} 1\n' in metrics
    assert metrics.count("# TYPE alice_turns_total counter") == 1
    server.stop()
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["sessions", "list", *data]) == 0
    shown = capsys.readouterr().out
    assert "3 turns  open    cats/one  s" in shown and "1 turns  open    named  s" in shown
    for wanted, key in (("cats", "cats/one"), ("cats/one", "cats/one"), ("named", "named")):
        assert main(["sessions", "list", *data, "--json", "--skill", wanted]) == 0
        assert [entry["skill_id"] for entry in json.loads(capsys.readouterr().out)] == [key]
    number = next(line.split()[0] for line in shown.splitlines() if "cats/one" in line)
    assert main(["sessions", "replay", number, *data, "--script", scripts[0]]) == 0
    assert "3 of 3 turns replayed" in capsys.readouterr().out


def test_one_script_is_kept_as_ever() -> None:
    """A skill alone has the webhook's path and the platform's own key; so has one of several that names skill_ids."""
    alone, named, other = counting("a"), counting("b", skill_ids=["id"]), counting("c")
    assert list(Skills({"a": alone}, MemoryJournal).webhooks("/hook")) == ["/hook"] and alone.scope == ""
    assert sorted(Skills({"b": named, "c": other}, MemoryJournal).webhooks("/")) == ["/", "/b", "/c"]
    assert (named.scope, other.scope) == ("", "c/")


def test_stops_every_skill_and_then_the_journals(io_loop: Any) -> None:
    """A journal that skills share is opened and closed once, and only after the last turn of each."""

    class Telling(MemoryJournal):
        async def start(self) -> None:
            told.append("start")
            await super().start()

        async def stop(self) -> None:
            told.append(f"stop after {sum(skill.dialogs.counts['turns'] for skill in skills)} turns")
            await super().stop()

    told: list[str] = []
    own = counting("c", journal=Telling())
    skills = Skills({"a": counting("a"), "b": counting("b"), "c": own}, Telling)

    async def live() -> None:
        await skills.start()
        for skill in skills:
            await skill.handle(make_request("", 0))
        await skills.stop()

    io_loop.run_sync(live)
    assert told == ["start", "start", "stop after 3 turns", "stop after 3 turns"]
    assert own.journal is not next(iter(skills)).journal


@pytest.mark.parametrize(
    ("scripts", "says"),
    [
        (["a/shop.py", "b/shop.py"], "2 scripts are called 'shop', and so would be their path; rename one"),
        (["a/shop.py", "b/лавка.py"], "'лавка' would be a path: letters a to z"),
        (["a/shop.py:skill", "b/shop.py:other"], "a/shop.py and b/shop.py: one process has one module of a name"),
        (["a/shop.py", "jobs.py"], "jobs.py: /jobs is of the pages; give --webhook-path /skills, say"),
    ],
)
def test_scripts_that_cannot_be_served_together(
    scripts: list[str],
    says: str,
    script: Callable[..., str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names, paths and modules that would mix are refused at the start, with the remedy."""
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        script("shop", folder=folder)
    assert main([*scripts, "--data-dir", "data"]) == 1
    assert says in capsys.readouterr().err


def test_two_skills_that_name_one_id() -> None:
    """A skill_id that two skills name is nobody's: the start says who they are."""
    with pytest.raises(SettingsError, match="a and b both name 'id' in skill_ids: whose is it"):
        Skills({"a": counting("a", skill_ids=["id"]), "b": counting("b", skill_ids=["id"])}, MemoryJournal)
    with pytest.raises(SettingsError, match="--skill-id is for one script; with several name Skill"):
        Settings(scripts=("a.py", "b.py"), skill_ids=("id",))


def test_neighbours_of_one_name(script: Callable[..., str], tmp_path: Path) -> None:
    """A second script that would get the first one's neighbour for its own is refused, and both files are named."""
    scripts = [script("fox", folder="den"), script("owl", folder="nest")]
    for folder, path in zip(("den", "nest"), map(Path, scripts), strict=True):
        (tmp_path / folder / "its_words.py").write_text(f"HOME = {folder!r}\n", "utf-8")
        path.write_text(f"import its_words\n{path.read_text('utf-8')}", "utf-8")
    with pytest.raises(SettingsError, match=r"den/its_words.py and .*nest/its_words.py: one process has one module of"):
        load_skills(scripts)


def test_two_skills_of_one_file(tmp_path: Path) -> None:
    """A file that holds both skills is run once, and each is found by its own name."""
    path = tmp_path / "zoo.py"
    path.write_text("from tornado_alice import Skill\ncats = Skill('cats')\ndogs = Skill('dogs')\ncats.mate = dogs\n")
    cats, dogs = load_skills([f"{path}:cats", f"{path}:dogs"])
    assert (cats.name, dogs.name) == ("cats", "dogs") and cats.mate is dogs  # type: ignore[attr-defined]
