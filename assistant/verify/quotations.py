"""Whether what stands in quotation marks is in a cited source word for word.

Typographic quotes, dashes, hyphenation at line ends and white space count as alike; an ellipsis
stands for words left out between two verbatim parts.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from assistant.types import Draft, Passage

Verdict = Literal["verbatim", "altered", "stitched", "not found"]

_QUOTED = re.compile(r"[“\"«„]([^“”\"«»„]{2,})[”\"»]")
_ELLIPSIS = re.compile(r"\s*(?:\[?(?:…|\.\.\.)\]?)\s*")
_TYPOGRAPHY = str.maketrans({
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'",
    "–": "-", "—": "-", "‑": "-", "\u00a0": " ", "\u00ad": None,
})
# From this share of equal words on a quotation is an altered one, not an invented one.
_ALTERED = 0.6
# Fewer words in a row are found anywhere.
_PIECE = 3


class Quotation(NamedTuple):
    """What stands in quotation marks, and for an altered one what the source says instead."""

    text: str
    verdict: Verdict
    instead: str = ""


def misquoted(draft: Draft) -> str | None:
    """Why a sentence's quotations are none, or nothing if all are verbatim."""
    for quoted in _QUOTED.findall(draft.text):
        found = judge(quoted, [passage for passage, _ in draft.cited])
        match found.verdict:
            case "altered":
                return f"the quotation “{quoted}” is altered: the source has “{found.instead}”"
            case "stitched":
                return f"the quotation “{quoted}” is stitched from parts that stand apart"
            case "not found":
                return f"the quotation “{quoted}” is not in what it cites"
    return None


def judge(quoted: str, passages: list[Passage]) -> Quotation:
    """The best verdict that any of the passages allows."""
    texts = [text for passage in passages for text in _quotable(passage)]
    wanted = _plain(quoted).strip(" .,;")
    if any(_in_order(wanted, text) for text in texts):
        return Quotation(quoted, "verbatim")
    if any(_in_pieces(wanted.split(), text) for text in texts):
        return Quotation(quoted, "stitched")
    share, instead = max((_nearest(wanted.split(), text) for text in texts), default=(0.0, ""))
    if share >= _ALTERED:
        return Quotation(quoted, "altered", instead)
    return Quotation(quoted, "not found")


def _quotable(passage: Passage) -> list[str]:
    """What the document itself says: an original's words, or the formulas that a digest puts in
    quotation marks as the document's own."""
    if passage.source.text_kind == "digest":
        return [_plain(formula) for formula in _QUOTED.findall(passage.text)]
    return [_plain(passage.text)]


def _in_order(wanted: str, text: str) -> bool:
    """Whether the parts between ellipses stand in the text, one behind the other."""
    place = 0
    for part in _ELLIPSIS.split(wanted):
        place = text.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


def _in_pieces(wanted: list[str], text: str) -> bool:
    """Whether it can be cut into parts of some words, each of which stands in the text."""
    start = 0
    while start < len(wanted):
        end = len(wanted)
        while end - start >= _PIECE and " ".join(wanted[start:end]) not in text:
            end -= 1
        if end - start < _PIECE:
            return False
        start = end
    return True


def _nearest(wanted: list[str], text: str) -> tuple[float, str]:
    """The stretch of the text most like the quotation, and the share of words that are equal."""
    held = text.replace('"', "").split()
    best = (0.0, 0, "")
    for start in range(max(1, len(held) - len(wanted) + 1)):
        stretch = held[start : start + len(wanted)]
        share = SequenceMatcher(None, wanted, stretch, autojunk=False).ratio()
        in_place = sum(map(str.__eq__, wanted, stretch))
        best = max(best, (share, in_place, " ".join(stretch)))
    return best[0], best[2]


def _plain(text: str) -> str:
    joined = re.sub(r"(?<=\w)-\n(?=\w)", "", text)
    return " ".join(joined.translate(_TYPOGRAPHY).split())
