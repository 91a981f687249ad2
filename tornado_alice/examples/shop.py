"""A shop: a basket, a service that is asked once for each order, account linking and payment."""

from tornado_alice import (
    Skill,
    ask,
    choice,
    confirm_purchase,
    idempotency_key,
    leave,
    link_account,
    number,
    plural,
    product,
    purchase,
    repeat,
    request,
    say,
    session_state,
    step,
    user,
    yes_no,
)

skill = Skill(__name__)
skill.command(repeat, leave)

PIZZAS = {"margherita": ("Маргарита", 450), "pepperoni": ("Пепперони", 550), "cheese": ("Четыре сыра", 600)}
SORTS = choice(margherita="Маргарита", pepperoni="Пепперони", cheese=("Четыре сыра", "сырная"))
KEY = "the merchant key that the platform gives"


@skill.command("помощь", "что ты умеешь", intents=("YANDEX.HELP", "YANDEX.WHAT_CAN_YOU_DO"))
def help():
    return "Я принимаю заказы на пиццу: выберите сорт и сколько, потом оплатите."


@skill.command("что в корзине", "корзина")
def show_basket():
    return f"В корзине {describe(session_state.get('basket', {}))}."


def describe(basket):
    parts = [f"{n} {plural(n, 'пицца', 'пиццы', 'пицц')} «{PIZZAS[sort][0]}»" for sort, n in basket.items()]
    return ", ".join(parts) or "пусто"


def send_order(basket, account, token):
    """Ask the shop's own service; the key keeps an order from being sent twice."""
    return {"number": idempotency_key().rpartition("/")[0][-8:], "account": account, "for": describe(basket)}


@skill.script
def run_script():
    basket = session_state["basket"] = dict(user.get("basket", {}))  # of the last visit, if they are logged in
    while True:
        sort = yield from ask("Какую пиццу?", SORTS, again="Есть Маргарита, Пепперони и Четыре сыра.", otherwise=bye())
        many = yield from ask("Сколько?", number(1, 20), again="Назовите число от 1 до 20.", otherwise=1)
        basket[sort] = basket.get(sort, 0) + many
        user["basket"] = session_state["basket"] = basket
        if not (yield from ask(f"В корзине {describe(basket)}. Что-нибудь ещё?", yes_no, otherwise=False)):
            break
    if not request.account_id and not (yield from link_account("Чтобы заказать, войдите в аккаунт.")):
        yield bye()
    yield from pay(basket)


def pay(basket):
    total = sum(PIZZAS[sort][1] * n for sort, n in basket.items())
    goods = [product(sort, PIZZAS[sort][0], PIZZAS[sort][1], quantity=n) for sort, n in basket.items()]
    offer = purchase("order", *goods, caption="Пицца", merchant_key=KEY, saying=f"К оплате {total} рублей.")
    if not (yield from offer):
        yield say("Хорошо, корзину я запомню.", end_session=True)
    order = yield step(send_order, basket, request.account_id, request.access_token).or_say("Оформляю.")
    user["basket"] = {}
    yield say(f"Спасибо! Заказ {order['number']}: {order['for']}.", confirm_purchase(), end_session=True)


def bye():
    return say("Возвращайтесь, когда проголодаетесь!", end_session=True)
