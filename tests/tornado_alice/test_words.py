"""Words that people say to skills: which ones a script finds by which."""

from collections import Counter
from types import SimpleNamespace

import pytest

from tornado_alice import Request, morphology
from tornado_alice.morphology import Lemmatizer, russian

LEMMATIZER = Lemmatizer()

#: asked: words said that it must find.
FOUND = {
    # yes and no
    "да": "да Да",
    "нет": "нет НЕТ",
    "ага": "ага",
    "угу": "угу",
    "неа": "неа",
    "ладно": "ладно",
    "хорошо": "хорошо",
    "конечно": "конечно",
    "нету": "нету",
    "окей": "окей ок",
    # numbers
    "один": "один одна одну одного одним",
    "два": "два две двух двумя",
    "три": "три трёх трех тремя",
    "пять": "пять пяти пятью",
    "сорок": "сорок сорока",
    "первый": "первый первая первую первое",
    "второй": "второй вторая вторую второго",
    "третий": "третий третья третью",
    # pets
    "кот": "кот кота коту котом коты котов",
    "кошка": "кошка кошки кошку кошек кошками",
    "собака": "собака собаку собак собаки собакой",
    "пёс": "пёс пес пса псу псы",
    "котёнок": "котёнок котенок котёнка котенка котята котят",
    "щенок": "щенок щенка щенки щенков",
    "попугай": "попугай попугая попугаи",
    "белка": "белка белки белку белок",
    # colours and other adjectives
    "зелёный": "зелёный зеленый зелёная зеленую зелёные",
    "зеленый": "зелёный зеленый зелёную",
    "чёрный": "чёрный черный черная чёрную черного",
    "жёлтый": "желтый жёлтая желтую",
    "красный": "красный красная красную красные",
    "белый": "белый белая белую белого",
    "синий": "синий синяя синюю синие",
    "большой": "большой большая большую большие большого большое больше",
    "маленький": "маленький маленькая маленькую меньше",
    "хороший": "хороший хорошая хорошую лучше",
    "плохой": "плохой плохая плохо",
    "дорогой": "дорогой дорогая дорогую дороже дорога",
    "другой": "другой другая другую другое",
    "холодный": "холодный холодная холодную холодного",
    # ordering food
    "пицца": "пицца пиццу пиццы пицц пиццей",
    "сыр": "сыр сыра сыром",
    "чай": "чай чая чаю чаем",
    "кофе": "кофе",
    "сок": "сок сока соку соком",
    "вода": "вода воду воды водой",
    "еда": "еда еду еды едой",
    "лук": "лук лука луком",
    "вино": "вино вина вину вином вине",
    "счёт": "счёт счет счета",
    "мёд": "мёд мед мёда меда",
    "заказать": "заказать закажи закажу заказал закажите",
    # games and orders to the skill
    "хватить": "хватит хватило",
    "хватит": "хватит",
    "сдаваться": "сдаюсь сдаёмся сдаемся сдаваться",
    "сдаюсь": "сдаваться сдаюсь",
    "играть": "играть играем играю играл играла",
    "повторить": "повтори повторите повторить повторим",
    "помочь": "помоги помогите помочь",
    "помощь": "помощь помощи",
    "выйти": "выйти выйди вышел вышла",
    "начать": "начать начни начнём начнем",
    "закончить": "закончить закончи закончим",
    "продолжить": "продолжить продолжи продолжим",
    "стоп": "стоп",
    "дом": "дом дома дому",
    "дома": "дома",
    "карта": "карта карту карты карт",
    "ход": "ход хода ходы",
    "слово": "слово слова слов",
    "загадка": "загадка загадку загадки загадок",
    "дверь": "дверь двери дверью",
    # verbs
    "хотеть": "хочу хочешь хотел хотела хотим",
    "мочь": "могу может можешь мог могла",
    "идти": "иду идёт идет шёл шла идём",
    "есть": "есть ем ест ели",
    "ехать": "еду едет ехал",
    "знать": "знаю знаешь знает знал",
    "любить": "люблю любит любила",
    "мыть": "мыть мыл мыла мыло мою моет",
    "петь": "петь пою поёт поет пой",
    "быть": "быть был была будет",
    "купить": "купить куплю купил купила",
    "дать": "дать дай дайте дам",
    "давать": "давать давай давайте",
    "стать": "стать стал стала стали",
    "стоить": "стоит стоить стоят",
    "стоять": "стоит стоять стояла",
    # homonyms: both
    "сталь": "сталь стали",
    "мыло": "мыло мыла мыл",
    "белок": "белок белки белка белков",
    "пила": "пила пилы",
    "пить": "пить пила пьёт пьет",
    "печь": "печь печи",
    "сорока": "сорока сороки сорок",
    "вина": "вина вину вине",
    "стекло": "стекло стекла",
    # pronouns and particles
    "кто-то": "кто-то",
    "как-нибудь": "как-нибудь",
    "что-нибудь": "что-нибудь чего-нибудь",
    "какой-то": "какой-то какая-то какую-то",
    "по-зелёному": "по-зелёному по-зеленому",
    "по-зеленому": "по-зелёному По-зелёному",
    "по-русски": "по-русски",
    "мой": "мой моя мою моего",
    "весь": "весь вся всю всем все всё",
    "всё": "всё все",
    "ещё": "ещё еще",
    "который": "который которого которую",
    # people, many of whose words have another stem in the plural
    "человек": "человек человека люди людей",
    "ребёнок": "ребёнок ребенок дети детей ребёнка",
    "друг": "друг друга друзья друзей",
    "день": "день дня дней днём",
    "год": "год года лет годы",
    "алиса": "Алиса алису алисе",
    "москва": "москва москву москве Москвы",
}
#: asked: words said that it must not find.
NOT_FOUND = {
    "кот": "который которого котик котёнок кто котлета",
    "кошка": "кошечка кошечку кот",
    "кошечка": "кошка кошку",
    "собака": "собачка собачку",
    "дом": "домик домишко",
    "пицца": "пиццерия",
    "да": "дать дай давай даль дама",
    "дать": "да давай",
    "нет": "нетто нету",
    "не": "нет небо",
    "пять": "пятка пятый пятнадцать опять пятьдесят",
    "два": "двадцать двенадцать второй двор",
    "три": "тридцать третий триста",
    "сто": "стол стоп стоить",
    "один": "одиннадцать одинокий",
    "час": "часть сейчас часто",
    "сыр": "сырник",
    "чай": "чайник случай",
    "сок": "сокол высокий",
    "лук": "лучок луна",
    "белка": "белый белков",
    "белый": "белка белок",
    "большой": "больной больница большинство",
    "зелёный": "зелень позеленел",
    "красный": "краска красивый",
    "стать": "сталь статья сталью",
    "сталь": "стать стал стала",
    "мыло": "мыть мыльный",
    "мыть": "мышь моя",
    "есть": "ехать ясный",
    "деть": "день дня",
    "какать": "какая какой",
    "играть": "игра игрушка",
    "игра": "играть играл",
    "стоп": "стопка",
    "ход": "ходить пароход вход",
    "кто-то": "кто что-то",
    "как-нибудь": "как-то нибудь",
    "хватит": "схватить",
    "помощь": "помощник",
    "знать": "знак",
    "выйти": "войти",
    "вода": "водка водитель",
    "мёд": "медь медаль",
    "третий": "треть",
    "вести": "весть",
}


