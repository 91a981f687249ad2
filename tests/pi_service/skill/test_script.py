"""The bundled skill: digits, reading, dates, training, long work; in Russian and English."""

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pi_service.errors import QueueFull, StoreUnavailable, WorkerDied
from pi_service.jobs import NewEvent, Stage
from pi_service.service import Service
from pi_service.skill import make_skill
from pi_service.testing import MemoryEngine, digits_of_pi
from tornado_alice import Skill
from tornado_alice.testing import make_request


class Talk:
    """A user's dialog with the skill."""

    def __init__(self, skill: Skill, locale: str = "ru-RU") -> None:
        self.skill, self.n, self.locale, self.user = skill, 0, locale, {}

    async def say(self, command: str, **fields: Any) -> str:
        sent = make_request(command, self.n, state={"user": self.user}, meta={"locale": self.locale}, **fields)
        self.n += 1
        whole = await self.skill.handle(sent)
        self.user |= whole.get("user_state_update", {})
        self.whole = whole
        return whole["response"]["text"]


@pytest.fixture
def skill(service: Service) -> Skill:
    return make_skill(service)


@pytest.mark.gen_test
async def test_digit_by_number(skill: Skill, service: Service) -> None:
    """A number in digits, words or the platform's entities gives its digit; the job is in the service."""
    talk, pi = Talk(skill), digits_of_pi(1000)
    assert (await talk.say("")).startswith("Я знаю число пи")
    assert await talk.say("тысячную") == f"Цифра номер 1000 после запятой: {pi[1000]}."
    assert await talk.say("двадцать пять") == f"Цифра номер 25 после запятой: {pi[25]}."
    entity = {"nlu": {"entities": [{"type": "YANDEX.NUMBER", "value": 42}]}, "command": "сорок вторую"}
    assert await talk.say("", request=entity) == f"Цифра номер 42 после запятой: {pi[42]}."
    assert service.job(1000).digit == int(pi[1000])


@pytest.mark.gen_test
async def test_bad_numbers(skill: Skill) -> None:
    """A number out of range names the limit; what is no number is asked for again."""
    talk = Talk(skill)
    await talk.say("")
    assert await talk.say("ноль") == "Я считаю цифры с первой по 1000000. Назовите номер поменьше."
    assert await talk.say("9" * 300) == "Я считаю цифры с первой по 1000000. Назовите номер поменьше."
    assert (await talk.say("какая погода")).startswith("Назовите номер цифры")


@pytest.mark.gen_test
async def test_long_work_is_announced_and_told_later(skill: Skill, engine: MemoryEngine) -> None:
    """What takes longer than a turn is announced; the digit comes with a later phrase, computed once."""
    from dataclasses import replace

    skill.options = replace(skill.options, reply_within=0.05)
    talk = Talk(skill)
    await talk.say("")
    engine.gate.clear()
    assert (await talk.say("пятисотую")).startswith("Счита")
    assert (await talk.say("ну что")).startswith("Считаю")
    engine.gate.set()
    while (said := await talk.say("ну что")).startswith("Считаю"):
        pass
    assert said == f"Цифра номер 500 после запятой: {digits_of_pi(500)[500]}."
    assert engine.asked == [500]


@pytest.mark.gen_test
async def test_reading_goes_on(skill: Skill) -> None:
    """Twenty digits from a position, then the next twenty, until the user has had enough."""
    talk, pi = Talk(skill), digits_of_pi(200)
    await talk.say("")

    def shown(start: int):
        digits = pi[start : start + 20]
        return " ".join(digits[i : i + 5] for i in range(0, 20, 5))

    assert await talk.say("прочитай с сотой") == f"С позиции 100: {shown(100)}. Читать дальше?"
    assert talk.whole["response"]["tts"] == f"С позиции 100: {' '.join(pi[100:120])}. Читать дальше?"
    assert await talk.say("да") == f"С позиции 120: {shown(120)}. Читать дальше?"
    assert await talk.say("хватит") == "Какую цифру назвать?"


@pytest.mark.gen_test
async def test_date_is_found(tmp_path: Path, engine: MemoryEngine) -> None:
    """A date is looked for whole, with a short year, and without one; digits are looked for as they are."""
    service = Service(tmp_path / "small", engine=engine, max_digits=2000)
    await service.start()
    talk, pi = Talk(make_skill(service)), digits_of_pi(2000)
    await talk.say("")
    first = pi.index("2712", 1)
    assert "271290" not in pi
    assert await talk.say("найди мой день рождения 27 декабря 1990") == (
        f"Целиком, 27121990, среди первых 2000 цифр нет. А 2712 есть: с цифры номер {first}."
    )
    assert (await talk.say("найди")).startswith("Скажите дату")
    assert await talk.say("один четыре один пять девять") == "14159: есть! Начиная с цифры номер 1 после запятой."
    assert await talk.say("найди 12345678901234567890") == "12345678901234567890 среди первых 2000 цифр нет."
    await service.stop()


