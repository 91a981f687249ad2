"""A quiz: three questions drawn at random, a hint, a record that lasts from dialog to dialog."""

from tornado_alice import Rotation, Skill, ask, choice, command, leave, plural, random, repeat, say, user, yes_no

skill = Skill(__name__)
skill.command(repeat, leave)

QUESTIONS = (
    ("Какая планета ближе всех к Солнцу?", choice("Меркурий", "Венера", "Марс"), "Меркурий", "Она меньше всех."),
    ("Сколько лап у паука?", choice("шесть", "восемь", "десять"), "восемь", "Больше, чем у жука."),
    ("Какая река длиннее?", choice("Волга", "Лена", "Нева"), "Лена", "Она течёт в Сибири."),
    ("Кто написал «Евгения Онегина»?", choice("Пушкин", "Гоголь", "Чехов"), "Пушкин", "Это роман в стихах."),
)
RIGHT, WRONG = Rotation("Верно!", "Точно!", "Правильно!"), Rotation("Нет.", "Увы.", "Не угадали.")


@skill.command("помощь", "что ты умеешь", intents=("YANDEX.HELP", "YANDEX.WHAT_CAN_YOU_DO"))
def help():
    return "Я задаю вопросы, а вы выбираете ответ. Можно сказать «подсказка», «повтори» или «хватит»."


@skill.script
def run_script():
    if not (yield from ask("Сыграем в викторину? Три вопроса, в каждом три ответа.", yes_no, otherwise=True)):
        yield bye()
    while True:
        score = yield from play_round()
        best = user["best"] = max(score, user.get("best", 0))
        total = f"{score} {plural(score, 'очко', 'очка', 'очков')}, рекорд {best}"
        if not (yield from ask(f"У вас {total}. Ещё раз?", yes_no, otherwise=False)):
            yield bye()


def play_round():
    score, before = 0, ""
    for text, options, answer, hint in random.sample(QUESTIONS, 3):
        hints = [command("подсказка", "подскажи", answer=hint)]
        said = yield from ask(
            f"{before} {text}".strip(), options, again=f"Выберите: {', '.join(options.buttons)}.", commands=hints
        )
        score += said == answer
        before = RIGHT.next() if said == answer else f"{WRONG.next()} Это {answer}."
    return score


def bye():
    return say("Приходите ещё!", end_session=True)
