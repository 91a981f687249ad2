from tornado_alice import Skill, request, say, suggest

skill = Skill(__name__)


@skill.script
def run_script():
    yield say("Добрый день! Как вас зовут?")
    name = request.command

    yield say(f"{name}, вы любите кошек или собак?", suggest("Кошек", "Собак"))
    while not request.has_lemmas("кошка", "собака"):
        yield say("У вас только два варианта: кошки или собаки")
    pet = "котёнка" if request.has_lemmas("кошка") else "щенка"

    yield say(f"Подарю вам {pet}, {name}!", end_session=True)
