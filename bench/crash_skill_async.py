"""The dialog of crash_skill.py in other code, as a deploy brings it: the same words, draws and steps, as coroutines."""

from crash_skill import count, leave_effect, more

from tornado_alice import Skill, continue_as_new, random, request, say, step

skill = Skill(__name__, reply_within=0.2)


async def play() -> int:
    number, tries = random.randint(1, 10), 1
    await say("Я загадала число от 1 до 10. Какое?")
    while int(request.command) != number:
        tries += 1
        await say(more())
    return tries


@skill.script
async def run_script(played: list[int] | None = None) -> None:
    tries = await play()
    played = [*(played or ()), tries]
    await step(leave_effect).or_say("Считаю")
    await say(f"Верно! Попыток: {await step(count, tries).or_say('Считаю')}. Сыграем ещё?")
    if request.command == "да":
        await continue_as_new(run_script, played=played)
    await say(f"Спасибо за игру! По раундам: {', '.join(map(str, played))}", end_session=True)
