"""What the bundled skill says, in Russian and English. Texts only."""

from typing import Any

RU = {
    "hello": "Я знаю число пи. Какую цифру после запятой назвать? Ещё я умею читать цифры, искать в них дату и "
    "тренировать память.",
    "menu": "Какую цифру назвать?",
    "help": "Скажите номер цифры, например: «тысячную». Скажите «прочитай с сотой», и я прочту двадцать цифр. Скажите "
    "«найди 14 марта 1990», и я найду эту дату в числе пи. Скажите «тренировка», и мы будем запоминать цифры.",
    "what": "Назовите номер цифры, например: сто. Или скажите «помощь».",
    "range": "Я считаю цифры с первой по {limit}. Назовите номер поменьше.",
    "digit": "Цифра номер {n} после запятой: {digit}.",
    "computing": "Считаю число пи до знака номер {n}. Спросите меня через несколько секунд.",
    "computing_more": "Считаю, скоро будет готово. Спросите ещё раз.",
    "failed": "Не получилось посчитать: {error}. Попробуйте другой номер.",
    "busy": "Сейчас слишком много задач. Попробуйте через минуту.",
    "away": "Сейчас я не могу посчитать: счётом занят другой процесс. Попробуйте позже.",
    "locked": "Сейчас я не могу записать задачу: её список занят. Попробуйте через минуту.",
    "full": "Сейчас я не могу посчитать: на диске сервера кончилось место. Попробуйте позже, когда его освободят.",
    "read_only": "Сейчас я не могу посчитать: серверу не разрешено записывать. Попробуйте позже, когда это исправят.",
    "damaged": "Мои записанные цифры испортились, я считаю их заново. Спросите меня через минуту.",
    "broken": "Сейчас я не могу посчитать: список задач не открывается. Попробуйте позже.",
    "read": "С позиции {start}: {digits}. Читать дальше?",
    "find_what": "Скажите дату или от одной до двадцати цифр, например: найди 14 марта 1990.",
    "found": "{sequence}: есть! Начиная с цифры номер {position} после запятой.",
    "not_found": "{long} среди первых {searched} цифр нет.",
    "found_short": "Целиком, {long}, среди первых {searched} цифр нет. А {sequence} есть: с цифры номер {position}.",
    "train": "Запоминаем цифры после запятой. Ваш рекорд: {record}. Повторите: {digits}",
    "right": "Верно! Теперь так: {digits}",
    "record": "Верно, это новый рекорд: {record}! Теперь так: {digits}",
    "wrong": "Не совсем. Правильно было: {digits}. Ваш рекорд: {record}. Ещё раз?",
    "bye": "До встречи! Пи никуда не денется.",
    "buttons": ("Тысячную", "Прочитай", "Найди дату", "Тренировка", "Помощь"),
    "again": ("Да", "Хватит"),
    "more": ("Дальше", "Хватит"),
}

EN = {
    "hello": "I know pi. Which digit after the point shall I tell? I can also read digits, find a date in them and "
    "train your memory.",
    "menu": "Which digit shall I tell?",
    "help": "Say the number of a digit, for example: thousandth. Say «read from one hundred», and I read twenty. "
    "Say «find 14 march 1990», and I look for this date in pi. Say «training», and we memorise digits.",
    "what": "Say the number of a digit, for example: one hundred. Or say «help».",
    "range": "I count digits from the first to number {limit}. Say a smaller number.",
    "digit": "Digit number {n} after the point: {digit}.",
    "computing": "Computing pi up to digit number {n}. Ask me in a few seconds.",
    "computing_more": "Computing, it will be ready soon. Ask again.",
    "failed": "It could not be computed: {error}. Try another number.",
    "busy": "There are too many jobs now. Try again in a minute.",
    "away": "I cannot compute right now: another process has the digits. Try again later.",
    "locked": "I cannot note the job right now: the list of jobs is in use. Try again in a minute.",
    "full": "I cannot compute right now: the server's disk is full. Try again later, once there is space.",
    "read_only": "I cannot compute right now: the server may not write to its disk. Try again later, once it may.",
    "damaged": "The digits I had written down are damaged, I compute them again. Ask me in a minute.",
    "broken": "I cannot compute right now: the list of jobs does not open. Try again later.",
    "read": "From position {start}: {digits}. Shall I go on?",
    "find_what": "Say a date or one to twenty digits, for example: find 14 march 1990.",
    "found": "{sequence}: yes! It starts at digit number {position} after the point.",
    "not_found": "{long} is not among the first {searched} digits.",
    "found_short": "The whole {long} is not among the first {searched} digits, but {sequence} is, at {position}.",
    "train": "Let us memorise the digits after the point. Your record: {record}. Repeat: {digits}",
    "right": "Right! Now this: {digits}",
    "record": "Right, a new record: {record}! Now this: {digits}",
    "wrong": "Not quite. It was: {digits}. Your record: {record}. Once more?",
    "bye": "See you! Pi is not going anywhere.",
    "buttons": ("Thousandth", "Read", "Find a date", "Training", "Help"),
    "again": ("Yes", "Enough"),
    "more": ("More", "Enough"),
}

#: What the user may want, by lemmas that mean it.
INTENTS = {
    "stop": "хватит стоп выход выйти закончить нет пока stop enough exit no bye",
    "help": "помощь помочь уметь help",
    "find": "найти искать поискать найди find search",
    "read": "прочитать читать продиктовать назови_цифры read recite",
    "train": "тренировка тренировать тренироваться запоминать запомнить память training train memory",
    "more": "далёкий далеко дальше ещё да продолжать more yes continue",
}


def phrases(locale: str) -> dict[str, Any]:
    """The phrases for a locale of the platform: English for ``en-*``, Russian for all others."""
    return EN if locale.lower().startswith("en") else RU