def pairs(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(said, asked) for asked, words in table.items() for said in words.split()]


def has(said: str, asked: str) -> bool:
    return Request({"request": {"command": f"ну {said} тут"}}, LEMMATIZER).has_lemmas(asked)


class Counting:
    """The Russian analyzer, which counts the words it parses: known and predicted."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.predicted: list[str] = []

    def parse(self, word: str) -> list[object]:
        self.counts["known" if self.word_is_known(word) else "unknown"] += 1
        if not self.word_is_known(word):
            self.predicted.append(word)
        return russian().parse(word)

    def word_is_known(self, word: str) -> bool:
        known: bool = russian().word_is_known(word)  # type: ignore[attr-defined]
        return known


@pytest.mark.parametrize(("said", "asked"), pairs(FOUND))
def test_found(said: str, asked: str) -> None:
    """A word is found by its dictionary form, in any form and likely reading."""
    assert has(said, asked)


@pytest.mark.parametrize(("said", "asked"), pairs(NOT_FOUND))
def test_not_found(said: str, asked: str) -> None:
    """A word is not found by another one that only looks like it, nor by a reading nobody means."""
    assert not has(said, asked)


def test_the_asked_word_may_be_any_form() -> None:
    """A dictionary form asks for itself alone, another form for all words it may be of."""
    assert not has("белок", "белая") and has("белок", "белками") and has("белку", "белки") and has("белков", "белки")
    assert has("белков", "белок") and not has("белков", "белка")


def test_lemmas_are_those_of_the_first_parse() -> None:
    """`lemmas` gives one form per word, the likeliest, with its ё."""
    r = Request({"request": {"command": "Стали зеленые белки"}}, LEMMATIZER)
    assert r.lemmas == ["стать", "зелёный", "белка"] and r.lemma("стали") == "стать"


def test_an_analyzer_without_scores() -> None:
    """Where parses have no score, all of them count; where `word_is_known` is missing, all words are parsed."""
    parses = {"стали": ["стать", "Сталь"], "чёрт": ["чёрт"]}

    def parse(word: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(normal_form=form) for form in parses.get(word, [word])]

    lemmatizer = Lemmatizer(lambda: SimpleNamespace(parse=parse))
    r = Request({"request": {"command": "стали чёрт"}}, lemmatizer)
    assert r.has_lemmas("сталь") and r.has_lemmas("стать") and r.has_lemmas("черт") and not r.has_lemmas("сталью")
    assert r.lemmas == ["стать", "чёрт"]


def unknown(n: int) -> list[str]:
    """Words of five letters that are in no dictionary."""
    letters = "бвгджзклмн"
    return ["".join(letters[int(digit)] for digit in f"{i:05}") for i in range(n)]


@pytest.mark.parametrize("separator", [" ", "-", " а-"])
def test_unknown_words_are_predicted_up_to_a_limit(separator: str) -> None:
    """However many unknown words come, some letters of them are predicted; the others stand for themselves."""
    analyzer = Counting()
    r = Request({"request": {"command": "Кошками " + separator.join(unknown(680))}}, Lemmatizer(lambda: analyzer))
    assert r.has_lemmas("кошка") and r.lemmas[-1] == r.words[-1] and r.has_lemmas(r.words[-1])
    for word in r.words:
        r.lemma(word + "у")  # the script's own look-ups cost the same request
    said = [word for word in analyzer.predicted if word != r.words[-1]]  # the last one was asked for by the script
    assert sum(map(len, said)) <= morphology.MAX_PREDICTED


def test_known_words_are_looked_up_up_to_a_limit() -> None:
    """A text of thousands of different words is read in part; each of the first words is looked up once."""
    known = sorted({parse.word for parse in every_known_word()}, key=lambda word: (len(word), word))[:1500]
    analyzer = Counting()
    r = Request({"request": {"command": " ".join(known + known)}}, Lemmatizer(lambda: analyzer))
    assert len(r.lemmas) == 3000 and r.has_lemmas(known[0])
    assert 0 < sum(analyzer.counts.values()) <= morphology.MAX_WORDS


def every_known_word() -> list[SimpleNamespace]:
    parses = russian().iter_known_word_parses("на")  # type: ignore[attr-defined]
    return [parse for _, parse in zip(range(5000), parses, strict=False)]


def test_what_a_cache_holds_changes_nothing() -> None:
    """A replay with another cache reads the same lemmas: the limits count words of the request, not look-ups made."""
    command = {"request": {"command": " ".join(word + "ками" for word in unknown(300))}}
    warm = Lemmatizer()
    for word in Request(command).words:
        warm(word)
    assert Request(command, Lemmatizer()).lemmas == Request(command, warm).lemmas
    assert Request(command, warm).lemmas[0].endswith("ка") and Request(command, warm).lemmas[-1].endswith("ками")


def test_a_chain_of_prefixes_is_parsed_once() -> None:
    """«недо» is also «не» and «до»: a word of many of them is parsed in steps that grow with its length, not as 2^n."""
    parse = russian().parse
    before = parse.cache_info().misses  # type: ignore[attr-defined]
    assert parse("недо" * 20 + "кота")[0].normal_form == "недо" * 20 + "кот"
    assert parse.cache_info().misses - before < 100  # type: ignore[attr-defined]
