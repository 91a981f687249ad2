"""A skill as a cloud function: instances are interpreters of their own, the database and its pooler are real."""

import asyncio
import json
import random
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from databases import Postgres
from instances import Gone, Instance, Platform
from pooler import pooling
from talking import text

from tornado_alice.journal.postgres import PostgresJournal
from tornado_alice.journal.postgres.schema import MIGRATIONS
from tornado_alice.testing import make_request

pytestmark = pytest.mark.slow  # each test starts interpreters

GRANTS = Path(__file__).parents[2] / "examples" / "serverless" / "grants.sql"
UNSAVED = "Извините, не получилось это запомнить. Повторите, пожалуйста."
TIMER = {
    "messages": [
        {
            "event_metadata": {"event_type": "yandex.cloud.events.serverless.triggers.TimerMessage"},
            "details": {"trigger_id": "a1b2", "payload": ""},
        }
    ]
}
COUNTING = """
import os, sys, time
from tornado_alice import Skill, function, request, say, step

function.TO_KEEP = float(os.environ.get("TO_KEEP", function.TO_KEEP))
skill = Skill(__name__, reply_within=float(os.environ.get("WITHIN", 3)))
handler = skill.handler

def effect():
    with open(sys.argv[1] + ".effects", "a") as file:
        file.write(str(os.getpid()) + os.linesep)
    time.sleep(float(os.environ.get("LASTS", 0)))
    return "сделано"

@skill.script
def run_script():
    n = 0
    while True:
        n += 1
        yield say(f"{n} {request.command}".strip())
        if request.command == "шаг":
            yield say((yield step(effect)))
"""


def message(command: str, n: int, session: str = "s") -> dict[str, Any]:
    return make_request(command, n, session={"session_id": session, "new": n == 0})


class Cloud:
    """A database that is set up for functions, and the file of one."""

    def __init__(self, postgres: Postgres, file: Path) -> None:
        self.postgres, self.file = postgres, file
        self.database = postgres.create()
        self.user = self.database.split("/")[3].partition("?")[0] + "_function"
        self.instances: list[Instance] = []
        postgres.execute(f"CREATE ROLE {self.user} LOGIN")

    def migrate(self) -> None:
        asyncio.run(PostgresJournal(self.database).migrate())
        for grant in GRANTS.read_text().replace("TO alice", f"TO {self.user}").split(";\n")[:-1]:
            self.execute(grant)

    @property
    def url(self) -> str:
        """As the function's user, who may make nothing."""
        return self.database.replace("alice@", f"{self.user}@")

    def execute(self, statement: str, *values: Any) -> list[Any]:
        return self.postgres.execute(statement, *values, url=self.database)

    def start(self, url: str = "", **environment: str) -> Instance:
        self.instances.append(Instance(self.file, ALICE_JOURNAL=url or self.url, **environment))
        return self.instances[-1]


@pytest.fixture
def make_cloud(postgres: Postgres, tmp_path: Path) -> Iterator[Callable[[], Cloud]]:
    clouds = []

    def make() -> Cloud:
        file = tmp_path / "skill.py"
        file.write_text(COUNTING, "utf-8")
        clouds.append(Cloud(postgres, file))
        return clouds[-1]

    yield make
    for cloud in clouds:
        for instance in cloud.instances:
            if instance.process.poll() is None:
                instance.kill()
            instance.end()


@pytest.fixture
def cloud(make_cloud: Callable[[], Cloud]) -> Cloud:
    made = make_cloud()
    made.migrate()
    return made


