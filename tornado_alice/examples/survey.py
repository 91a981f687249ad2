"""A survey: conditions, lemmas, and a summary of what was said."""

from tornado_alice import Skill, request, say, suggest

skill = Skill(__name__)


@skill.script
def run_script():
    yield say("Добрый день! Как вас зовут?")
    name = request.command

    yield say("Сколько вам лет?")
    while not request.matches(r"\d+"):
        yield say("Я вас не поняла. Скажите число")
    age = int(request.command)

    yield say("Вы любите кошек или собак?", suggest("Обожаю кошечек", "Люблю собак"))
    while not request.has_lemmas("кошка", "кошечка", "собака", "собачка"):
        yield say("У вас только два варианта: кошки или собаки")
    pet = "котёнка" if request.has_lemmas("кошка", "кошечка") else "щенка"

    yield say(f"Рада познакомиться, {name}! Когда вам исполнится {age + 1}, я могу подарить {pet}!", end_session=True)
