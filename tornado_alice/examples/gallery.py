"""Cards, buttons with payloads, and a record that the platform keeps for the user."""

from tornado_alice import Skill, button, item, items, request, say

skill = Skill(__name__)

CITIES = {"moscow": "Москва", "kazan": "Казань", "perm": "Пермь"}


def menu():
    return items(*(item(title=name, payload={"city": key}) for key, name in CITIES.items()), header="Города")


@skill.script
def run_script():
    visits = int(request.state("user").get("visits", 0)) + 1
    yield say(f"Это ваш визит номер {visits}. Какой город показать?", menu(), user_state_update={"visits": visits})
    seen = []
    while not request.has_lemmas("хватит", "всё"):
        city = (request.payload or {}).get("city") or next(
            (key for key, name in CITIES.items() if request.has_lemmas(name)), None
        )
        if city is None:
            yield say("Такого города я не знаю. Выберите из списка", menu())
            continue
        seen.append(CITIES[city])
        yield say(f"{CITIES[city]}! Ещё?", menu(), button("Хватит", hide=True), session_state={"seen": seen})
    yield say("Вы видели: " + (", ".join(seen) or "ничего") + ".", end_session=True)
