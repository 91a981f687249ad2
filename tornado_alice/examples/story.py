"""A story with choices: each place is a function, and the bag is what was picked up on the way."""

from tornado_alice import Skill, ask, choice, effect, pause, repeat, say, speech, yes_no

skill = Skill(__name__)
skill.command(repeat)


@skill.command("помощь", "что ты умеешь", intents=("YANDEX.HELP", "YANDEX.WHAT_CAN_YOU_DO"))
def help():
    yield say("Это сказка. Выбирайте, что делать дальше.")


@skill.command("хватит", "выйти", "стоп")
def leave():
    if (yield from ask("Точно закончить сказку?", yes_no, otherwise=True)):
        yield say("До новых сказок!", end_session=True)


@skill.script
def run_script():
    beginning = speech("Жил-был кот.", pause(300), "Хотите узнать, что с ним было?")
    if not (yield from ask(beginning, yes_no, otherwise=True)):
        yield say("Тогда в другой раз.", end_session=True)
    yield from forest(bag=[])


def forest(bag):
    ways = choice(left=("налево", "к реке"), right=("направо", "к дому"))
    way = yield from ask("Вышел кот в лес. Налево река, направо дом. Куда пойдёт кот?", ways, otherwise="left")
    yield from (river(bag) if way == "left" else house(bag))


def river(bag):
    acts = choice(fish="ловить рыбу", back=("вернуться", "назад"))
    act = yield from ask("В реке плещется рыба. Ловить рыбу или вернуться?", acts, otherwise="back")
    if act == "fish" and "рыба" not in bag:
        bag.append("рыба")
        yield say("Кот поймал рыбу и положил её в мешок. Идём дальше?")
    yield from house(bag) if bag else forest(bag)


def house(bag):
    knock = speech(effect("things-door-1"), "В доме живёт пёс.", pause(200), "Постучать?")
    if not (yield from ask(knock, yes_no, again="Постучать в дверь?", otherwise=True)):
        yield from forest(bag)
    elif "рыба" in bag:
        yield say("Пёс открыл дверь, кот угостил его рыбой, и они подружились. Конец.", end_session=True)
    else:
        yield say("Пёс залаял, и кот убежал домой. Конец.", end_session=True)
