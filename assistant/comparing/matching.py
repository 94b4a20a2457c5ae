"""Which passages of one text answer the provisions of another.

Three things tell: nearness in meaning of single sentences, rare words that both have, and
references ("Article 4 of the draft"). What is near to everything is no answer to anything, so a
pair counts by how much nearer it is than its two sides are to their other neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from assistant.corpus.passages import sentences
from assistant.embeddings import Vectors
from assistant.errors import IndexUnavailable, ModelError
from assistant.index import PassageIndex
from assistant.places import places
from assistant.tokenization import LANGUAGES, terms
from assistant.types import Passage, Source

# By how much a place must come nearer to a provision than each of the two comes to its nearest
# neighbours on average (as in bitext mining), and how many neighbours count. Chosen on
# tests/bench/data/compare-tune.yaml: of 37 provisions with an answer 28 get one of those judged
# right, of 39 without one 36 get none. English, with the bundled embedding model.
_BEARS = 0.12
_NEIGHBOURS = 4
# What a neighbour counts that a short text does not have.
_UNRELATED = 0.6
# The same where words alone are compared: 23, and 30.
_BEARS_BY_WORDS = 0.03
_UNRELATED_BY_WORDS = 0.1
_PLACES = 2
# "Under Article 4 of": where it stands says nothing on what it says.
_PLACE_WORDS = re.compile(
    r"(?:\b(?:under|in|of)\s+)?\b(?:articles?|points?|sections?|paragraphs?|preamble|opening)\b"
    r"\s*(?:(?:\d+|[IVXLC]+\b)(?:,? paragraph \d+)?)?\s*(?:of\b\s*)?"
    r"|\b(?:art|para|sec|principle|chapter|part|page)s?\.?\s+(?:\d+|[IVXLC]+\b)", re.IGNORECASE,
)
# What a passage without a heading is called here.
_UNNAMED = re.compile(r"introduction\b|part \d+ of \d+$|page \d+$")
# What a reply calls the text that it answers.
_ANSWERED = ("draft", "proposal", "treaty", "agreement", "paper", "document")


class Match(NamedTuple):
    """The passages of one text that answer a provision, best first, and the nearest of all."""

    answers: tuple[Passage, ...]
    nearest: Passage | None


def match(
    provisions: Sequence[Passage], held: Sequence[Passage], index: PassageIndex
) -> tuple[list[Match], list[str]]:
    """For each provision the passages that answer it, and what a reader should know of how they
    were found."""
    if not provisions or not held:
        return [Match((), None)] * len(provisions), []
    shared = _shared_words(provisions, held, index)
    cosines, trouble = _told_cosines(provisions, held, index)
    if cosines is None:
        near, bears = _margin(shared, _UNRELATED_BY_WORDS), _BEARS_BY_WORDS
    else:
        near, bears = _margin(cosines + shared, _UNRELATED), _BEARS
    near = near + _references(provisions, held, near)
    matches = []
    for row in near:
        best = [int(n) for n in np.argsort(-row, kind="stable")]
        matches.append(Match(
            tuple(held[n] for n in best[:_PLACES] if row[n] >= bears), held[best[0]]
        ))
    return matches, trouble


def _told_cosines(
    provisions: Sequence[Passage], held: Sequence[Passage], index: PassageIndex
) -> tuple[Vectors | None, list[str]]:
    """The cosines, if meaning can be compared, and if not why."""
    languages = sorted({p.source.language for p in (provisions[0], held[0])})
    try:
        cosines = _cosines(provisions, held, index)
    except (IndexUnavailable, ModelError) as error:
        return None, [f"{held[0].source.title} was compared by words alone: {error}"]
    if cosines is None:
        named = " and ".join(LANGUAGES.get(code, code) for code in languages)
        return None, [
            f"{held[0].source.title} was compared by words alone: texts in {named} are compared by "
            "meaning with ASSISTANT_EMBEDDING=multilingual."
        ]
    return cosines, []


def _cosines(
    provisions: Sequence[Passage], held: Sequence[Passage], index: PassageIndex
) -> Vectors | None:
    """For each provision and passage the cosine of their nearest sentences; the heading is one."""
    mine, theirs = ([_sayings(p) for p in passages] for passages in (provisions, held))
    languages = {passage.source.language for passage in (*provisions, *held)}
    vectors = index.vectors([*chain(*mine), *chain(*theirs)], languages)
    if vectors is None:
        return None
    count = sum(map(len, mine))
    cosines = vectors[:count] @ vectors[count:].T
    by_provision = np.maximum.reduceat(cosines, _starts(mine), axis=0)
    return np.asarray(np.maximum.reduceat(by_provision, _starts(theirs), axis=1))


def _starts(groups: Sequence[Sequence[str]]) -> list[int]:
    """Where each group begins when all are put in a row."""
    return [0, *np.cumsum([len(group) for group in groups])[:-1].tolist()]


def _sayings(passage: Passage) -> list[str]:
    source = passage.source
    spans = sentences(passage.text, source.language, passage.span.start)
    said = [_own_words(source, source.text[span.start : span.end]) for span in spans]
    return [text for text in (*said, _heading(passage)) if text] or [passage.text]


def _shared_words(
    provisions: Sequence[Passage], held: Sequence[Passage], index: PassageIndex
) -> Vectors:
    """For each provision and passage what they share of their words, by rarity, 0 to 1."""
    mine, theirs = ([_terms_of(p) for p in passages] for passages in (provisions, held))
    column = {term: n for n, term in enumerate(sorted(set().union(*mine, *theirs)))}
    rarity = np.array([index.rarity(term) for term in column])
    one, other = (np.zeros((len(said), len(column))) for said in (mine, theirs))
    for table, said in ((one, mine), (other, theirs)):
        for row, found in enumerate(said):
            table[row, [column[term] for term in found]] = 1
    weights = [np.maximum(table @ rarity, 1e-9) for table in (one, other)]
    return np.asarray((one * rarity) @ other.T / np.sqrt(np.outer(*weights)))


def _terms_of(passage: Passage) -> set[str]:
    return set(terms(f"{_heading(passage)} {_own_words(passage.source, passage.text)}"))


def _heading(passage: Passage) -> str:
    """What the heading says beside the number: "NATO enlargement" of "Article 4 (…)"."""
    if _UNNAMED.match(passage.anchor):
        return ""
    return _PLACE_WORDS.sub("", passage.anchor).strip(" (),")


def _own_words(source: Source, text: str) -> str:
    """The text without its document's own names and places, which every sentence may repeat."""
    plain = _PLACE_WORDS.sub("", _names(source.names).sub("", text))
    return " ".join(plain.split()).strip(" ,")


