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
    "form_hint": "Целое число от 1 до {n}. Можно несколько: 10, 100, 1000-1010",
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
    "filter_n": "Номер начинается с",
    "filter_more": "Ещё отбор",
    "filter_least": "Номер от",
    "filter_most": "до",
    "filter_age": "Добавлено",
    "filter_error": "В тексте ошибки есть",
    "filter_apply": "Отобрать",
    "ages": {"": "когда угодно", 3600: "за последний час", 86400: "за сутки", 604800: "за неделю"},
    "age_other": "за {n} с",
    "order": "Порядок",
    "orders": {
        "-registered_at": "сначала новые",
        "registered_at": "сначала старые",
        "n": "номер растёт",
        "-n": "номер убывает",
        "seconds": "сначала быстрые",
        "-seconds": "сначала долгие",
        "status": "по состоянию",
        "-status": "по состоянию, с конца",
        "-finished_at": "сначала законченные недавно",
        "finished_at": "сначала законченные давно",
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
    "pause": "Приостановить обновление",
    "choose_page": "Выбрать все на странице",
    "bulk": "Выбранные вычисления",
    "choose_none": "Снять выбор",
    "no": "Нет",
    "undo": "Вернуть",
    "undone_title": "Последнее удаление",
    "keys": "Клавиши",
    "keys_search": "поиск",
    "keys_new": "новое вычисление",
    "keys_rows": "вниз и вверх по таблице",
    "themes": "Оформление",
    "theme": {"system": "как в системе", "light": "светлое", "dark": "тёмное"},
    "absent_title": "Знак № {n} ещё не вычисляли",
    "absent_hint": "Вычисления с этим номером нет: его не заказывали или удалили.",
    "absent_submit": {"one": "Вычислить {n} цифру", "few": "Вычислить {n} цифры", "many": "Вычислить {n} цифр"},
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
        "said_some": "{what}: {n}",
        "live": "обновляется само",
        "connecting": "подключаемся…",
        "away": "нет связи с сервером: таблица могла устареть. Проверьте, запущен ли он; пробуем снова сами",
        "offline": "нет сети: таблица могла устареть. Обновится сама, когда сеть появится",
        "refused": "обновляется раз в {n} с: веб-сокет не проходит. Прокси должен пропускать заголовок Upgrade",
        "asleep": "спит, пока вкладка скрыта",
        "paused": "приостановлено, изменений: {n}",
        "pause": "Приостановить обновление",
        "resume": "Продолжить обновление",
        "stale": "Пока показано прежнее: сервер не ответил. Загрузим, когда связь вернётся.",
        "unreachable": "Сервер не отвечает. Попробуйте ещё раз, когда связь вернётся.",
        "choose": "Выбрать: {n}",
        "chosen": "Выбрано: {n}",
        "choose_all": "Выбрать все {n} под отбором",
        "left": "{percent} · ещё ≈ {time}",
        "soon": "{percent} · почти готово",
        "ask_cancel": "Остановить вычисление знака № {n}? Уже посчитанное пропадёт.",
        "ask_retry_many": "Повторить вычисления: {n}?",
        "ask_cancel_many": "Отменить вычисления: {n}? Уже посчитанное пропадёт.",
        "ask_remove_many": "Удалить вычисления: {n}? Найденные знаки останутся.",
        "yes_cancel": "Остановить",
        "not_undone": "Вернуть не удалось: {reason}",
        "undone": "Удалено. Знак № {n}",
        "did_add": "Добавлено: {n}",
        "did_retry": "Повторяются: {n}",
        "did_cancel": "Отменено: {n}",
        "did_remove": "Удалено: {n}",
        "did_restore": "Возвращено: {n}",
        "kept_add": "уже были: {n}",
        "kept_conflict": "не подошли по состоянию: {n}",
        "kept_not_found": "уже нет: {n}",
        "kept_queue_full": "не поместились в очередь: {n}",
        "kept_unavailable": "база данных не приняла, остальные не тронуты: {n}",
        "refusals": {
            "whole": "Нужно целое число от {least} до {most}, а не «{got}».",
            "whole_from": "Нужно целое число не меньше {least}, а не «{got}».",
            "numbers": "Непонятно «{got}». Нужны целые числа или промежутки: 10, 100, 1000-1010.",
            "range": "В промежутке «{got}» первое число больше второго.",
            "many": "За один раз можно не больше {most} чисел, а здесь их {got}.",
            "not_found": "Здесь ничего нет: это не вычисляли или удалили.",
            "conflict": "Сейчас так нельзя: состояние — «{state}».",
            "queue_full": "Очередь полна: ждут уже {waiting}. Попробуйте позже.",
            "queue_full_some": "Очередь полна, не поместились: {n}. Попробуйте позже.",
            "unavailable": "База данных сейчас не принимает изменений. Ничего не изменилось, попробуйте ещё раз.",
            "xsrf": "Форма устарела или пришла с другого сайта. Откройте страницу заново и отправьте ещё раз.",
            "foreign_origin": "Страницам сайта «{origin}» менять здесь ничего нельзя.",
        },
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
    "form_hint": "A whole number from 1 to {n}. Several will do: 10, 100, 1000-1010",
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
    "filter_n": "Number begins with",
    "filter_more": "More filters",
    "filter_least": "Number from",
    "filter_most": "to",
    "filter_age": "Added",
    "filter_error": "Error text has",
    "filter_apply": "Filter",
    "ages": {"": "any time", 3600: "in the last hour", 86400: "in a day", 604800: "in a week"},
    "age_other": "in {n} s",
    "order": "Order",
    "orders": {
        "-registered_at": "newest first",
        "registered_at": "oldest first",
        "n": "number up",
        "-n": "number down",
        "seconds": "fastest first",
        "-seconds": "slowest first",
        "status": "by status",
        "-status": "by status, backwards",
        "-finished_at": "finished latest first",
        "finished_at": "finished earliest first",
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
    "pause": "Pause updates",
    "choose_page": "Select all on this page",
    "bulk": "Selected computations",
    "choose_none": "Clear selection",
    "no": "No",
    "undo": "Undo",
    "undone_title": "Latest removal",
    "keys": "Keys",
    "keys_search": "search",
    "keys_new": "new computation",
    "keys_rows": "down and up the table",
    "themes": "Appearance",
    "theme": {"system": "as the system", "light": "light", "dark": "dark"},
    "absent_title": "Digit {n} has not been computed yet",
    "absent_hint": "There is no computation of this number: nobody asked for it, or it was removed.",
    "absent_submit": {"one": "Compute {n} digit", "few": "Compute {n} digits", "many": "Compute {n} digits"},
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
        "said_some": "{what}: {n}",
        "live": "updates by itself",
        "connecting": "connecting…",
        "away": "no connection to the server: the table may be out of date. Does it run? Trying again by itself",
        "offline": "no network: the table may be out of date. It updates by itself once the network is back",
        "refused": "updates every {n} s: the websocket does not get through. A proxy must pass the Upgrade header",
        "asleep": "sleeps while the tab is hidden",
        "paused": "paused, changes: {n}",
        "pause": "Pause updates",
        "resume": "Resume updates",
        "stale": "This is what was there before: the server did not answer. It loads once the connection is back.",
        "unreachable": "The server does not answer. Try again once the connection is back.",
        "choose": "Select: {n}",
        "chosen": "Selected: {n}",
        "choose_all": "Select all {n} that match",
        "left": "{percent} · about {time} left",
        "soon": "{percent} · nearly ready",
        "ask_cancel": "Stop computing digit {n}? What is computed so far is lost.",
        "ask_retry_many": "Retry computations: {n}?",
        "ask_cancel_many": "Cancel computations: {n}? What is computed so far is lost.",
        "ask_remove_many": "Remove computations: {n}? The digits found stay.",
        "yes_cancel": "Stop",
        "not_undone": "Could not be undone: {reason}",
        "undone": "Removed. Digit {n}",
        "did_add": "Added: {n}",
        "did_retry": "Retried: {n}",
        "did_cancel": "Cancelled: {n}",
        "did_remove": "Removed: {n}",
        "did_restore": "Brought back: {n}",
        "kept_add": "there already: {n}",
        "kept_conflict": "wrong status: {n}",
        "kept_not_found": "gone already: {n}",
        "kept_queue_full": "no room in the queue: {n}",
        "kept_unavailable": "refused by the database, the rest not touched: {n}",
        "refusals": {
            "whole": "A whole number from {least} to {most} is wanted, not “{got}”.",
            "whole_from": "A whole number of at least {least} is wanted, not “{got}”.",
            "numbers": "“{got}” is unclear. Whole numbers or ranges are wanted: 10, 100, 1000-1010.",
            "range": "In the range “{got}” the first number is larger than the second.",
            "many": "At most {most} numbers at once, these are {got}.",
            "not_found": "There is nothing here: it was never computed, or it was removed.",
            "conflict": "Not possible now: the status is “{state}”.",
            "queue_full": "The queue is full: {waiting} are waiting. Try again later.",
            "queue_full_some": "The queue is full, no room for {n}. Try again later.",
            "unavailable": "The database takes no changes right now. Nothing was changed, try again.",
            "xsrf": "The form is out of date or came from another site. Open the page anew and send it again.",
            "foreign_origin": "Pages of “{origin}” may change nothing here.",
        },
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


def explain(code: str, values: dict[str, Any], lang: str) -> str | None:
    """A refusal in the language of the page; None if there are no words for it. web/api.js does the same.

    >>> explain("bad_request", {"reason": "whole", "least": 1, "most": 10_000, "got": "ten"}, "en")
    'A whole number from 1 to 10,000 is wanted, not “ten”.'
    """
    t = texts(lang)
    reason = values.get("reason", code)
    if reason == "whole" and values["most"] is None:
        reason = "whole_from"
    phrase: str | None = t["js"]["refusals"].get(reason)
    shown = {name: number(value, lang) if isinstance(value, int) else value for name, value in values.items()}
    if "state" in shown:
        shown["state"] = t["status"].get(shown["state"], shown["state"])
    return phrase and phrase.format_map(shown)


def counted(forms: dict[str, str], n: int, lang: str) -> str:
    """The form of a phrase that goes with a number, and the number in it.

    >>> [counted(RU["absent_submit"], n, "ru") for n in (21, 3, 77)]
    ['Вычислить 21 цифру', 'Вычислить 3 цифры', 'Вычислить 77 цифр']
    """
    last, teens = n % 10, n % 100 // 10 == 1
    form = "one" if n == 1 or (lang == "ru" and last == 1 and not teens) else "many"
    if lang == "ru" and last in (2, 3, 4) and not teens:
        form = "few"
    return forms[form].format(n=number(n, lang))


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


#: Units of time, as Intl.NumberFormat shortens them in web/text.js.
UNITS = {"ru": ("мс", "с", "мин", "ч"), "en": ("ms", "sec", "min", "hr")}


def duration(value: float, lang: str) -> str:
    """A duration as `duration` of web/text.js writes it, so that nothing moves when the scripts take over.

    >>> [duration(value, "en") for value in (0.0004, 0.25, 1.2345, 59.9, 125, 3720)]
    ['0.4 ms', '250 ms', '1.23 sec', '59.9 sec', '2 min 5 sec', '1 hr 2 min']
    """
    ms, s, minute, hour = UNITS["en" if lang == "en" else "ru"]
    if value < 0.9995:
        return _decimal(value * 1000, 1 if value < 0.01 else 0, ms, lang)
    if value < 59.95:
        return _decimal(value, 2 if value < 10 else 1, s, lang)
    total = round(value)
    if total < 3600:
        return f"{total // 60} {minute} {total % 60} {s}"
    return f"{total // 3600} {hour} {total % 3600 // 60} {minute}"


def _decimal(value: float, digits: int, unit: str, lang: str) -> str:
    shown = f"{value:.{digits}f}"
    shown = shown.rstrip("0").rstrip(".") if digits else shown
    return f"{shown if lang == 'en' else shown.replace('.', ',')} {unit}"


def groups(digits: str, size: int = 10) -> list[str]:
    """Digits cut into groups that the eye can count.

    >>> groups("141592653589")
    ['1415926535', '89']
    """
    return [digits[at : at + size] for at in range(0, len(digits), size)]
