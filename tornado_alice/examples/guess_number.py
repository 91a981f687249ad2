"""Guess a number: one generator, a loop that is the dialog."""

from tornado_alice import Skill, random, request, say, suggest

skill = Skill(__name__)


@skill.script
def run_script():
    yield say("Я загадала число от 1 до 100. Попробуйте его угадать!", suggest("50", "Сдаюсь"))
    number, tries = random.randint(1, 100), 1
    while not request.matches(str(number)):
        if request.has_lemmas("сдаваться", "хватит"):
            yield say(f"Это было число {number}. Приходите ещё!", end_session=True)
            return
        if not request.matches(r"\d+"):
            yield say("Назовите число цифрами", "Это не похоже на число. Попробуйте ещё раз")
            continue
        tries += 1
        yield say("Моё число больше", "Бери выше") if int(request.command) < number else say("Моё число меньше", "Ниже")
    yield say(f"Верно, это {number}! Попыток: {tries}.", end_session=True)
