from tornado_alice import Skill, request, say, step

skill = Skill(__name__)
handler = skill.handler


async def look_up(word):
    return len(word)  # here: ask a service, write to a database


@skill.script
def run_script():
    yield say("Назовите слово, а я скажу, сколько в нём букв.")
    told = 0
    while not request.has_lemmas("хватит", "стоп"):
        count = yield step(look_up, request.command)
        told += 1
        yield say(f"Букв: {count}. Это слово номер {told}. Назовите следующее или скажите «хватит».")
    yield say(f"Слов было {told}. До свидания!", end_session=True)
