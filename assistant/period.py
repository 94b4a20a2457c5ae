"""The time that a question asks about: "before 2014", "since 26 January 2022", "after the reply".

It bears on what somebody said: such a text must be of that time. Of events later texts tell too.
"""

from __future__ import annotations

import re
from datetime import date as Day
from typing import NamedTuple

from assistant.silence import Named
from assistant.tokenization import MONTHS, terms, words
from assistant.types import Source

_WHEN = re.compile(
    r"\b(before|until|up to|after|since|following|as of)\s+(?:the\s+)?"
    rf"(?:(?:(\d{{1,2}})\s+)?({'|'.join(MONTHS)})\s+)?([12]\d{{3}})\b", re.IGNORECASE,
)
_DATE = re.compile(
    rf"\b(?:(\d{{1,2}}) (?:of )?)?({'|'.join(MONTHS)})(?: (\d{{1,2}})(?!\d))?(?: ([12]\d{{3}}))?\b"
)
_ISO = re.compile(r"\b([12]\d{3})-(\d{2})-(\d{2})\b")
_THEN = re.compile(r"\b(before|after|since|following)\s+(?:the\s+)?((?:[\w’'-]+\s*){1,10})", re.I)
_BEFORE = ("before", "until", "up to", "as of")


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


class Occasion(NamedTuple):
    """A day or a month that a question names; 0 where it does not say the day or the year."""

    day: int
    month: int
    year: int

    def is_of(self, source: Source) -> bool:
        day = source.date
        return day is not None and day.month == self.month and (
            self.day in (0, day.day) and self.year in (0, day.year)
        )


def occasions(asked: str) -> tuple[Occasion, ...]:
    """The days and months that a question names: texts are known by them ("the Nov 2021 speech").

    A month alone is none, nor is a year: too many texts are of it.
    """
    found = [Occasion(int(d), int(m), int(y)) for y, m, d in _ISO.findall(asked)]
    for day, month, american, year in _DATE.findall(" ".join(words(asked))):
        verb = month == "may" and "May" not in asked  # "Article 5 may"
        if (day or american or year) and not verb:
            number = MONTHS.index(month) + 1
            found.append(Occasion(int(day or american or 0), number, int(year or 0)))
    return tuple(found)


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
