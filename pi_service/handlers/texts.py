"""Every word of the pages, in Russian and in English; templates call the chosen dictionary `t`.

What scripts of the pages say is under the key `js`; it travels to them in a data attribute.
Names in braces are filled in by the reader: `t["limit_hint"].format(n=number(10**7, "ru"))`.
"""

from datetime import UTC, datetime
from typing import Any

#: The first language is the one of a reader whose browser asks for neither.
LANGUAGES = ("ru", "en")

RU: dict[str, Any] = {
    "site": "Число π, знак за знаком",
    "point": ",",
    "skip": "К содержанию",
    "home": "Все вычисления",
    "other_language": "English",
    "lede": "Назовите номер знака после запятой — все ядра этой машины найдут его и всё число π до него, "
    "а ход работы виден здесь сразу.",
    "form_label": "Какой знак числа π найти?",
    "form_hint": "Целое число от 1 до {n}",
    # the server's own message, in English, follows this
    "form_wrong": "Нужно целое число от 1 до {n}.",
    "form_submit": "Вычислить",
    "charts_title": "Последний час",
    "charts": {
        "jobs": "Вычислений в минуту",
        "queue": "Очередь",
        "turns": "Реплик в секунду",
        "sessions": "Живых сессий",
    },
    "table_title": "Вычисления",
    "table_empty": "Здесь пока пусто",
    "table_empty_hint": "Начните с любого из этих знаков — первые два будут готовы раньше, чем вы моргнёте.",
    "table_none": "Под этот отбор ничего не подходит",
    "table_reset": "Показать все",
    "filter_status": "Состояние",
    "filter_any": "любое",
    "filter_n": "Номер знака",
    "order": "Порядок",
    "orders": {
        "-registered_at": "сначала новые",
        "registered_at": "сначала старые",
        "n": "номер растёт",
        "-n": "номер убывает",
        "-seconds": "сначала долгие",
    },
    "col_n": "Знак №",
    "col_digit": "Цифра",
    "col_status": "Состояние",
    "col_seconds": "Время счёта",
    "col_registered": "Добавлено",
    "col_actions": "Действия",
    "cancel": "Отменить",
    "remove": "Удалить",
    "retry": "Повторить",
    "earlier": "Назад",
    "later": "Вперёд",
    "pages": "Страницы таблицы",
    "job_title": "{n}‑й знак числа π",
    "job_answer": "На месте {n} после запятой стоит",
    "job_attempt": "Попытка",
    "job_finished": "Закончено",
    "job_progress": "Готово",
    "job_speed": "Скорость",
    "job_speed_value": "{n} знаков в секунду",
    "job_share": "{n}‑й знак числа π — {digit}",
    "job_share_open": "Какой {n}‑й знак числа π?",
    "job_share_text": "…{before}[{digit}]{after}…",
    "copy_link": "Скопировать ссылку",
    "attempt_title": "Попытка {n}",
    "time_title": "Куда ушло время",
    "time_hint": "Всё измерено: части длятся от события до события на сервере.",
    "phases": {
        "queue": "очередь",
        "computing": "счёт",
        "splitting": "ряд и корень",
        "division": "деление",
        "conversion": "перевод в десятичные",
        "saving": "запись на диск",
    },
    "digits_title": "π до {n}‑го знака",
    "digits_label": "Знаки числа π, прокручивается",
    "digits_none": "Знаков на диске ещё нет: они появятся здесь, когда вычисление закончится.",
    "digits_noscript": "Без JavaScript видны первые знаки; остальные отдаёт",
    "pictures_title": "Картинки",
    "distribution_title": "Как часто встречается каждая цифра",
    "walk_title": "Прогулка по π",
    "walk_hint": "Цифра d поворачивает на 36°·d, потом шаг вперёд; цвет идёт от первого знака к последнему. Щелчок "
    "открывает это место среди знаков. Масштаб: кнопки, клавиши + и −, Ctrl и колесо.",
    "walk_label": "Прогулка, которую ведут знаки числа π; стрелки двигают, + и − меняют масштаб",
    "walk_closer": "Ближе",
    "walk_farther": "Дальше",
    "walk_whole": "Целиком",
    "walk_save": "Сохранить PNG",
    "go_label": "Позиция",
    "go": "Перейти",
    "go_start": "В начало",
    "go_end": "К последнему",
    "search_label": "Найти цифры, например дату",
    "search_next": "Следующее место",
    "search_previous": "Предыдущее место",
    "copy_from": "С позиции",
    "copy_here": "что на виду",
    "copy_count": "Сколько знаков",
    "download": "Скачать",
    "download_whole": "Скачать всё число файлом .txt",
    "copy": "Скопировать",
    "events_title": "Ход вычисления",
    "error_400": "Так не получится",
    "error_404": "Такой страницы нет",
    "error_429": "Слишком много вычислений сразу",
    "error_5": "На сервере что-то сломалось",
    "error_home": "К списку вычислений",
    "status": {
        "registered": "добавлено",
        "scheduled": "в очереди",
        "taken": "считается",
        "calculated": "записывается",
        "stored": "готово",
        "error": "ошибка",
        "cancelled": "отменено",
        "removed": "удалено",
    },
    "js": {
        "total": "всего: {n}",
        "page": "{page} из {pages}",
        "open": "Открыть страницу знака № {n}",
        "said_registered": "Знак № {n}: добавлено",
        "said_stored": "Знак № {n}: готово, цифра {digit}",
        "said_error": "Знак № {n}: ошибка",
        "said_cancelled": "Знак № {n}: отменено",
        "said_removed": "Знак № {n}: удалено",
        "said_many": "Изменилось вычислений: {n}",
        "live": "обновляется само",
        "connecting": "подключаемся…",
        "lost": "нет связи, ждём сервер…",
        "unreachable": "Сервер не отвечает. Попробуйте ещё раз, когда связь вернётся.",
        "position": "Нужно целое число, не больше {n}",
        "on_disk": "На диске уже {have} из {n} знаков — они здесь.",
        "found_beyond": "Нашлось на позиции {n} — дальше, чем показывает эта страница",
        "found": "Место {place} из {count}: позиция {n}",
        "odds": "Шанс, что столько цифр ({k}) найдётся среди {n}: {p}",
        "picked": "Выбрано знаков: {n}, с {from} по {to}",
        "not_found": "Среди {n} знаков этого нет",
        "search_digits": "Нужны цифры: от 1 до {n}",
        "searching": "Ищем…",
        "copying": "Собираем…",
        "copied": "Скопировано знаков: {n}, начиная с {from}",
        "copy_failed": "Скопировать не удалось",
        "link_copied": "Ссылка скопирована",
        "digits_failed": "Не удалось загрузить знаки, пробуем ещё",
        "digit_count": "Цифра {digit}: {n} раз, {share}",
        "chi2": "Среди {n} знаков в полосу «десятая часть ± 2σ» попадает цифр: {inside} из 10. χ² = {chi2}: у "
        "случайных цифр оно такое или больше в {p} случаев.",
        "removed": "Это вычисление удалено. Найденные знаки остались.",
    },
}

