"""A player: melodies one after another, also while nobody speaks; it goes on where the user stopped."""

from tornado_alice import Skill, ask, choice, play, request, say, stop, user

skill = Skill(__name__)

TRACKS = (("Прелюдия", "prelude"), ("Ноктюрн", "nocturne"), ("Вальс", "waltz"))
MENU = choice(on="продолжить", first="сначала", list="список")


def melody(number, offset=0):
    title, name = TRACKS[number % len(TRACKS)]
    user["track"] = number % len(TRACKS)
    return play(f"https://example.com/{name}.mp3", name, offset_ms=offset, title=title)


@skill.command("что ты умеешь", "помощь", intents=("YANDEX.HELP", "YANDEX.WHAT_CAN_YOU_DO"))
def help():
    return "Я включаю музыку. Скажите «продолжить», «сначала», «дальше», «стоп»."


@skill.command("дальше", "следующая")
def skip():
    return say("Следующая.", melody(user.get("track", -1) + 1), end_session=True)


@skill.command("стоп", "хватит")
def quiet():
    return say("Выключаю.", stop(), end_session=True)


@skill.event("AudioPlayer.PlaybackNearlyFinished")
def queue():
    return say(melody(user.get("track", -1) + 1))


@skill.event("AudioPlayer.PlaybackFailed")
def failed():
    if user.get("failures", 0) < len(TRACKS):
        user["failures"] = user.get("failures", 0) + 1
        return say(melody(user.get("track", -1) + 1))
    return say(stop())


@skill.event("AudioPlayer.PlaybackStarted")
def started():
    user["failures"] = 0


@skill.script
def run_script():
    if not request.can("audio_player"):
        yield say("Это устройство не играет музыку. Откройте навык на колонке.", end_session=True)
    wanted = "first"
    if "track" in user:
        wanted = yield from ask("Продолжить или сначала?", MENU, otherwise="on")
    if wanted == "list":
        titles = ", ".join(title for title, _ in TRACKS)
        wanted = yield from ask(f"Есть {titles}. Продолжить или сначала?", MENU, otherwise="on")
    number = user["track"] if wanted == "on" else 0
    yield say(f"{TRACKS[number][0]}.", melody(number), end_session=True)
