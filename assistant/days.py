"""Days and months as people write them: "the Nov 2021 speech", "2022-02-24" → `Occasion`.

>>> occasions("the speech of 24 Feb 2022")
(Occasion(day=24, month=2, year=2022),)
"""

from __future__ import annotations

import re
from datetime import date as Day
from typing import NamedTuple

from assistant.tokenization import MONTHS, words
from assistant.types import Source

_DATE = re.compile(
    rf"\b(?:(\d{{1,2}}) (?:of )?)?({'|'.join(MONTHS)})(?: (\d{{1,2}})(?!\d))?(?: ([12]\d{{3}}))?\b"
)
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_ISO = re.compile(r"\b([12]\d{3})-(\d{2})-(\d{2})\b")


class Occasion(NamedTuple):
    """A day or a month that a text names; 0 where it does not say the day or the year."""

    day: int
    month: int
    year: int

    def is_of(self, source: Source) -> bool:
        day = source.date
        return day is not None and day.month == self.month and (
            self.day in (0, day.day) and self.year in (0, day.year)
        )

    def is_about(self, source: Source) -> bool:
        """Whether a whole date is a source's or that of the day before or after: what is said at
        night is put out in the morning."""
        try:
            day = Day(self.year, self.month, self.day)
        except ValueError:
            return False
        return source.date is not None and abs((source.date - day).days) <= 1

    def __str__(self) -> str:
        month = MONTHS[self.month - 1].title()
        return " ".join(str(part) for part in (self.day, month, self.year) if part)


def occasions(text: str) -> tuple[Occasion, ...]:
    """The days and months that a text names.

    A month alone is none, nor is a year: too many texts are of it.
    """
    iso = [Occasion(*map(int, reversed(found))) for found in _ISO.findall(text)]
    found = [occasion for occasion in iso if 1 <= occasion.month <= 12]
    for day, month, american, year in _DATE.findall(" ".join(words(_ORDINAL.sub("", text)))):
        verb = month == "may" and "May" not in text  # "Article 5 may"
        if (day or american or year) and not verb:
            number = MONTHS.index(month) + 1
            found.append(Occasion(int(day or american or 0), number, int(year or 0)))
    return tuple(found)