EN: dict[str, Any] = {
    "site": "Pi, digit by digit",
    "point": ".",
    "skip": "Skip to content",
    "home": "All computations",
    "other_language": "Русский",
    "lede": "Name a place after the decimal point: every core of this machine goes looking for that digit "
    "and for all of π before it, and you watch it happen here.",
    "form_label": "Which digit of π shall we find?",
    "form_hint": "A whole number from 1 to {n}",
    "form_wrong": "",
    "form_submit": "Compute",
    "charts_title": "The last hour",
    "charts": {
        "jobs": "Jobs a minute",
        "queue": "Queue",
        "turns": "Turns a second",
        "sessions": "Live sessions",
    },
    "table_title": "Computations",
    "table_empty": "Nothing here yet",
    "table_empty_hint": "Start with any of these: the first two will be ready before you blink.",
    "table_none": "Nothing matches this filter",
    "table_reset": "Show all",
    "filter_status": "Status",
    "filter_any": "any",
    "filter_n": "Digit no.",
    "order": "Order",
    "orders": {
        "-registered_at": "newest first",
        "registered_at": "oldest first",
        "n": "number up",
        "-n": "number down",
        "-seconds": "slowest first",
    },
    "col_n": "Digit no.",
    "col_digit": "Digit",
    "col_status": "Status",
    "col_seconds": "Computing time",
    "col_registered": "Added",
    "col_actions": "Actions",
    "cancel": "Cancel",
    "remove": "Remove",
    "retry": "Retry",
    "earlier": "Back",
    "later": "Next",
    "pages": "Pages of the table",
    "job_title": "Digit {n} of π",
    "job_answer": "At place {n} after the point stands",
    "job_attempt": "Attempt",
    "job_finished": "Finished",
    "job_progress": "Done",
    "job_speed": "Speed",
    "job_speed_value": "{n} digits a second",
    "job_share": "Digit {n} of π is {digit}",
    "job_share_open": "Which is digit {n} of π?",
    "job_share_text": "…{before}[{digit}]{after}…",
    "copy_link": "Copy link",
    "attempt_title": "Attempt {n}",
    "time_title": "Where the time went",
    "time_hint": "All of it measured: each part lasts from one event of the server to the next.",
    "phases": {
        "queue": "queue",
        "computing": "computing",
        "splitting": "series and root",
        "division": "division",
        "conversion": "conversion to decimal",
        "saving": "saving to disk",
    },
    "digits_title": "π to {n} digits",
    "digits_label": "Digits of pi, scrollable",
    "digits_none": "No digits on disk yet: they will appear here when the computation ends.",
    "digits_noscript": "Without JavaScript you see the first digits; the rest are served by",
    "pictures_title": "Pictures",
    "distribution_title": "How often each digit occurs",
    "walk_title": "A walk of π",
    "walk_hint": "Digit d turns by 36°·d, then comes one step; the colour runs from the first digit to the last. A "
    "click opens that place among the digits. Zoom: buttons, the keys + and −, Ctrl and the wheel.",
    "walk_label": "A walk that the digits of π lead; arrow keys move it, + and − zoom",
    "walk_closer": "Closer",
    "walk_farther": "Farther",
    "walk_whole": "All of it",
    "walk_save": "Save as PNG",
    "go_label": "Position",
    "go": "Go",
    "go_start": "To the start",
    "go_end": "To the last",
    "search_label": "Find digits, a date for example",
    "search_next": "Next place",
    "search_previous": "Previous place",
    "copy_from": "From position",
    "copy_here": "the view",
    "copy_count": "How many digits",
    "download": "Download",
    "download_whole": "Download all of it as a .txt file",
    "copy": "Copy",
    "events_title": "How it went",
    "error_400": "That will not work",
    "error_404": "No such page",
    "error_429": "Too many computations at once",
    "error_5": "Something broke on the server",
    "error_home": "To the computations",
    "status": {
        "registered": "added",
        "scheduled": "queued",
        "taken": "computing",
        "calculated": "saving",
        "stored": "ready",
        "error": "error",
        "cancelled": "cancelled",
        "removed": "removed",
    },
    "js": {
        "total": "{n} in all",
        "page": "{page} of {pages}",
        "open": "Open the page of digit {n}",
        "said_registered": "Digit {n}: added",
        "said_stored": "Digit {n}: ready, it is {digit}",
        "said_error": "Digit {n}: error",
        "said_cancelled": "Digit {n}: cancelled",
        "said_removed": "Digit {n}: removed",
        "said_many": "Computations changed: {n}",
        "live": "updates by itself",
        "connecting": "connecting…",
        "lost": "connection lost, waiting for the server…",
        "unreachable": "The server does not answer. Try again once the connection is back.",
        "position": "A whole number, at most {n}",
        "on_disk": "{have} of {n} digits are on disk already: here they are.",
        "found_beyond": "Match at position {n}, farther than this page goes",
        "found": "Place {place} of {count}: position {n}",
        "odds": "The odds to find that many digits ({k}) among {n}: {p}",
        "picked": "Digits chosen: {n}, from {from} to {to}",
        "not_found": "Not among the first {n} digits",
        "search_digits": "Digits wanted: from 1 to {n}",
        "searching": "Searching…",
        "copying": "Collecting…",
        "copied": "Digits copied: {n}, from {from} on",
        "copy_failed": "Copying failed",
        "link_copied": "Link copied",
        "digits_failed": "Digits could not be loaded, trying again",
        "digit_count": "Digit {digit}: {n} times, {share}",
        "chi2": "Among {n} digits, {inside} of 10 lie within a tenth ± 2σ. χ² = {chi2}: random digits come to as "
        "much or more in {p} of all cases.",
        "removed": "This computation was removed. The digits found stay.",
    },
}


