"""What a question names: sources by their names, and what no source here is or speaks of.

"What does resolution 1860 say?", "Article 9 of the Harbour Charter", "the speech of 3 May 1905":
where no source is that or speaks of it, nothing here answers, however near other texts are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import replace
from itertools import islice

from assistant.days import Occasion, occasions
from assistant.index import Name, PassageIndex
from assistant.places import places
from assistant.tokenization import MONTHS, stem, terms, words
from assistant.types import AlsoCalled, Passage, Question, Source

# A title is rarely asked for with all its words.
_NAMED = 0.75
# Passages that are looked at for a day that they may speak of.
_LOOKED_AT = 2_000
# Capitalised words in a row, after a word and not after the end of a sentence.
_NAME = re.compile(
    r"(?<=[\w,;:'’\"“(-] )[A-ZА-ЯІЇЄҐ][\w’']+(?: [A-ZА-ЯІЇЄҐ][\w’']+)*"
)
# A word in small letters that may be misspelt, and how alike it must be: of two words of eight
# letters one letter may differ, or two stand in the wrong order.
_LONG_WORD = re.compile(r"\b[a-z]{7,}\b")
_NEARLY = 0.87
# "resolution 1860", "Law No. 5/1994"; a year is no number of a text
_NUMBERED = re.compile(
    r"\b(resolution|decree|law|directive|regulation|decision|order|bill|protocol|document|cable)"
    r"\s+(?:no\.?\s*|number\s+|№\s*)?((?!(?:1[5-9]|20)\d\d\b)\d[\d/.-]*\d|\d)\b", re.IGNORECASE,
)
# "Article 9(2) of the Harbour Charter of 1904"
_PROVISION = re.compile(
    r"\b(?i:(?:article|art|paragraph|para|section|sec|point|annex|chapter|principle)s?\.?\s+"
    r"(?:\d+|[ivxlc]+)(?:\s*\(\w+\))*)\s+(?:of|in)\s+(?:the\s+)?"
    r"([A-Z][\w’'-]*(?:(?:\s+(?:of|on|the|for|and|to|between|with))*\s+(?:[A-Z][\w’'-]*|\d{4}))*)"
)
_YEAR = re.compile(r"[12]\d{3}")

_CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday".split()
) | frozenset(MONTHS)

Named = Sequence[tuple[Source, frozenset[str]]]
"""Sources and the terms by which a question names them."""


def whole_names(asked: Set[str], index: PassageIndex) -> Iterator[Name]:
    """The names of sources among the terms asked: with most of their own, and with two terms at
    least, or as one that is written in capitals ("NPT")."""
    for name in index.named_by(asked, _NAMED):
        if len(name.terms & asked) > 1 or name.text.isupper():
            yield name


def named_sources(asked: Set[str], index: PassageIndex) -> Named:
    """The sources whose names share most terms with those asked, and the terms shared."""
    best: dict[str, tuple[Source, frozenset[str]]] = {}
    most = 0
    for name in whole_names(asked, index):
        shared = name.terms & asked
        if len(shared) < most:
            continue
        if len(shared) > most:
            best, most = {}, len(shared)
        best.setdefault(name.source.id, (name.source, shared))
    return list(best.values())


def names(text: str) -> tuple[str, ...]:
    """Words with capitals in a row, not at the start of a sentence; a day of the week or a month is
    no name, and shouting has none."""
    if text.isupper():
        return ()
    found = (
        " ".join(word for word in name.split() if not _CALENDAR.issuperset(words(word)))
        for name in _NAME.findall(text)
    )
    return tuple(dict.fromkeys(filter(None, found)))


def respelt(question: Question, index: PassageIndex) -> Question:
    """The question with its names as the sources spell them: "Zelenskyy" for "Zelensky"; and with
    a long word that no source has as the one that it nearly is: "memorandum" for "memorandm"."""
    def spelt(text: str) -> str:
        named = _NAME.sub(
            lambda name: " ".join(_as_spelt(word, index) or word for word in name[0].split()), text
        )
        return _LONG_WORD.sub(lambda word: _nearly(word[0], index) or word[0], named)

    return replace(
        question, text=spelt(question.text), standalone=spelt(question.standalone),
        parts=tuple(map(spelt, question.parts)),
    )


def unknown_names(
    asked: str, index: PassageIndex, also_called: Sequence[AlsoCalled]
) -> tuple[str, ...]:
    """Names in the question that no passage has, even misspelt or as another name for the same:
    then nothing here is about them."""
    known = {
        term for name, others in also_called
        if any(all(map(index.holds, terms(other))) for other in others) for term in terms(name)
    }
    return tuple(
        name for name in names(asked) if not all(
            known.issuperset(terms(word)) or _as_spelt(word, index) for word in name.split()
        )
    )


def _as_spelt(word: str, index: PassageIndex) -> str | None:
    """A word of a name as the sources have it; nothing if they have none that looks like it."""
    if not terms(word) or any(map(index.holds, terms(word))) or index.elsewhere(word):
        return word
    if accented := index.accented(stem(word.lower())):
        return accented.title()
    # short names differ from ordinary words by a letter ("NLAW", "law")
    close = index.alike(stem(word.lower())) if len(word) > 5 else None
    return close.title() if close else None


def _nearly(word: str, index: PassageIndex) -> str | None:
    held = not terms(word) or any(map(index.holds, terms(word)))
    return None if held else index.alike(stem(word), _NEARLY)


def unheld_texts(
    asked: str, index: PassageIndex, candidates: Collection[Passage]
) -> tuple[str, ...]:
    """Texts that the question names by their number, or with a provision of them, and that no
    source is or speaks of. `candidates` are the passages found for the question."""
    if asked.isupper():
        return ()
    return (*_unheld_numbers(asked, index), *_unheld_titles(asked, index, candidates))


def _unheld_numbers(asked: str, index: PassageIndex) -> Iterator[str]:
    for named in _NUMBERED.finditer(asked):
        kind, number = named[1], named[2]
        there = re.compile(
            rf"\b{kind}s?\b(?:[^.;\n]|\bno\.){{0,40}}?(?<![\d/.-]){re.escape(number)}(?![\d/]|[.-]\d)",
            re.IGNORECASE,
        )
        form = (*terms(kind), *terms(number))
        if not any(there.search(_whole(passage)) for passage in index.having([form])):
            yield named[0]


def _unheld_titles(
    asked: str, index: PassageIndex, candidates: Collection[Passage]
) -> Iterator[str]:
    for named in _PROVISION.finditer(asked):
        title = named[1]
        wanted = frozenset(t for t in terms(title) if not _YEAR.fullmatch(t))
        if not wanted or index.is_name(wanted) or named_sources(set(terms(title)), index):
            continue
        place = places(named[0]).keys()
        told = any(place <= places(p.text).keys() for p in index.having([tuple(wanted)]))
        # by another name than its title ("the Washington Treaty"), which then stands in its text
        known = any(
            place <= places(p.anchor).keys() and wanted <= _held(p.source, index)
            for p in candidates
        )
        if not told and not known:
            yield title


def _held(source: Source, index: PassageIndex) -> frozenset[str]:
    return frozenset(t for passage in index.of(source.id) for t in terms(passage.text))


def _whole(passage: Passage) -> str:
    return "\n".join((*passage.source.names, passage.anchor, passage.text))


def unheld_days(asked: str, index: PassageIndex) -> tuple[str, ...]:
    """The whole dates in a question that no source is of and none speaks of; none where it names a
    source, whose date may be given wrongly."""
    days = dict.fromkeys(day for day in occasions(asked) if day.day and day.year)
    if not days or named_sources(set(terms(asked)), index):
        return ()
    return tuple(str(day) for day in days if not _is_held(day, index))


def _is_held(day: Occasion, index: PassageIndex) -> bool:
    if any(map(day.is_about, index.sources)):
        return True
    form = (str(day.day), *terms(MONTHS[day.month - 1]))
    spoken = index.having([form, tuple(terms(f"{day.year}-{day.month:02}-{day.day:02}"))])
    return any(_speaks_of(day, passage) for passage in islice(spoken, _LOOKED_AT))


def _speaks_of(day: Occasion, passage: Passage) -> bool:
    """A text that says "on 3 May" means the year that it is of, or one that it names."""
    source = passage.source
    for other in occasions(_whole(passage)):
        if other == day:
            return True
        if other == day._replace(year=0) and (
            source.date is None or source.date.year == day.year or str(day.year) in passage.text
        ):
            return True
    return False
