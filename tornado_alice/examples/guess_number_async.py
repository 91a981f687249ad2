"""Guess a number as coroutines: sub-scripts are awaited like anything else."""

from tornado_alice import Skill, random, request, say

skill = Skill(__name__)


async def ask_number(*phrases):
    await say(*phrases)
    while not request.matches(r"\d+"):
        await say("Назовите число цифрами")
    return int(request.command)


@skill.script
async def run_script():
    number, tries = random.randint(1, 100), 1
    guess = await ask_number("Я загадала число от 1 до 100. Какое?")
    while guess != number:
        tries += 1
        guess = await ask_number("Больше" if guess < number else "Меньше")
    await say(f"Верно! Попыток: {tries}.", end_session=True)
