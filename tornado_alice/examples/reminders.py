"""Reminders: a day and an hour as people say them, a list that the platform keeps, one taken off again."""

from datetime import datetime

from tornado_alice import Skill, ask, leave, now, number, plural, repeat, request, say, user, yes_no

skill = Skill(__name__)
skill.command(repeat, leave)

MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()  # noqa: SIM905


@skill.command("помощь", "что ты умеешь", intents=("YANDEX.HELP", "YANDEX.WHAT_CAN_YOU_DO"))
def help():
    return "Я запоминаю дела: скажите, что и когда. «Список» перечислит их, «удали» уберёт одно."


@skill.command("список", "что у меня", "какие дела")
def show():
    return listed()


@skill.command("удали", "удали дело")
def remove():
    if not user.get("things"):
        return "Список пуст."
    n = yield from ask(f"{listed()} Какое удалить?", number(1, len(user["things"])), again="Назовите номер дела.")
    if n is None:
        return "Ничего не удаляю."
    return f"Удалила: {user['things'].pop(n - 1)['what']}."


def listed():
    things = user.get("things", [])
    said = "; ".join(f"{n}: {thing['what']}, {spoken(thing['at'])}" for n, thing in enumerate(things, 1))
    return f"У вас {len(things)} {plural(len(things), 'дело', 'дела', 'дел')}. {said}.".replace(" .", "")


def spoken(at):
    moment = datetime.fromisoformat(at)
    day = "сегодня" if moment.date() == now().date() else f"{moment.day} {MONTHS[moment.month - 1]}"
    return f"{day} в {moment:%H:%M}"


def moment(request):
    """The moment that was named, if it is still to come."""
    found = [one.upcoming for one in request.dates if one.time is not None]
    return next((at for at in found if at is not None and at > now()), None)


@skill.script
def run_script():
    question = "О чём напомнить?" if user.get("things") else "Я запомню ваши дела. О чём напомнить?"
    while True:
        what = yield from ask(question)
        at = moment(request) or (
            yield from ask("Когда?", moment, again="Назовите день и час, например: завтра в семь.")
        )
        if at is None:
            question = "Не поняла, когда. О чём напомнить?"
            continue
        user["things"] = [*user.get("things", []), {"what": what, "at": at.isoformat()}]
        if not (
            yield from ask(f"Запомнила: {what}, {spoken(at.isoformat())}. Что-нибудь ещё?", yes_no, otherwise=False)
        ):
            yield say("Хорошего дня!", end_session=True)
        question = "О чём напомнить?"
