"""A model's marks, as models write them: `[S1]`, `[1]`, `(S1, S2)`, `【1】`, `Source 1:`.

A sentence is taken out of the stream only with the marks behind it, so no half-written mark is
ever shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pydantic_core import from_json

from assistant.corpus.passages import sentences

_ID = r"(?:sources?\b\s*:?\s*)?s?\s*\d{1,3}"
# A bare number counts in square brackets only: texts number their clauses "(1)".
_BRACKETS = rf"[\[【]\s*{_ID}(?:†[^\]】]*)?(?:\s*(?:[,;&–-]|and)?\s*{_ID})*\s*[\]】]"
_NAMED_ID = r"(?:sources?\b\s*:?\s*s?|s)\s*\d{1,3}"
_PARENTHESES = rf"\(\s*{_NAMED_ID}(?:\s*(?:[,;&–-]|and)?\s*{_ID})*\s*\)"
_MARKS = re.compile(rf"{_BRACKETS}|{_PARENTHESES}", re.IGNORECASE)
# "Source 1: Each city …" and "[S1] Each city …": the mark stands first.
_FIRST = re.compile(
    rf"\s*(?:(?:{_NAMED_ID})\s*[:—–-]|(?:{_BRACKETS}|{_PARENTHESES})\s*[:—–-]?)\s*(?=[“\"'A-ZА-Я])",
    re.IGNORECASE,
)
# "Source 1 says that …": the mark is the subject.
_SUBJECT = re.compile(
    rf"(?:{_NAMED_ID}|{_BRACKETS}|{_PARENTHESES})\s+(?=(?-i:[a-z]))", re.IGNORECASE
)
# "… 12 ships. Source: S1"
_LAST = re.compile(r"[\s(,;—–-]*\bsources?\s*:?\s*s?\d{1,3}\)?(?=[.\s]*$)", re.IGNORECASE)
_ACCORDING = re.compile(
    rf"(?:according to|as (?:stated|seen|shown) in)\s+(?:{_BRACKETS}|{_PARENTHESES})\s*,?\s*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(\d{1,3})(?:\s*[–-]\s*s?\s*(\d{1,3}))?", re.IGNORECASE)
_LISTED = re.compile(r"\s*(?:[-*•]+|\d{1,2}[.)])\s+(?=\S)")
_LONE = re.compile(rf"(?:\s*(?:{_BRACKETS}|{_PARENTHESES})?[\s.]*)+", re.IGNORECASE)
# "[S2] Each city …" in a line of its own, as models copy a list of sources
_HEADING = re.compile(
    rf"[ \t]*(?:{_BRACKETS}|{_PARENTHESES})[ \t]*[:—–-]?[ \t]*(?=[^\s.\[(【])", re.IGNORECASE
)
# the beginning of a mark that the stream has not finished
_OPEN = re.compile(r"[\[【(][^\]】)]{0,30}$")
# JSON, perhaps in a block of code
_FENCE = re.compile(r"^\s*```(?:json)?\s*")
_BEGINS = re.compile(r"\s*(?:`{1,3}(?:j(?:s(?:on?)?)?)?\s*)?(?:\{|$)")


class Marked(NamedTuple):
    """A sentence without its marks, and the numbers that they named, each once, in order."""

    text: str
    numbers: tuple[int, ...]


def read_marks(sentence: str, names: Sequence[str] = ()) -> Marked:
    """Take the marks out of a model's sentence; where one is the subject ("[S1] says"), the name
    of that source takes its place.

    >>> read_marks("Each city keeps 12 ships [S1, S3].")
    Marked(text='Each city keeps 12 ships.', numbers=(1, 3))
    """
    numbers: list[int] = []

    def take(found: re.Match[str]) -> str:
        for first, last in _NUMBER.findall(found[0].partition("†")[0]):
            numbers.extend(range(int(first), int(last or first) + 1))
        return ""

    text = _LISTED.sub("", sentence, count=1) if _LISTED.match(sentence) else sentence
    if according := _ACCORDING.match(text):
        take(according)
        text = text[according.end() :]
        text = text[:1].upper() + text[1:]
    if subject := _SUBJECT.match(text):
        take(subject)
        if numbers and 1 <= numbers[0] <= len(names):
            text = f"{names[numbers[0] - 1]} {text[subject.end() :]}"
    for pattern, count in ((_FIRST, 1), (_LAST, 1), (_MARKS, 0)):
        if pattern is not _FIRST or pattern.match(text):
            text = pattern.sub(take, text, count=count)
    text = " ".join(text.replace("**", "").split()).strip("-* ")
    text = re.sub(r"\s+([.,;:!?])", r"\1", text)
    return Marked(re.sub(r"([.!?])[\s.]+$", r"\1", text), tuple(dict.fromkeys(numbers)))


def says_nothing(text: str) -> bool:
    """Whether a sentence without its marks has no word, or is the one that the prompts ask for
    where no source answers."""
    return not re.search(r"\w", text) or text.rstrip(".").upper() == "NONE"


def whole_sentences(chunks: Iterable[str]) -> Iterator[str]:
    """Sentences of a stream as soon as they and the marks behind them are complete."""
    buffer = ""
    for chunk in chunks:
        buffer += chunk
        if _OPEN.search(buffer):
            continue
        *complete, rest = _with_their_marks(buffer)
        yield from complete
        buffer = rest
    yield from _with_their_marks(buffer)


def _with_their_marks(text: str) -> list[str]:
    """The text cut where sentences begin; marks belong to the sentence before them, unless they
    begin a line that goes on."""
    starts = [0]
    for number, span in enumerate(sentences(text)):
        marks = _LONE.match(text, span.start, span.end) if number else None
        if marks and _HEADING.match(text, text.rfind("\n", 0, marks.end()) + 1, span.end):
            marks = None
        begin = marks.end() if marks else span.start
        if number and begin < span.end:
            starts.append(begin)
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


def answer_schema(count: int) -> dict[str, object]:
    """The JSON schema of an answer from `count` marked sources."""
    ids = [f"S{n}" for n in range(1, count + 1)]
    sentence = {
        "type": "object", "additionalProperties": False, "required": ["sources", "text"],
        "properties": {
            "sources": {"type": "array", "items": {"type": "string", "enum": ids}},
            "text": {"type": "string"},
        },
    }
    return {
        "type": "object", "additionalProperties": False, "required": ["sentences"],
        "properties": {"sentences": {"type": "array", "items": sentence}},
    }


def schema_sentences(chunks: Iterable[str], names: Sequence[str] = ()) -> Iterator[Marked]:
    """The sentences of an answer in that schema, each as soon as its text is complete.

    What is not JSON is read as plain sentences with marks: some servers take a schema and ignore
    it.
    """
    buffer, given = "", 0
    stream = iter(chunks)
    for chunk in stream:
        buffer += chunk
        if not _BEGINS.match(buffer):
            rest = whole_sentences((buffer, *stream))
            yield from (read_marks(sentence, names) for sentence in rest)
            return
        found = _complete(buffer)
        yield from found[given:]
        given = max(given, len(found))


def _complete(buffer: str) -> Sequence[Marked]:
    try:
        value = from_json(_FENCE.sub("", buffer), allow_partial=True)
    except ValueError:
        return []
    items = value.get("sentences") if isinstance(value, dict) else None
    items = items if isinstance(items, list) else []
    return [
        Marked(" ".join(item["text"].split()), _numbers(item.get("sources")))
        for item in items if isinstance(item, dict) and isinstance(item.get("text"), str)
    ]


def _numbers(sources: object) -> tuple[int, ...]:
    named = sources if isinstance(sources, list) else []
    found = (re.fullmatch(r"S?(\d{1,3})", str(one).strip()) for one in named)
    return tuple(dict.fromkeys(int(one[1]) for one in found if one))