def test_events_of_each_form(cloud: Cloud) -> None:
    """A request is understood alone and as it comes by HTTP, in base64 too, each time in a new loop, and so is its
    repetition; what is no request is refused as it came."""
    instance = cloud.start()
    assert text(instance.call(message("", 0))) == "1"
    body = json.dumps(message("раз", 1))
    by_http = {"httpMethod": "POST", "headers": {}, "body": body, "isBase64Encoded": False}
    answer = instance.call(by_http)
    assert (answer["statusCode"], text(json.loads(answer["body"]))) == (200, "2 раз")
    assert answer["headers"]["Content-Type"] == "application/json; charset=UTF-8"
    encoded = by_http | {"body": b64encode(body.encode()).decode(), "isBase64Encoded": True}
    assert instance.call(encoded) == answer
    assert text(instance.call({"body": message("два", 2)})) == "3 два"
    wrong = {"{": "body", '{"request": {}}': "session", "": "body"}
    for sent, field in wrong.items():
        refused = instance.call(by_http | {"body": sent})
        assert (refused["statusCode"], json.loads(refused["body"])["error"]["field"]) == (400, field)
    broken = instance.call(by_http | {"body": "%", "isBase64Encoded": True})
    assert (broken["statusCode"], "not base64" in broken["body"]) == (400, True)
    with pytest.raises(Gone):
        instance.call({"session": {}})
    assert "RequestError: session.session_id" in instance.end()


def test_killed_instances_lose_nothing(cloud: Cloud) -> None:
    """Six users, whose messages meet whichever of three instances is free, behind a pooler in transaction mode with two
    connections; instances are killed at random moments. Every answer goes on where the user's last one has ended."""
    kills, ending = 6, threading.Event()
    heard: list[list[str]] = [[] for _ in range(6)]
    with pooling(cloud.database, cloud.user, 2) as url:
        platform = Platform(cloud.file, 3, ALICE_JOURNAL=url)

        def talk(user: int) -> None:
            mine = heard[user]
            while not ending.is_set():
                try:
                    mine.append(text(platform.call(message("а" if mine else "", len(mine), f"s{user}"))))
                except Gone:
                    continue  # the platform of Alice sends it again

        with ThreadPoolExecutor(6) as pool:
            talks = [pool.submit(talk, user) for user in range(6)]
            draw = random.Random(1)
            try:
                for kill in range(kills):
                    while sum(map(len, heard)) < 10 * (kill + 1) and not any(talk.done() for talk in talks):
                        time.sleep(draw.uniform(0, 0.01))
                    victim = draw.choice(platform.instances)
                    victim.kill()
                    victim.process.wait()
            finally:
                ending.set()
            for talk_under_way in talks:
                talk_under_way.result(60)
        platform.stop()
    assert heard == [["1", *(f"{n} а" for n in range(2, len(one) + 1))][: len(one)] for one in heard]
    assert sum(map(len, heard)) >= 10 * kills and len(platform.logs) > 3
    kept = cloud.execute("SELECT count(*) FROM tornado_alice.turn")[0][0]
    assert 0 <= kept - sum(map(len, heard)) <= 6, "beyond those a user has at most one whose answer was killed"
    assert not [log for log in platform.logs if "ERROR" in log]


def test_more_cold_instances_than_connections(cloud: Cloud) -> None:
    """Six cold instances at once, where the database lets two in: each answers or apologises in time, what was answered
    is kept, and once there is room all go on."""
    cloud.postgres.execute(f"ALTER ROLE {cloud.user} CONNECTION LIMIT 2")
    cold = [cloud.start() for _ in range(6)]
    for instance in cold:
        instance.wait()
    begun = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        heard = list(pool.map(lambda i: text(cold[i].call(message("", 0, f"s{i}"))), range(6)))
    assert time.monotonic() - begun < 30, "no instance waits for good"
    assert set(heard) == {"1", UNSAVED} and heard.count("1") <= 2
    kept = {row[0] for row in cloud.execute("SELECT session_id FROM tornado_alice.turn")}
    assert kept >= {f"s{i}" for i, said in enumerate(heard) if said == "1"}
    late = heard.index(UNSAVED)
    for i in {*range(6)} - {late}:
        cold[i].kill()
    # the database may not have noticed yet that they are gone
    assert any(text(cold[late].call(message("", 0, f"s{late}"))) == "1" for _ in range(20))
    assert "the journal cannot be used" in cold[late].end()


