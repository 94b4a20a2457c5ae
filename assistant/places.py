"""Places in a document as people write them: "Article IV", "paras 22 and 23" → `Place`.

>>> sorted(places("Article IV, para. 2"))
[('article', '4'), ('paragraph', '2')]
"""

from __future__ import annotations

import re

Place = tuple[str, str]
"""The kind of place and its number or letter; Roman numbers are written as others."""

_NUMBER = r"(?:\d+|[IVXLC]+\b|(?-i:[A-Z]\b))"
_PLACE = re.compile(
    r"\b(article|art|paragraph|para|section|sec|point|annex|chapter|principle|protocol|page)s?\.?\s+"
    rf"({_NUMBER}(?:(?:,|\s+and|\s+or|\s+to|,\s+and)\s+{_NUMBER})*)(?!\w)", re.IGNORECASE,
)
_SHORT = {"art": "article", "para": "paragraph", "sec": "section"}
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def places(text: str) -> dict[Place, str]:
    """Every place that a text names, with the words that do."""
    found: dict[Place, str] = {}
    for named in _PLACE.finditer(text):
        kind = named[1].lower()
        for number in re.findall(_NUMBER, named[2], re.IGNORECASE):
            found.setdefault((_SHORT.get(kind, kind), _arabic(number)), named[0])
    return found


def _arabic(number: str) -> str:
    if not set(number.upper()) <= set(_ROMAN):
        return number.upper()
    values = [_ROMAN[letter] for letter in number.upper()]
    later = [*values[1:], 0]
    return str(sum(-v if v < after else v for v, after in zip(values, later, strict=True)))