def texts(lang: str) -> dict[str, Any]:
    """The dictionary of a language of `LANGUAGES`; Russian for any other.

    >>> texts("en")["status"]["stored"]
    'ready'
    """
    return EN if lang == "en" else RU


def number(value: int, lang: str) -> str:
    """A whole number with its thousands set apart as the language does it.

    >>> number(10_000_000, "en")
    '10,000,000'
    """
    return f"{value:,}" if lang == "en" else f"{value:,}".replace(",", "\N{NO-BREAK SPACE}")


def iso(at: float) -> str:
    """A UNIX time as `<time datetime>` wants it, in UTC.

    >>> iso(0.5)
    '1970-01-01T00:00:00.500Z'
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(at: float) -> str:
    """A UNIX time for readers without JavaScript; the scripts write the reader's own time instead.

    >>> moment(0)
    '1970-01-01 00:00:00 UTC'
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def seconds(value: float, lang: str) -> str:
    """A duration for readers without JavaScript, in seconds.

    >>> seconds(1.2345, "en")
    '1.234 s'
    """
    return f"{value:.3f} s" if lang == "en" else f"{value:.3f} с".replace(".", ",")


def duration(value: float, lang: str) -> str:
    """A duration as a person reads it.

    >>> [duration(value, "en") for value in (0.0123, 3.456, 125, 3780)]
    ['12 ms', '3.46 s', '2 min 5 s', '1 h 3 min']
    """
    ms, s, minutes, hours = ("ms", "s", "min", "h") if lang == "en" else ("мс", "с", "мин", "ч")
    if value < 0.9995:
        return f"{value * 1000:.0f} {ms}"
    if value < 59.95:
        shown = f"{value:.2f}" if value < 10 else f"{value:.1f}"
        return f"{shown} {s}" if lang == "en" else f"{shown} {s}".replace(".", ",")
    total = round(value)
    if total < 3600:
        return f"{total // 60} {minutes} {total % 60} {s}"
    return f"{total // 3600} {hours} {total % 3600 // 60} {minutes}"


def groups(digits: str, size: int = 10) -> list[str]:
    """Digits cut into groups that the eye can count.

    >>> groups("141592653589")
    ['1415926535', '89']
    """
    return [digits[at : at + size] for at in range(0, len(digits), size)]
