"""Where sources give different answers to "when" or "how many".

Told only from one number beside the thing that is counted, or one date, in a sentence that holds
most of what the question says, with all its names. Whether both speak of the same is left to the
reader: the accounts are put side by side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date as Day
from typing import NamedTuple

from assistant.index import searched_text
from assistant.naming import Named
from assistant.tokenization import MONTHS, NUMBER_WORDS, stem, terms, words
from assistant.types import Account, Evidence

# Of the question's content, by rarity, a sentence has at least this share.
_SAME = 0.5
_SENTENCES = 2
# Words between a number and what it counts, at most: "1,800 modern battle tanks".
_NEAR = 3

_WHEN = re.compile(
    r"\b(?:when|(?:what|which|the) (?:exact )?(?:date|day|year)|date|how early|how late)\b", re.I
)
_HOW_MANY = re.compile(
    r"\bhow (?:many|much)\s+((?:[\w’'-]+\s+){1,5}?)(?:of|in|on|to|at|for|did|does|do|is|are|was|"
    r"were|has|have|had|can|could|must|may|shall|should|will|would|make|made|took|take)\b", re.I,
)
_HOW_LONG = re.compile(r"\bhow (?:long|many (?:days|weeks|months|years))\b", re.IGNORECASE)
_ASKING = frozenset(map(stem, "many much long date".split()))
_SPANS = frozenset(map(stem, "day week month year".split()))
_NAME = re.compile(r"(?<=[\w,;:)”\"’] )[A-Z][\w’-]+")
_MONTH = "|".join(MONTHS)
_DATE = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: day)?(?: of)? )?(?P<month>{_MONTH}),? "
    r"(?P<year>[12]\d{3})\b|"
    rf"\b(?P<month2>{_MONTH}) (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year2>[12]\d{{3}})\b|"
    r"\b(?P<year3>1[5-9]\d\d|20\d\d)\b", re.IGNORECASE,
)


class _Value(NamedTuple):
    """A number, or a date from year to day as far as it is told; and how to say it."""

    parts: tuple[str, ...]
    said: str

    def agrees(self, other: _Value) -> bool:
        return all(a == b for a, b in zip(self.parts, other.parts, strict=False))


def differing(
    asked: str, weights: Mapping[str, float], named: Named, evidence: Sequence[Evidence]
) -> tuple[Account, ...]:
    """One account for each answer that the sources give, the best first; empty if they agree.

    A text's own date is an answer only where the question is about that text.
    """
    counted = _counted(asked)
    if not counted and not _WHEN.search(asked):
        return ()
    about = {source.id for source, _ in named}
    found: list[tuple[_Value, Account]] = []
    for account, text in _same_thing(asked, weights, evidence, counted):
        source = account.passage.source
        own = None if source.id in about else source.date
        values = list(_numbers(text, counted) if counted else _dates(text, own))
        if len({value.parts for value in values}) != 1:
            continue
        new = (values[0], account._replace(value=values[0].said))
        agreed = next((i for i, (value, _) in enumerate(found) if value.agrees(new[0])), None)
        if agreed is None:
            found.append(new)
        elif len(new[0].parts) > len(found[agreed][0].parts):
            found[agreed] = new  # the day tells more than the year
    sources = {account.passage.source.id for _, account in found}
    return tuple(account for _, account in found) if len(sources) > 1 else ()


def _counted(asked: str) -> frozenset[str]:
    """Stems of what is counted: the last word of "how many modern battle tanks"."""
    if _HOW_LONG.search(asked):
        return _SPANS
    found = _HOW_MANY.search(asked)
    return frozenset(terms(found[1])[-1:]) if found else frozenset()


def _same_thing(
    asked: str, weights: Mapping[str, float], evidence: Sequence[Evidence], counted: frozenset[str]
) -> Iterator[tuple[Account, str]]:
    """Sentences that hold most of the question, and its names, one of each source."""
    names = {term for name in _NAME.findall(asked) for term in terms(name)}
    wanted = {term: w for term, w in weights.items() if term not in counted | _ASKING}
    total = sum(wanted.values())
    given: set[str] = set()
    for item in evidence:
        passage = item.passage
        about = set(terms(searched_text(passage).removesuffix(passage.text)))
        for span in item.best[:_SENTENCES]:
            text = passage.source.text[slice(*span)]
            held = about | set(terms(text))
            share = sum(w for term, w in wanted.items() if term in held)
            if total and share >= _SAME * total and names <= held and (
                passage.source.id not in given
            ):
                given.add(passage.source.id)
                yield Account(passage, span), text


def _numbers(text: str, counted: frozenset[str]) -> Iterator[_Value]:
    plain = [NUMBER_WORDS.get(word, word) for word in words(text)]
    for place, word in enumerate(plain):
        if stem(word) in counted:
            before = plain[max(0, place - _NEAR) : place][::-1]
            number = next((one for one in before if one[0].isdigit()), None)
            if number:
                yield _Value((stem(word), number), f"{number} {word}")


def _dates(text: str, own: Day | None) -> Iterator[_Value]:
    told = (str(own.year), MONTHS[own.month - 1], str(own.day)) if own else ()
    for found in _DATE.finditer(text):
        named = {k.rstrip("23"): v for k, v in found.groupdict().items() if v}
        parts = (named["year"], named.get("month", "").lower(), named.get("day", "").lstrip("0"))
        value = _Value(tuple(part for part in parts if part), " ".join(found[0].split()))
        if not told or not value.agrees(_Value(told, "")):
            yield value
