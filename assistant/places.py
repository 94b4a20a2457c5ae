"""Places in a document as people write them: "Article IV", "paras 22 and 23" → `Place`.

>>> sorted(places("Article IV, para. 2"))
[('article', '4'), ('paragraph', '2')]
>>> sorted(places("points 2 to 4"))
[('point', '2'), ('point', '3'), ('point', '4')]
"""

from __future__ import annotations

import re

Place = tuple[str, str]
"""The kind of place and its number or letter; Roman numbers are written as others."""

_NUMBER = r"(?:\d+|[IVXLC]+\b|(?-i:[A-Z]\b))"
_PLACE = re.compile(
    r"\b(article|art|paragraph|para|section|sec|point|annex|chapter|principle|protocol|page)s?\.?\s+"
    rf"({_NUMBER}(?:(?:(?:,|\s+and|\s+or|\s+to|,\s+and)\s+|–){_NUMBER})*)(?!\w)", re.IGNORECASE,
)
_RANGE = re.compile(rf"({_NUMBER})(?:(?:\s+to\s+|–)({_NUMBER}))?", re.IGNORECASE)
_LONGEST_RANGE = 60
_SHORT = {"art": "article", "para": "paragraph", "sec": "section"}
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def places(text: str) -> dict[Place, str]:
    """Every place that a text names, with the words that do."""
    found: dict[Place, str] = {}
    for named in _PLACE.finditer(text):
        kind = named[1].lower()
        for first, last in _RANGE.findall(named[2]):
            for number in _from_to(_arabic(first), _arabic(last)):
                found.setdefault((_SHORT.get(kind, kind), number), named[0])
    return found


def _from_to(first: str, last: str) -> list[str]:
    """All numbers of "9 to 11"; letters and what is no range as they stand."""
    if first.isdigit() and last.isdigit() and 0 < int(last) - int(first) <= _LONGEST_RANGE:
        return [str(number) for number in range(int(first), int(last) + 1)]
    return [number for number in (first, last) if number]


def _arabic(number: str) -> str:
    if not number or not set(number.upper()) <= set(_ROMAN):
        return number.upper()
    values = [_ROMAN[letter] for letter in number.upper()]
    later = [*values[1:], 0]
    return str(sum(-v if v < after else v for v, after in zip(values, later, strict=True)))
