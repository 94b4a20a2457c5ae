"""Who is asked beside whom: "What do the charter and the reply say?", "Compare Ada and Bo".

Each side has its say: the best passage of each comes first, however much more of the other's there
is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from assistant.corpus.speakers import heard, speakers
from assistant.index import PassageIndex
from assistant.injection import steering
from assistant.naming import whole_names
from assistant.tokenization import akin, latin, stem, terms, words
from assistant.types import Evidence, Passage, Question

_MOST = 4
# Candidates of each search in a source that is a side.
_FOUND = 3
# Where what they are asked about begins.
_ABOUT = re.compile(r"\b(?:about|regarding|concerning)\b", re.IGNORECASE)
_SIDE_BY_SIDE = re.compile(
    r"\b(?:both|each|compar\w+|contrast\w*|differ\w*|versus|vs|respectively|agree|disagree\w*)\b|"
    r"\baccording to\b.*\baccording to\b", re.IGNORECASE,
)
_CAPITALISED = re.compile(r"\b[A-ZА-ЯІЇЄҐ][\w’'-]+")
_POSSESSIVE = re.compile(r"[’']s?$")


class Side(NamedTuple):
    """Sources that the question names as one, or the stem of a speaker's name."""

    sources: frozenset[str] = frozenset()
    speaker: str = ""

    def has(self, passage: Passage) -> bool:
        if self.speaker:
            return speaks(passage, {self.speaker})
        return passage.source.id in self.sources


def speaks(passage: Passage, names: Set[str]) -> bool:
    """Whether one of that name speaks alone in a text, or there in a transcript; a joint text is
    nobody's demand. `names` are stems."""
    if not names:
        return False
    spoken = speakers(passage.source, passage.span) or (passage.source.voice,)
    voices = (*spoken, *heard(passage.source, passage.span))
    spoken_by = (stem(latin(word)) for voice in voices if ";" not in voice for word in words(voice))
    # "Russia" speaks as "Russian Federation"
    return any(akin(voice, name) for voice in spoken_by for name in names)


def sides(question: Question, index: PassageIndex) -> tuple[Side, ...]:
    """Two to four sides that the question puts beside each other; none if it does not."""
    subject = _ABOUT.split(question.text)[0]
    for found in (_by_source(subject, index), _by_speaker(subject, question, index)):
        beside = tuple(islice(found, _MOST))
        if len(beside) > 1:
            return beside
    return ()


def _by_source(subject: str, index: PassageIndex) -> Iterator[Side]:
    """Sources, each named by a word that those before it are not named by."""
    asked = set(terms(subject))
    named: dict[frozenset[str], set[str]] = {}
    for name in whole_names(asked, index):
        named.setdefault(name.terms & asked, set()).add(name.source.id)
    used: set[str] = set()
    told: set[str] = set()
    for shared, ids in sorted(named.items(), key=lambda one: -len(one[0])):
        if not shared <= used and not ids <= told:
            yield Side(frozenset(ids))
            used |= shared
            told |= ids


def _by_speaker(subject: str, question: Question, index: PassageIndex) -> Iterator[Side]:
    names = dict.fromkeys(
        stem(_POSSESSIVE.sub("", name).lower()) for name in _CAPITALISED.findall(subject)
    )
    spoken = [name for name in names if any(akin(voice, name) for voice in index.voices)]
    if len(spoken) > 1 and (_SIDE_BY_SIDE.search(subject) or _one_in_each(spoken, question)):
        yield from (Side(speaker=name) for name in spoken)


def _one_in_each(spoken: Sequence[str], question: Question) -> bool:
    """Whether the parts of a question each name one ("How did Ada …, and how did Bo …?")."""
    named = [frozenset(terms(part)) & set(spoken) for part in question.parts]
    return len(named) > 1 and all(len(names) == 1 for names in named) and len(set(named)) > 1


def found_in_each(
    asked: Sequence[Side], text: str, index: PassageIndex, within: Set[str] | None
) -> Iterator[Passage]:
    """Of each side that is named as a source what is found in it, `within` what may be found."""
    for side in asked:
        sources = side.sources if within is None else side.sources & within
        if sources:
            for search in (index.dense, index.bm25):
                yield from (hit.passage for hit in search(text, _FOUND, within=sources))


def with_sides(
    chosen: Sequence[Evidence], found: Sequence[Evidence], asked: Sequence[Side]
) -> list[Evidence]:
    """The evidence with the best passage of each side in front, as good as the best of all."""
    top = max((e.score for e in chosen), default=0.0)
    firsts: dict[str, Evidence] = {}
    for side in asked:
        own = [e for e in (*chosen, *found)
               if side.has(e.passage) and not steering(e.passage.text)]
        if own:
            best = max(own, key=lambda e: e.score)
            firsts.setdefault(best.passage.id, replace(best, score=top))
    rest = [e for e in chosen if e.passage.id not in firsts]
    return [*firsts.values(), *rest][:len(chosen)]
