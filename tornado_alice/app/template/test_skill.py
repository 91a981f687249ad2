"""Тесты навыка: pytest. `alice()` даёт человека, который говорит с навыком из pytest.ini."""


def test_meets_and_remembers(alice):
    """Навык знакомится, а в следующий раз узнаёт."""
    anna = alice()
    assert anna.enter() == "Здравствуйте! Как вас зовут?"
    assert anna.say("Анна!") == "Приятно познакомиться, Анна! Кого вы любите, кошек или собак?"
    assert anna.tap("Кошек") == "Подарю вам котёнка. До встречи!"
    assert anna.enter().startswith("Снова здравствуйте, Анна!")


def test_understands_without_a_screen(alice):
    """На колонке отвечают словами; повтор и помощь не сбивают с вопроса."""
    anna = alice(screen=False)
    anna.enter()
    question = anna.say("Анна")
    assert anna.say("повтори") == question
    assert anna.say("Что ты умеешь?").endswith(question)
    assert anna.say("Я люблю собаку") == "Подарю вам щенка. До встречи!"


def test_survives_a_restart(alice):
    """Разговор продолжается, если сервер перезапускать перед каждой репликой."""
    anna = alice(always_replay=True)
    for words in ("", "Анна", "не знаю", "не знаю"):
        assert not anna.say(words).ended
    assert anna.say("не знаю") == "Подарю вам котёнка. До встречи!"


def test_leaves(alice):
    """«Хватит» заканчивает разговор на любом вопросе."""
    anna = alice()
    anna.enter()
    assert anna.say("Хватит").ended
