"""Draft → statement or withheld.

A source's own sentence passes if it is the cited characters. A model's sentence must keep to the
passages that it cites, or be found supported by a judge; if it names none, or the wrong one, but
another that the model was shown carries it, that one is cited. What fails is withheld with the
reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.compose import lead
from assistant.corpus.passages import sentences
from assistant.injection import addressed
from assistant.tokenization import LANGUAGES, language_of
from assistant.types import (
    Citation,
    Draft,
    Outcome,
    Passage,
    Retrieved,
    Span,
    Statement,
    Support,
    Withheld,
)
from assistant.verify.judges import Judge
from assistant.verify.quotations import misquoted
from assistant.verify.support import carrying, contradiction, rewording, shared, unnamed
from assistant.verify.window import window

# Where clauses stand side by side; and words by which one takes back what another says.
_CLAUSE_END = re.compile(r"(?:;|,\s+(?:and|but|while|whereas)\b|\s+[–—]\s)")
_TAKES_BACK = re.compile(r"\b(?:if|unless|only|except|provided|until|not|no|never)\b", re.I)


class Numbering:
    """Numbers citations from 1 by first use; a part of what was cited already keeps its number."""

    def __init__(self, cited: Sequence[Citation] = ()) -> None:
        self._cited = list(cited)

    def copy(self) -> Numbering:
        return Numbering(self._cited)

    def cite(self, passage: Passage, span: Span) -> Citation:
        for earlier in self._cited:
            same = earlier.passage.id == passage.id
            if same and earlier.span.start <= span.start and span.end <= earlier.span.end:
                return earlier
        citation = Citation(number=len(self._cited) + 1, passage=passage, span=span)
        self._cited.append(citation)
        return citation


def check(
    draft: Draft, numbering: Numbering, judge: Judge | None = None
) -> Statement | Withheld:
    """Let a draft through as a statement, or withhold it with the reason.

    Of a model's sentence in other words than the source's a `judge` decides; without one it is
    withheld. Of one whose first clauses alone are carried, these are shown: support "partial".
    """
    if draft.origin != "model":
        fault = _quote_fault(draft)
        if fault:
            return Withheld(text=draft.text, reason=fault)
        return _statement(draft, numbering, "full")
    carried, reason = _carried(draft, judge)
    if reason is None:
        return _statement(carried, numbering, "full")
    for shorter in _shortened(draft):
        carried, fault = _carried(shorter, None)
        if fault is None:
            return _statement(carried, numbering, "partial")
    return Withheld(text=draft.text, reason=reason)


def _statement(draft: Draft, numbering: Numbering, support: Support) -> Statement:
    return Statement(
        text=draft.text, lead=draft.lead or unnamed(draft), support=support, origin=draft.origin,
        citations=tuple(
            numbering.cite(p, carrying(draft.text, p, s) if draft.origin == "model" else s)
            for p, s in draft.cited
        ),
    )


def conclude(retrieved: Retrieved, statements: Sequence[Statement]) -> Outcome:
    """What came of the question, as a value."""
    if retrieved.silence:
        return "document_silent"
    if not retrieved.answerable or not statements:
        return "not_in_corpus"
    if retrieved.premise:
        return "premise_not_supported"
    return "partly_answered" if retrieved.open else "answered"


def _quote_fault(draft: Draft) -> str | None:
    (passage, span), = draft.cited
    is_digest = passage.source.text_kind == "digest"
    text = draft.text if is_digest else draft.text.removeprefix("“").removesuffix("”")
    inside = passage.span.start <= span.start < span.end <= passage.span.end
    same = inside and text == passage.source.text[span.start : span.end]
    return None if same else "it is not the cited characters"


def _carried(draft: Draft, judge: Judge | None) -> tuple[Draft, str | None]:
    """The draft with citations that carry it, or as it is with the reason why none do."""
    if not draft.whole:
        return draft, "it breaks off"
    if addressed(draft.text):
        return draft, "it speaks to its reader or to a model and states nothing"
    language = language_of(draft.text)
    if language != "en" and all(p.source.language == "en" for p, _ in draft.offered):
        return draft, f"it is in {LANGUAGES[language]}, and what it was shown is in English"
    reason = _model_fault(draft, None)
    if reason is None:
        return draft, None
    others = list(_otherwise_cited(draft))
    for other in others:
        if _model_fault(other, None) is None:
            return other, None
    if judge:
        # not each passage: what a judge is asked about must be likely
        for likely in [draft, *others[:1]]:
            judged = _model_fault(likely, judge)
            if judged is None:
                return likely, None
            reason = judged if likely is draft else reason
    return draft, reason


def _otherwise_cited(draft: Draft) -> Iterator[Draft]:
    """The same sentence with each other passage that the model was shown, the likeliest first:
    in place of those cited, or beside them (a quotation may be from another source)."""
    others = [place for place in draft.offered if place not in draft.cited]
    for place in sorted(others, key=lambda place: -shared(draft.text, place[0])):
        yield replace(draft, cited=(place,), unknown=())
        if draft.cited:
            yield replace(draft, cited=(*draft.cited, place), unknown=())


def _shortened(draft: Draft) -> Iterator[Draft]:
    """The sentence without its last clauses, the longest first, where clauses stand side by side:
    what is left out then takes nothing back."""
    ends = [found.start() for found in _CLAUSE_END.finditer(draft.text)]
    for end in reversed(ends):
        if _TAKES_BACK.search(draft.text[end:]) is None:
            yield replace(draft, text=f"{draft.text[:end]}.")


def _model_fault(draft: Draft, judge: Judge | None) -> str | None:
    if not draft.cited:
        if draft.unknown:
            return f"it cites {', '.join(draft.unknown)}, which does not exist"
        return "it cites nothing, and nothing that was found carries it"
    plain = misquoted(draft) or contradiction(draft)
    if plain:
        return plain
    reworded = rewording(draft)
    return _misjudged(draft, judge) if reworded and judge else reworded


def _misjudged(draft: Draft, judge: Judge) -> str | None:
    if judge.support(evidence_for(draft), draft.text) >= judge.threshold:
        return None
    return f"the {judge.name} does not find it supported by what it cites"


def evidence_for(draft: Draft) -> str:
    """What a judge reads: whose text it is, and the sentences that the statement can rest on."""
    texts = [
        passage.text[start:end] for passage, _ in draft.cited
        for start, end in sentences(passage.text, passage.source.language)
    ]
    return f"{lead(draft.cited[0][0])}: {window(draft.text, texts)}"
