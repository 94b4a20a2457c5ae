"""Text → terms: the one notion of "the same word" that search, retrieval and checks share.

>>> terms("The Parties shall not deploy 20,000 tanks.")
['parti', 'not', 'deploy', '20000', 'tank']
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import Stemmer
from bm25s.stopwords import STOPWORDS_EN_PLUS

_WORD = re.compile(r"\d+(?:[.,]\d+)*|\w+", re.UNICODE)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")
_LETTER = re.compile(r"[^\W\d_]", re.UNICODE)

# Words that only phrase a question or a report carry no topic, but a negation always does.
_PHRASING = """
ask asked asks say said says tell told state stated claim claimed mean means meant happen happened
exactly please about according concerning regarding mention mentioned describe described
""".split()
_KEPT = {"no", "not", "nor", "never", "cannot", "shall", "must", "may", "should"}
_RUSSIAN = """
и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по ее мне было вот от
меня еще нет о из ему теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь
опять уж вам ведь там потом себя ничего ей может они тут где есть надо ней для мы тебя их чем была
сам чтоб без будто чего раз тоже себе под будет ж тогда кто этот того потому этого какой
""".split()
STOPWORDS = frozenset({*STOPWORDS_EN_PLUS, *_PHRASING, *_RUSSIAN, "s", "t"} - _KEPT)

MONTHS = (
    "january february march april may june july august september october november december".split()
)
NUMBER_WORDS = {word: str(number) for number, word in enumerate(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty".split()
)} | {word: str(number * 10) for number, word in enumerate(
    "thirty forty fifty sixty seventy eighty ninety".split(), start=3
)}
_SHORT_MONTHS = {
    "jan": "january", "feb": "february", "mar": "march", "apr": "april", "jun": "june",
    "jul": "july", "aug": "august", "sept": "september", "sep": "september", "oct": "october",
    "nov": "november", "dec": "december",
}

_LATIN = dict(zip(
    "абвгґдеєёжзиіїйклмнопрстуфхцчшщъыьэюя",
    "a b v g g d e ye e zh z i i yi y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya".split(),
    strict=True,
))

_local = threading.local()


LANGUAGES = {
    "en": "English", "ru": "Russian", "uk": "Ukrainian", "de": "German", "fr": "French",
}
"""Names of languages by code, as far as they are told."""


def language_of(text: str) -> str:
    """`ru`, `uk` or `en`, by script: enough to know which sources a question can match."""
    letters = len(_LETTER.findall(text))
    if letters and len(_CYRILLIC.findall(text)) > letters / 2:
        return "uk" if _UKRAINIAN.search(text) else "ru"
    return "en"


def words(text: str) -> list[str]:
    """Lower-case words in order; "20,000" and "20000" are one word, as are "Feb" and "February"."""
    return [_plain(word) for word in _WORD.findall(text.lower())]


def _plain(word: str) -> str:
    # 1,500 is a thousand separator, 1.5 is not
    if word[0].isdigit():
        return re.sub(r"[.,](?=\d{3}(?!\d))", "", word)
    return _SHORT_MONTHS.get(word, word)


def latin(word: str) -> str:
    """A lower-case word of Cyrillic letters in Latin ones, as names are written in English.

    >>> latin("лавров")
    'lavrov'
    """
    return "".join(_LATIN.get(letter, letter) for letter in word).replace("_", "")


def unaccented(word: str) -> str:
    """A word in Latin letters without accents; Cyrillic letters stay as they are.

    >>> unaccented("račak")
    'racak'
    """
    if word.isascii() or _CYRILLIC.search(word):
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def terms(text: str) -> list[str]:
    """Stems of the content words, in order."""
    return [stem(word) for word in words(text) if word not in STOPWORDS]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Snowball stem, Russian for Cyrillic words."""
    if not hasattr(_local, "stemmers"):  # a stemmer is not safe to share between threads
        _local.stemmers = {lang: Stemmer.Stemmer(lang) for lang in ("english", "russian")}
    language = "russian" if _CYRILLIC.search(word) else "english"
    return str(_local.stemmers[language].stemWord(word))


def akin(one: str, other: str) -> bool:
    """Whether two stems name the same, as "Russia" and "Russian" do: one begins the other."""
    short, long = sorted((one, other), key=len)
    return short == long or len(short) >= 5 and long.startswith(short)
