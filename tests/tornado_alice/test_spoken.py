"""speech(), numbers in words, rotations."""

from itertools import pairwise
from typing import Any

import pytest

from tornado_alice import ReplyError, Rotation, Skill, effect, in_words, pause, plural, say, speech, voice
from tornado_alice.testing import Dialog


def test_speech_is_shown_without_marks_and_read_with_them() -> None:
    """Stress, pauses, sounds and voices are in tts, whether they came as pieces or within the text; text has none."""
    reply = say(
        speech(
            "Дв+ерь<speaker effect='megaphone'>:", effect("things-door-1"), pause(50), voice("zahar"), "sil <[9]>кт+о?"
        )
    )
    assert reply["text"] == "Дверь: кто?"
    assert reply["tts"] == (
        "Дв+ерь<speaker effect='megaphone'>: "
        '<speaker audio="alice-sounds-things-door-1.opus"> sil <[50]> <speaker voice="zahar"> sil <[9]>кт+о?'
    )


@pytest.mark.parametrize("text", ["2+2=4", "C++", "+7 900", "a + б"])
def test_a_plus_that_stresses_nothing_is_shown(text: str) -> None:
    """Only a plus right before a Russian vowel is a mark."""
    assert say(speech(text))["text"] == text


def test_the_chosen_phrase_brings_its_own_tts() -> None:
    """Of several phrases with and without marks the chosen one is read as it is written; a tts by hand is kept."""
    for _ in range(50):
        reply = say(speech("за+мок"), speech("замо+к"), "дом")
        assert reply.get("tts") == {"дом": None}.get(reply["text"], reply.get("tts"))
        assert type(reply["text"]) is str
    assert {say(speech("д+а"), "нет").get("tts") for _ in range(50)} == {"д+а", None}
    assert say(speech("д+а"), tts="да-а")["tts"] == "да-а"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pause(0), "1 to 10000 whole milliseconds, got 0"),
        (lambda: pause(1.5), "got 1.5"),  # type: ignore[arg-type]
        (lambda: effect(""), "effect.*got ''"),
        (lambda: voice('zahar">'), "voice.*got"),
        (lambda: speech("a", 5), "speech.. takes text.*got 5"),  # type: ignore[arg-type]
    ],
)
def test_wrong_marks_are_told(make: Any, message: str) -> None:
    """A mark that Alice would read aloud as text is an error where it is made."""
    with pytest.raises(ReplyError, match=message):
        make()


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "ноль"),
        (11, "одиннадцать"),
        (100, "сто"),
        (342, "триста сорок два"),
        (1_001, "одна тысяча один"),
        (22_000, "двадцать две тысячи"),
        (1_000_000, "один миллион"),
        (5_011_000_119, "пять миллиардов одиннадцать миллионов сто девятнадцать"),
        (-12, "минус двенадцать"),
        (10**15, "1000000000000000"),
    ],
)
def test_numbers_in_words(n: int, words: str) -> None:
    """Numbers are told as people tell them."""
    assert in_words(n) == words


def test_gender_of_a_number() -> None:
    """One and two agree with what they count; thousands are feminine whatever is counted."""
    assert [in_words(n, "feminine") for n in (1, 2, 32)] == ["одна", "две", "тридцать две"]
    assert [in_words(n, "neuter") for n in (1, 2, 2_001)] == ["одно", "два", "две тысячи одно"]
    with pytest.raises(ValueError, match="masculine, feminine, neuter, got 'm'"):
        in_words(1, "m")  # type: ignore[arg-type]


def test_plural() -> None:
    """The form of a noun after every number up to 130, as the grammar has it, and after negative ones."""
    one = {n for n in range(131) if plural(n, "1", "2", "5") == "1"}
    few = {n for n in range(131) if plural(n, "1", "2", "5") == "2"}
    assert one == {n for n in range(131) if n % 10 == 1 and n not in (11, 111)}
    assert few == {n for n in range(131) if n % 10 in (2, 3, 4) and n // 10 not in (1, 11)}
    assert plural(-1, "1", "2", "5") == "1" and plural(0.5, "1", "2", "5") == "2"


PRAISE = Rotation("раз", "два", "три")


def rotating() -> Skill:
    skill = Skill("rotating")

    @skill.script
    def run():
        while True:
            yield say(PRAISE.next())

    return skill


@pytest.mark.usefixtures("replay_mode")
def test_no_phrase_is_repeated_until_the_others_were_said() -> None:
    """Each round says all phrases, no round begins with the last one; sessions do not disturb each other."""
    skill = rotating()
    with Dialog(skill) as alice:
        heard = [alice.say()] + [alice.say("ещё") for _ in range(8)]
        with Dialog(rotating()) as other:
            other.say()
        heard += [alice.say("ещё") for _ in range(3)]
    rounds = [heard[i : i + 3] for i in range(0, 12, 3)]
    assert all(set(said) == {"раз", "два", "три"} for said in rounds)
    assert all(first != second for first, second in pairwise(heard))