@pytest.mark.gen_test
async def test_training_keeps_its_record_with_the_user(skill: Skill) -> None:
    """Training asks for one digit more each time, corrects, and keeps the record in the user's state."""
    talk = Talk(skill)
    await talk.say("")
    assert await talk.say("тренировка") == "Запоминаем цифры после запятой. Ваш рекорд: 0. Повторите: 141"
    assert await talk.say("один четыре один") == "Верно, это новый рекорд: 3! Теперь так: 1415"
    assert talk.user == {"pi_record": 3}
    assert await talk.say("1 4 1 6") == "Не совсем. Правильно было: 1415. Ваш рекорд: 3. Ещё раз?"
    assert (await talk.say("да")).endswith("Повторите: 1415")
    assert (await talk.say("1415")).startswith("Верно, это новый рекорд: 4!")
    assert await talk.say("хватит") == "Какую цифру назвать?"
    assert await talk.say("хватит") == "До встречи! Пи никуда не денется."
    talk.n, other = 0, Talk(skill)
    other.user = talk.user
    await other.say("", session={"session_id": "another"})


@pytest.mark.gen_test
async def test_failures_are_told(skill: Skill, engine: MemoryEngine, service: Service, logs: Any) -> None:
    """A computation that fails, and a full queue, are told in words; asking again tries again."""
    talk = Talk(skill)
    await talk.say("")
    engine.failures.extend(WorkerDied("убит") for _ in range(3))
    assert await talk.say("300") == "Не получилось посчитать: убит. Попробуйте другой номер."
    for _ in range(3):
        logs.take("n=300 .*убит|n=300 failed: убит")
    assert (await talk.say("300")).startswith("Цифра номер 300")

    def full(n: int):
        raise QueueFull("the queue is full")

    service.submit = full
    assert await talk.say("700") == "Сейчас слишком много задач. Попробуйте через минуту."


@pytest.mark.gen_test
async def test_service_of_another_process(tmp_path: Path) -> None:
    """Without the service in its own process the skill talks on and says what it cannot do."""
    talk = Talk(make_skill(Service(tmp_path, engine=MemoryEngine())))
    await talk.say("")
    assert (await talk.say("сотую")).startswith("Сейчас я не могу посчитать")
    assert (await talk.say("помощь")).startswith("Скажите номер цифры")


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("spoil", "russian", "english"),
    [
        ("BEGIN IMMEDIATE", "её список занят", "the list of jobs is in use"),
        ("PRAGMA max_page_count = 1", "на диске сервера кончилось место", "the server's disk is full"),
        ("PRAGMA query_only = ON", "серверу не разрешено записывать", "the server may not write to its disk"),
    ],
)
async def test_trouble_of_the_store(
    skill: Skill, service: Service, tmp_path: Path, spoil: str, russian: str, english: str
) -> None:
    """A database that is locked, full or read-only is told as what it is, and no other process is blamed."""
    store = service._parts.store
    with closing(sqlite3.connect(tmp_path / "data" / "jobs.sqlite", isolation_level=None)) as other:
        (other if "BEGIN" in spoil else store._db).execute(spoil)
        with pytest.raises(StoreUnavailable):  # a full database has room in its pages for some rows
            for n in count(1000):
                store.record(n, NewEvent(Stage.REGISTERED))
        for locale, told in (("ru-RU", russian), ("en-US", english)):
            talk = Talk(skill, locale)
            await talk.say("", session={"session_id": locale})
            assert told in await talk.say("200", session={"session_id": locale})


@pytest.mark.gen_test
async def test_damaged_digits(skill: Skill, service: Service, tmp_path: Path, logs: Any) -> None:
    """Digits that were altered on disk are not read out; asked again, the skill reads the right ones."""
    talk, pi = Talk(skill), digits_of_pi(1000)
    await talk.say("")
    await talk.say("тысячную")
    (tmp_path / "data" / "digits.txt").write_text("3" * 1001)
    assert (await talk.say("прочитай с первой")).startswith("Мои записанные цифры испортились")
    assert f"{pi[1:6]} {pi[6:11]}" in await talk.say("прочитай с первой")
    logs.take("digits of 1 stored jobs are lost")


@pytest.mark.gen_test
async def test_damaged_store(skill: Skill, service: Service) -> None:
    """A database that does not open is told as that."""
    service._parts.store._db.close()
    talk = Talk(skill)
    await talk.say("")
    assert await talk.say("200") == "Сейчас я не могу посчитать: список задач не открывается. Попробуйте позже."


@pytest.mark.gen_test
async def test_english(skill: Skill) -> None:
    """A user whose locale is English is answered in English."""
    talk = Talk(skill, "en-US")
    assert (await talk.say("")).startswith("I know pi")
    assert await talk.say("one hundred") == f"Digit number 100 after the point: {digits_of_pi(100)[100]}."
    assert (await talk.say("read from ten")).startswith("From position 10: ")
    assert await talk.say("enough") == "Which digit shall I tell?"