@lru_cache(maxsize=100)
def _names(names: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the names, the longest first, with an article before it."""
    plain = sorted((re.sub(r"^the ", "", name, flags=re.I) for name in names if name), key=len)
    return re.compile(
        rf"(?:\b(?:the|an?)\s+)?\b(?:{'|'.join(map(re.escape, reversed(plain)))})\b", re.IGNORECASE
    )


def _margin(scores: Vectors, unrelated: float) -> Vectors:
    """By how much each pair is nearer than its two sides are to their neighbours on average: what
    is near to everything is no answer to anything."""
    rows, columns = (_neighbours(table, unrelated) for table in (scores, scores.T))
    return np.asarray(scores - (rows[:, None] + columns[None, :]) / 2)


def _neighbours(scores: Vectors, unrelated: float) -> Vectors:
    """The mean of each row's highest scores; where there are fewer, the rest are unrelated."""
    missing = max(_NEIGHBOURS - scores.shape[1], 0)
    padded = np.pad(scores, ((0, 0), (0, missing)), constant_values=unrelated)
    return np.asarray(np.sort(padded, axis=1)[:, -_NEIGHBOURS:].mean(axis=1))


def _references(
    provisions: Sequence[Passage], held: Sequence[Passage], near: Vectors
) -> Vectors:
    """1 where a passage names a provision ("Article 4 of the draft"); where several have that
    number, for the nearest."""
    found = np.zeros_like(near)
    numbered = [places(provision.anchor).keys() for provision in provisions]
    called = _called(provisions[0].source, held[0].source)
    for column, passage in enumerate(held):
        for place, words in places(passage.text).items():
            meant = [row for row, own in enumerate(numbered) if place in own]
            if meant and re.search(
                rf"{re.escape(words)}\W+(?:of|in|to|under)\W+{called}", passage.text, re.IGNORECASE
            ):
                found[max(meant, key=lambda row: near[row, column]), column] = 1
    return found


def _called(source: Source, other: Source) -> str:
    """How the other text calls the source: by its names, or "the draft" where it replies to it."""
    replies = any(r.type == "replies_to" and r.to == source.id for r in other.relations)
    generic = rf"|(?:the|this|that)\W+(?:{'|'.join(_ANSWERED)})\b" if replies else ""
    return f"(?:{_names(source.names).pattern}{generic})"


def shared_weight(text: str, provision: Passage, index: PassageIndex) -> float:
    """How much of a provision's words a text has, by rarity."""
    return sum(map(index.rarity, _terms_of(provision).intersection(terms(text))))
