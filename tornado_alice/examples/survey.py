"""A survey: three questions, and a summary of what was said."""

from tornado_alice import Skill, ask, choice, number, say

skill = Skill(__name__)

PETS = choice(котёнка=("Обожаю кошечек", "кошка", "кошечка"), щенка=("Люблю собак", "собака", "собачка"))


@skill.script
def run_script():
    name = yield from ask("Добрый день! Как вас зовут?")
    age = yield from ask("Сколько вам лет?", number(0), again="Я вас не поняла. Скажите число", attempts=100)
    only = "У вас только два варианта: кошки или собаки"
    pet = yield from ask("Вы любите кошек или собак?", PETS, again=only, attempts=100)
    yield say(f"Рада познакомиться, {name}! Когда вам исполнится {age + 1}, я могу подарить {pet}!", end_session=True)
