"""Source → Passages: where a text is cut.

Headings are never crossed, so a passage belongs to one article. A section that fits is one
passage; a longer one is cut between paragraphs, then sentences, then clauses.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

import sentencex

from assistant.corpus.headings import headings
from assistant.types import Checked, Passage, Source, Span

SPLITTER = 3
"""Counted up when the same text would be cut otherwise, so that indexes are rebuilt."""

# Measured in DESIGN.md: 110 words with the title in front retrieve best with the bundled model.
MAX_WORDS = 110
# A model of 256 tokens would cut off what is longer; such sentences are cut at clauses.
MAX_SENTENCE_WORDS = 150

_PARAGRAPH = re.compile(r"\S(?:.|\n(?!\s*\n))*", re.M)
# Some copies lose the space after a full stop ("peoples.They").
_GLUED = re.compile(r"(?<=[a-z)”\"])[.?!](?=[A-Z][a-z])")
# "para. 3" and "No. 2202" are one reference each.
_REFERENCE = re.compile(r"\b(?:arts?|paras?|nos?|secs?|ch|cf|vol|pp?)\.$", re.IGNORECASE)
_CLAUSE = re.compile(r"[;:]\s+|\n+|,(?=[A-Z])")
_WORD = re.compile(r"\S+")


class Section(NamedTuple):
    """The text under one heading, the heading line left out."""

    anchor: str
    checked: Checked | None
    span: Span


def sections(text: str) -> Iterator[Section]:
    """The stretches between headings, in order; the one before the first has no anchor."""
    anchor, checked, start = "", None, 0
    for heading in headings(text):
        yield Section(anchor, checked, Span(start, heading.span.start))
        anchor, checked, start = heading.anchor, heading.checked, heading.span.end
    yield Section(anchor, checked, Span(start, len(text)))


def split(source: Source) -> tuple[Passage, ...]:
    """The passages of a source, in order. Together they hold all of its text but headings."""
    passages: list[Passage] = []
    seen: dict[str, int] = {}
    found = list(sections(source.text))
    for section in found:
        pieces = list(_pieces(source, section.span))
        for number, span in enumerate(pieces, start=1):
            anchor = section.anchor or _unnamed(len(found) > 1, number, len(pieces))
            text = source.text[span.start : span.end]
            digest = hashlib.sha256(f"{source.id}\n{anchor}\n{text}".encode()).hexdigest()[:10]
            seen[digest] = seen.get(digest, 0) + 1
            copy = f"-{seen[digest]}" if seen[digest] > 1 else ""
            passages.append(Passage(
                id=f"{source.id}:{digest}{copy}", source=source, anchor=anchor, span=span,
                checked=section.checked or source.checked,
            ))
    return tuple(passages)


def sentences(text: str, language: str = "en", offset: int = 0) -> list[Span]:
    """Sentences without the white space around them, shifted by `offset`."""
    spans: list[Span] = []
    for found in sentencex.get_sentence_boundaries(language, text):
        start = found["start_index"]
        cuts = [start + m.end() for m in _GLUED.finditer(text[start : found["end_index"]])]
        for begin, end in zip([start, *cuts], [*cuts, found["end_index"]], strict=True):
            if span := _trimmed(text, begin, end):
                if spans and _refers(text, spans[-1], span):
                    spans[-1] = Span(spans[-1].start, span.end)
                else:
                    spans.append(span)
    return [Span(span.start + offset, span.end + offset) for span in spans]


def _refers(text: str, left: Span, right: Span) -> bool:
    return text[right.start].isdigit() and bool(_REFERENCE.search(text[left.start : left.end]))


def _unnamed(headed: bool, number: int, count: int) -> str:
    """The anchor of text without a heading of its own, in a document that has some or none."""
    if not headed:
        return f"part {number} of {count}"
    return "introduction" if count == 1 else f"introduction, part {number}"


def _trimmed(text: str, start: int, end: int) -> Span | None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    return Span(start + left, start + len(piece.rstrip())) if piece.strip() else None


def _pieces(source: Source, section: Span) -> Iterator[Span]:
    """Neighbouring units joined as long as they fit; a unit is a paragraph or part of one."""
    joined: Span | None = None
    for unit in _units(source, section):
        if joined and _count(source.text, Span(joined.start, unit.end)) <= MAX_WORDS:
            joined = Span(joined.start, unit.end)
            continue
        if joined:
            yield joined
        joined = unit
    if joined:
        yield joined


def _units(source: Source, section: Span) -> Iterator[Span]:
    text = source.text
    for paragraph in _PARAGRAPH.finditer(text, section.start, section.end):
        span = _trimmed(text, paragraph.start(), paragraph.end())
        if span is None:
            continue
        if _count(text, span) <= MAX_WORDS:
            yield span
            continue
        for sentence in sentences(text[span.start : span.end], source.language, span.start):
            if _count(text, sentence) <= MAX_SENTENCE_WORDS:
                yield sentence
            else:
                yield from _clauses(text, sentence)


def _clauses(text: str, sentence: Span) -> Iterator[Span]:
    """Cut an overlong sentence at clause ends, and where there are none, between words."""
    start, last = sentence.start, sentence.start
    cuts = [m.end() for m in _CLAUSE.finditer(text, sentence.start, sentence.end)]
    for cut in [*cuts, sentence.end]:
        if last > start and _count(text, Span(start, cut)) > MAX_WORDS:
            yield from _by_words(text, start, last)
            start = last
        last = cut
    yield from _by_words(text, start, sentence.end)


def _by_words(text: str, start: int, end: int) -> Iterator[Span]:
    found = list(_WORD.finditer(text, start, end))
    for first in range(0, len(found), MAX_SENTENCE_WORDS):
        chunk = found[first : first + MAX_SENTENCE_WORDS]
        yield Span(chunk[0].start(), chunk[-1].end())


def _count(text: str, span: Span) -> int:
    return len(_WORD.findall(text, span.start, span.end))
