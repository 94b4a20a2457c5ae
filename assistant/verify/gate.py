"""Draft → statement or withheld.

A source's own sentence passes if it is the cited characters. A model's sentence must keep to the
passages that it cites; if it names none, or the wrong one, but another that the model was shown
carries it, that one is cited. What fails is withheld with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.types import (
    Citation,
    Draft,
    Outcome,
    Passage,
    Retrieved,
    Span,
    Statement,
    Withheld,
)
from assistant.verify.quotations import misquoted
from assistant.verify.support import carrying, fault, shared, unnamed


class Numbering:
    """Numbers citations from 1 by first use; a part of what was cited already keeps its number."""

    def __init__(self) -> None:
        self._cited: list[Citation] = []

    def cite(self, passage: Passage, span: Span) -> Citation:
        for earlier in self._cited:
            same = earlier.passage.id == passage.id
            if same and earlier.span.start <= span.start and span.end <= earlier.span.end:
                return earlier
        citation = Citation(number=len(self._cited) + 1, passage=passage, span=span)
        self._cited.append(citation)
        return citation


def check(draft: Draft, numbering: Numbering) -> Statement | Withheld:
    """Let a draft through as a statement, or withhold it with the reason."""
    if draft.origin == "quote":
        reason = _quote_fault(draft)
    else:
        draft, reason = _carried(draft)
    if reason:
        return Withheld(text=draft.text, reason=reason)
    return Statement(
        text=draft.text, lead=draft.lead or unnamed(draft), support="full", origin=draft.origin,
        citations=tuple(
            numbering.cite(p, s if draft.origin == "quote" else carrying(draft.text, p, s))
            for p, s in draft.cited
        ),
    )


def conclude(retrieved: Retrieved, statements: Sequence[Statement]) -> Outcome:
    """What came of the question, as a value."""
    if retrieved.silence:
        return "document_silent"
    return "answered" if retrieved.answerable and statements else "not_in_corpus"


def _quote_fault(draft: Draft) -> str | None:
    (passage, span), = draft.cited
    is_digest = passage.source.text_kind == "digest"
    text = draft.text if is_digest else draft.text.removeprefix("“").removesuffix("”")
    inside = passage.span.start <= span.start < span.end <= passage.span.end
    same = inside and text == passage.source.text[span.start : span.end]
    return None if same else "it is not the cited characters"


def _carried(draft: Draft) -> tuple[Draft, str | None]:
    """The draft with citations that carry it, or as it is with the reason why none do."""
    if not draft.whole:
        return draft, "it breaks off"
    reason = _model_fault(draft)
    if reason:
        for other in _otherwise_cited(draft):
            if _model_fault(other) is None:
                return other, None
    return draft, reason


def _otherwise_cited(draft: Draft) -> Iterator[Draft]:
    """The same sentence with each other passage that the model was shown, the likeliest first:
    in place of those cited, or beside them (a quotation may be from another source)."""
    others = [place for place in draft.offered if place not in draft.cited]
    for place in sorted(others, key=lambda place: -shared(draft.text, place[0])):
        yield replace(draft, cited=(place,), unknown=())
        if draft.cited:
            yield replace(draft, cited=(*draft.cited, place), unknown=())


def _model_fault(draft: Draft) -> str | None:
    if not draft.cited:
        if draft.unknown:
            return f"it cites {', '.join(draft.unknown)}, which does not exist"
        return "it cites nothing, and nothing that was found carries it"
    return misquoted(draft) or fault(draft)
