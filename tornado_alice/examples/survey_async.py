"""The survey as an async generator: it yields what it says and awaits what it does."""

from tornado_alice import Skill, request, say, step, suggest

skill = Skill(__name__)


async def count_letters(name):
    return len(name)


@skill.script
async def run_script():
    yield say("Добрый день! Как вас зовут?")
    name = request.command
    letters = await step(count_letters, name)

    yield say(f"{name}, в вашем имени букв: {letters}. Вы любите кошек или собак?", suggest("Кошек", "Собак"))
    while not request.has_lemmas("кошка", "собака"):
        yield say("У вас только два варианта: кошки или собаки")
    yield say("Я тоже!", end_session=True)
