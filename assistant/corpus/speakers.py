"""Who speaks where in a text with labels: "President of Russia Vladimir Putin: …"."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from functools import lru_cache

from assistant.types import Source, Span

# "President of Russia Vladimir Putin:" or "С.В.Лавров:", where a sentence may begin
_LABEL = re.compile(
    r"(?:^|\n|(?<=[.!?…»”\"])\s)\s*"
    r"((?:[A-ZА-ЯІЇЄҐ][\w.’'-]+)(?: (?:(?:of|the|and|for|de|von) )*[A-ZА-ЯІЇЄҐ][\w.’'-]*){0,7})"
    r"(?:\s?\([\w ]+\))?:\s"
)
_ASKING = re.compile(r"question|вопрос|запитання|питання|answer|ответ|remark|note", re.IGNORECASE)
_QUESTION = re.compile(r"question|вопрос|запитання|питання", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|an?|this|these|in|on|for|of) ", re.IGNORECASE)
_TWICE = re.compile(r"(.*?\b(\w{4,})) \2\b")
_DIVISION = re.compile(
    r"(?i:article|chapter|section|part|annex|protocol|point|paragraph)\b|.*\b[IVXLC]+\b"
)
# Where the first label stands, at the latest, in characters.
_HEAD = 1500
_LONGEST_LABEL = 60


def surname(label: str) -> str:
    return re.split(r"[ .]+", label.strip(" ."))[-1]


def speaker(text: str) -> str | None:
    """Whose label stands before most of the text, in its longest form ("President … Putin")."""
    found = [m for m in _LABEL.finditer(text) if _names_a_person(m[1])]
    if not found or found[0].start() > _HEAD:
        return None
    ends = [m.start() for m in found[1:]] + [len(text)]
    share: Counter[str] = Counter()
    for match, end in zip(found, ends, strict=True):
        share[surname(match[1])] += end - match.end()
    (most, _), = share.most_common(1)
    labels = [m[1] for m in found if surname(m[1]) == most and len(m[1]) <= _LONGEST_LABEL]
    return max(labels, key=len, default=None)


def speakers(source: Source, span: Span) -> tuple[str, ...]:
    """Who speaks in a stretch of a transcript, in order; empty where the text is none."""
    starts, labels = _labels(source.text)
    if not starts:
        return ()
    first = max(0, bisect_right(starts, span.start) - 1)
    last = max(first + 1, bisect_right(starts, span.end - 1))
    return tuple(dict.fromkeys(labels[first:last])) if span.end > starts[0] else ()


def voice_at(source: Source, place: int) -> str:
    """Who speaks at a place: as the label there names them, else the voice of the source."""
    found = speakers(source, Span(place, place + 1))
    return found[0] if found else source.voice


@lru_cache(maxsize=512)
def _labels(text: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Where each label begins, and whom it names; empty where fewer than two
    speak: that is no transcript."""
    found = [m for m in _LABEL.finditer(text) if _QUESTION.match(m[1]) or _names_a_person(m[1])]
    often = Counter(surname(m[1]) for m in found)
    # a label once only may be any words before a colon, if it is not said in full
    found = [
        m for m in found
        if often[surname(m[1])] > 1 or len(m[1].split()) > 1 or _QUESTION.match(m[1])
    ]
    if len({surname(m[1]) for m in found}) < 2 or found[0].start() > _HEAD:
        return (), ()
    return (
        tuple(m.start(1) for m in found),
        tuple("a questioner" if _QUESTION.match(m[1]) else _plain(m[1]) for m in found),
    )


def _plain(label: str) -> str:
    """Without a sentence's end before it, and what a page says once more of the person behind."""
    last = re.split(r"\. (?=\w+ \w)", label.strip())[-1]
    twice = _TWICE.match(last)
    return twice[1] if twice else last


def _names_a_person(label: str) -> bool:
    return (
        not _ASKING.search(label) and not _DIVISION.match(label)
        and (" " in label.strip() or "." in label) and not label.isupper()
        and not _ARTICLE.match(label)
    )
