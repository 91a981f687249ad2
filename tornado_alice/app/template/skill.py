"""Навык: знакомится, спрашивает, кого вы любите, и помнит это до следующего раза."""

from tornado_alice import Skill, ask, choice, leave, repeat, say, user

skill = Skill(__name__)
skill.command(repeat, leave)  # «повтори», «хватит» и похожие слова, на любой вопрос

PETS = choice(cat="Кошек", dog="Собак")
PRESENTS = {"cat": "котёнка", "dog": "щенка"}


@skill.command("помощь", "что ты умеешь", intents=("YANDEX.HELP", "YANDEX.WHAT_CAN_YOU_DO"))
def help():
    return "Я спрошу, как вас зовут и кого вы любите, и запомню ответ."


@skill.script
def run_script():
    if "name" in user:
        yield from present(f"Снова здравствуйте, {user['name']}!")
    name = yield from ask("Здравствуйте! Как вас зовут?")
    user["name"] = name.title()
    yield from present(f"Приятно познакомиться, {name.title()}!")


def present(greeting):
    """Спросить и попрощаться."""
    pet = yield from ask(f"{greeting} Кого вы любите, кошек или собак?", PETS, otherwise="cat")
    yield say(f"Подарю вам {PRESENTS[pet]}. До встречи!", end_session=True)
