"""The texts side by side: a row for each provision of the first, a cell for each other text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Literal

from assistant.comparing.matching import Match, match, shared_weight
from assistant.compose import shown
from assistant.corpus.passages import sentences
from assistant.errors import QuestionError
from assistant.index import PassageIndex
from assistant.injection import steering
from assistant.places import places
from assistant.types import Citation, Evidence, Passage, Source
from assistant.verify import Numbering

Absence = Literal["no_answer", "digest_shows_none", "none_in_what_is_held"]

ABSENCE: dict[Absence, str] = {
    "no_answer": "no answer to this found",
    "digest_shows_none": "our digest shows none",
    "none_in_what_is_held": "no answer found in the text as it is held, not checked to be whole",
}
_PREAMBLE = re.compile(r"preamble|преамбула", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What answers a provision in one text, or why nothing does and which place comes nearest."""

    answers: tuple[Citation, ...] = ()
    absence: Absence | None = None
    nearest: Passage | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A provision, and a cell for each of the other texts."""

    provision: Citation
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`left_out` are passages of the first text that are no provision; `beyond`, for each of the
    others, those that answer none. Citations are numbered from 1 by first use."""

    first: Source
    others: tuple[Source, ...]
    rows: tuple[Row, ...]
    left_out: tuple[Passage, ...]
    beyond: tuple[tuple[Passage, ...], ...]
    notices: tuple[str, ...]
    corpus_version: str


def compare(sources: Sequence[Source], index: PassageIndex, corpus_version: str) -> Comparison:
    """The provisions of the first source, each with what answers it in the others.

    Raises QuestionError for fewer than two sources, one named twice, or one that was not read.
    """
    _check(sources, index)
    first, *others = sources
    provisions, left_out = _provisions(index.of(first.id))
    matched, beyond, notices = [], [], list[str]()
    for other in others:
        held = tuple(filter(_speaks, index.of(other.id)))
        kept = tuple(p for p in held if not steering(p.text))
        notices += _on_suspects(other, len(held) - len(kept))
        matches, trouble = match(provisions, kept, index)
        notices += trouble
        used = {passage.id for found in matches for passage in found.answers}
        matched.append(matches)
        beyond.append(tuple(p for p in kept if p.id not in used))
    numbering = Numbering()
    return Comparison(
        first=first, others=tuple(others), left_out=left_out, beyond=tuple(beyond),
        rows=tuple(
            Row(
                provision=numbering.cite(provision, provision.span),
                cells=tuple(
                    _cell(matches[n], provision, other, index, numbering)
                    for other, matches in zip(others, matched, strict=True)
                ),
            ) for n, provision in enumerate(provisions)
        ),
        notices=tuple(notices), corpus_version=corpus_version,
    )


def _check(sources: Sequence[Source], index: PassageIndex) -> None:
    if len(sources) < 2:
        raise QuestionError("There is nothing to compare with.", "Name two texts or more.")
    if twice := [s for n, s in enumerate(sources) if s in sources[:n]]:
        raise QuestionError(f"{twice[0].title} is named twice.", "Name each text once.")
    if unread := [source for source in sources if not index.of(source.id)]:
        raise QuestionError(
            f"{unread[0].title} is listed here, but its text is not held.",
            "Add the text with: assistant add",
        )


def _provisions(held: Sequence[Passage]) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """What makes rows, and what does not: of a digest with numbered places these and the preamble
    alone, because its other headings tell about the document."""
    numbered = [bool(places(p.anchor)) for p in held]
    if held[0].source.text_kind == "digest" and sum(numbered) > 1:
        kept = [n or bool(_PREAMBLE.match(p.anchor)) for n, p in zip(numbered, held, strict=True)]
    else:
        kept = list(map(_speaks, held))
    provisions = tuple(compress(held, kept))
    return provisions, tuple(p for p, is_kept in zip(held, kept, strict=True) if not is_kept)


def _speaks(passage: Passage) -> bool:
    """Whether the text itself is told of: a digest begins with what it is a digest of."""
    return passage.source.text_kind != "digest" or not passage.anchor.startswith("introduction")


def _cell(
    found: Match, provision: Passage, other: Source, index: PassageIndex, numbering: Numbering
) -> Cell:
    if not found.answers:
        return Cell(absence=_absence(other), nearest=found.nearest)
    return Cell(answers=tuple(
        numbering.cite(passage, span) for passage in found.answers
        for span in shown(_evidence(passage, provision, index))
    ))


def _evidence(passage: Passage, provision: Passage, index: PassageIndex) -> Evidence:
    """The passage with its sentences that share most with the provision."""
    source = passage.source
    spans = sentences(passage.text, source.language, passage.span.start)
    ranked = sorted(
        spans, key=lambda s: -shared_weight(source.text[s.start : s.end], provision, index)
    )
    return Evidence(passage=passage, score=0.0, best=tuple(ranked))


def _absence(source: Source) -> Absence:
    """What may be said of a text in which nothing was found."""
    if source.text_kind == "digest":
        return "digest_shows_none"
    return "no_answer" if source.checked == "full_text" else "none_in_what_is_held"


def _on_suspects(source: Source, count: int) -> list[str]:
    if not count:
        return []
    which = "1 passage that tries" if count == 1 else f"{count} passages that try"
    return [f"Left out of {source.title}: {which} to instruct a language model."]
