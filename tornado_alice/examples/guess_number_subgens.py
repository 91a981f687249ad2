"""Guess a number with sub-scripts: each question is a generator of its own, called with ``yield from``."""

from tornado_alice import Skill, random, request, say, suggest

skill = Skill(__name__)


def ask_number(*phrases):
    yield say(*phrases)
    while not request.matches(r"\d+"):
        yield say("Назовите число цифрами")
    return int(request.command)


def ask_yes_no(phrase):
    yield say(phrase, suggest("Да", "Нет"))
    while not request.has_lemmas("да", "нет"):
        yield say("Скажите, да или нет", suggest("Да", "Нет"))
    return request.has_lemmas("да")


def play(low, high):
    number, tries = random.randint(low, high), 1
    guess = yield from ask_number(f"Я загадала число от {low} до {high}. Какое?")
    while guess != number:
        tries += 1
        guess = yield from ask_number("Больше" if guess < number else "Меньше")
    return tries


@skill.script
def run_script():
    best = yield from play(1, 10)
    while (yield from ask_yes_no(f"Верно! Лучший результат, попыток: {best}. Сыграем ещё?")):
        best = min(best, (yield from play(1, 10)))
    yield say("Спасибо за игру!", end_session=True)