def test_what_is_not_kept_in_time_is_an_apology(cloud: Cloud) -> None:
    """The time of a turn bounds all that it asks of the database: once it is over, the user hears so."""
    late = cloud.start(TO_KEEP="-60")
    assert text(late.call(message("", 0))) == UNSAVED
    assert "no answer in time" in late.end()
    assert cloud.execute("SELECT count(*) FROM tornado_alice.turn")[0][0] == 0


def test_a_timer_sweeps_and_finishes_what_was_left(cloud: Cloud) -> None:
    """A step whose instance was killed and whose user is silent is finished by a timer's call, once; the same call
    sweeps an old session. The user hears the outcome with the next words."""
    old, dying = cloud.start(), cloud.start(WITHIN="0.1", LASTS="60")
    assert text(old.call(message("", 0, "old"))) == "1"
    cloud.execute("UPDATE tornado_alice.turn SET at = 1")
    assert text(dying.call(message("", 0))) == "1"
    assert "Ещё работаю" in text(dying.call(message("шаг", 1)))
    assert old.call(TIMER) == {"swept": 1, "finished": 0}, "its lease is not over"
    dying.kill()
    cloud.execute("UPDATE tornado_alice.step SET until = now() - interval '1 second'")
    assert old.call(TIMER) == {"swept": 0, "finished": 1}
    assert old.call(TIMER) == {"swept": 0, "finished": 0}
    assert text(cloud.start().call(message("ну как", 2))) == "сделано"
    effects = Path(f"{cloud.file}.effects").read_text().split()
    assert effects == [str(dying.process.pid), str(old.process.pid)]


def test_a_function_makes_no_tables(make_cloud: Callable[[], Cloud]) -> None:
    """On an empty database the user hears an apology and the log names the remedy; nothing was made. Without the name
    of a database the function fails and says which variable is missing."""
    empty = make_cloud()
    instance = empty.start(empty.database)  # as one who might make them
    assert text(instance.call(message("", 0))) == UNSAVED
    assert empty.execute("SELECT to_regnamespace('tornado_alice')")[0][0] is None
    empty.migrate()
    assert text(instance.call(message("", 0))) == "1", "the same instance, once they are there"
    assert "run `python -m tornado_alice migrate`" in instance.end()
    nameless = empty.start("-")
    with pytest.raises(Gone):
        nameless.call(message("", 0))
    assert "ALICE_JOURNAL: postgresql://USER@HOST:PORT/NAME is expected" in nameless.end()


def test_tables_are_made_through_a_pooler_too(make_cloud: Callable[[], Cloud]) -> None:
    """`migrate` may go through a pooler in transaction mode, and again over the same connection of the database."""
    empty = make_cloud()
    with pooling(empty.database, "alice", 1) as url:
        versions = [asyncio.run(PostgresJournal(url).migrate()) for _ in range(3)]
    assert [after for _, after in versions] == [len(MIGRATIONS)] * 3 and versions[0][0] == 0


def test_the_token_of_the_call_is_the_password(cloud: Cloud) -> None:
    """Where no password is given, each connection has the token of the latest call; an old one is an apology."""
    with pooling(cloud.database, cloud.user, 1, password="fresh") as url:
        instance = cloud.start(url)
        assert text(instance.call(message("", 0), token="expired")) == UNSAVED
        assert text(instance.call(message("", 0), token="fresh")) == "1"
        logged = instance.end()
        assert "fresh" not in logged and "the journal cannot be used" in logged


def test_the_example(alice: Any) -> None:
    """The skill of examples/serverless counts letters and words, and is the same script when a server runs it."""
    anna = alice(str(GRANTS.parent / "skill.py"))
    assert anna.enter() == "Назовите слово, а я скажу, сколько в нём букв."
    assert anna.say("кот").startswith("Букв: 3. Это слово номер 1.")
    assert anna.say("хватит").ended
