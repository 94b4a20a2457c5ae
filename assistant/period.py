"""The time that a question asks about: "before 2014", "since 26 January 2022", "after the reply".

It bears on what somebody said: such a text must be of that time. Of events later texts tell too.
"""

from __future__ import annotations

import re
from datetime import date as Day
from typing import NamedTuple

from assistant.naming import Named
from assistant.tokenization import MONTHS, terms
from assistant.types import Source

_WHEN = re.compile(
    r"\b(before|until|up to|by|after|since|following|as of)\s+(?:the\s+)?"
    rf"(?:(?:(\d{{1,2}})\s+)?({'|'.join(MONTHS)})\s+)?([12]\d{{3}})\b", re.IGNORECASE,
)
_THEN = re.compile(r"\b(before|after|since|following)\s+(?:the\s+)?((?:[\w’'-]+\s*){1,10})", re.I)
_BEFORE = ("before", "until", "up to", "by", "as of")


class Period(NamedTuple):
    """From `start` (inclusive) to `end` (exclusive), either may be open; `words` say so."""

    words: str
    start: Day | None = None
    end: Day | None = None

    def holds(self, source: Source) -> bool:
        """Whether the source is of that time; one without a date may be."""
        day = source.date
        return day is None or (
            (self.start is None or day >= self.start) and (self.end is None or day < self.end)
        )


def period(asked: str, named: Named) -> Period | None:
    """The time that the question asks about, by a date or by a document that it names."""
    if found := _WHEN.search(asked):
        how, day, month, year = found.groups()
        first, behind = _bounds(day, month, int(year))
        return _period(found[0], how.lower(), first, behind)
    if found := _THEN.search(asked):
        told = set(terms(found[2]))
        for source, name in named:
            if source.date and name <= told:
                after = Day.fromordinal(source.date.toordinal() + 1)
                return _period(found[0].strip(), found[1].lower(), source.date, after)
    return None


def _period(words: str, how: str, first: Day, behind: Day) -> Period:
    if how in _BEFORE:
        return Period(words, end=first if how == "before" else behind)
    return Period(words, start=first if how == "since" else behind)


def _bounds(day: str | None, month: str | None, year: int) -> tuple[Day, Day]:
    """The first day that is meant, and the first behind it."""
    if month is None:
        return Day(year, 1, 1), Day(year + 1, 1, 1)
    number = MONTHS.index(month.lower()) + 1
    if day and 1 <= int(day) <= 28 + 3:
        first = Day(year, number, min(int(day), 28)).toordinal() + max(0, int(day) - 28)
        return Day.fromordinal(first), Day.fromordinal(first + 1)
    return Day(year, number, 1), Day(year + number // 12, number % 12 + 1, 1)
