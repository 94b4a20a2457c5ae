"""Draft → statement or withheld: the gate that every sentence passes before it is shown.

A source's own sentence passes if it is the cited characters. A model's sentence must keep to the
words of the passages that it cites: no number, name, negation, or quotation of its own, and
nearly no other word. What fails is withheld with the reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from assistant.compose import lead, say_date
from assistant.corpus.passages import sentences
from assistant.tokenization import stem, terms, words
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

# Share of a model sentence's content words that the cited passages must hold. Below, too much of
# the sentence is the model's own to tell what carries it.
_KEPT_WORDS = 0.8

_QUOTED = re.compile(r"[“\"«„]([^“”\"«»„]{2,})[”\"»]")
_NEGATIONS = {
    "no", "not", "never", "none", "nor", "neither", "without", "cannot", "refus", "reject",
}
_MODALS = {"shall", "should", "must", "may", "might", "would", "could", "can"}
_NAME = re.compile(r"(?<=[\w,;:)”\"'’] )[A-ZА-Я][\w’'-]*")
_TYPOGRAPHY = str.maketrans({
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'",
    "–": "-", "—": "-", "‑": "-", "\u00a0": " ", "\u00ad": None,
})


class Numbering:
    """Numbers citations from 1 by first use; the same characters keep their number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, Span], int] = {}

    def cite(self, passage: Passage, span: Span) -> Citation:
        number = self._numbers.setdefault((passage.id, span), len(self._numbers) + 1)
        return Citation(number=number, passage=passage, span=span)


def check(draft: Draft, numbering: Numbering) -> Statement | Withheld:
    """Let a draft through as a statement, or withhold it with the reason."""
    fault = _quote_fault(draft) if draft.origin == "quote" else _model_fault(draft)
    if fault:
        return Withheld(text=draft.text, reason=fault)
    return Statement(
        text=draft.text, lead=draft.lead, support="full", origin=draft.origin,
        citations=tuple(
            numbering.cite(p, s if draft.origin == "quote" else _carrying(draft.text, p, s))
            for p, s in draft.cited
        ),
    )


def conclude(retrieved: Retrieved, statements: Sequence[Statement]) -> Outcome:
    """What came of the question, as a value."""
    return "answered" if retrieved.answerable and statements else "not_in_corpus"


def _quote_fault(draft: Draft) -> str | None:
    (passage, span), = draft.cited
    is_digest = passage.source.text_kind == "digest"
    text = draft.text if is_digest else draft.text.removeprefix("“").removesuffix("”")
    inside = passage.span.start <= span.start < span.end <= passage.span.end
    same = inside and text == passage.source.text[span.start : span.end]
    return None if same else "it is not the cited characters"


def _model_fault(draft: Draft) -> str | None:
    """The first reason why the cited passages do not carry the sentence, if there is one."""
    if not draft.cited:
        if draft.unknown:
            return f"it cites {', '.join(draft.unknown)}, which does not exist"
        return "it cites nothing"
    passages = [p for p, _ in draft.cited]
    for quoted in _QUOTED.findall(draft.text):
        if not any(_is_verbatim(quoted, p) for p in passages):
            return f"the quotation “{quoted}” is not verbatim in what it cites"
    evidence = " ".join(_evidence_text(p) for p in passages)
    held = Counter(words(evidence))
    said = words(draft.text)
    stems = {stem(word) for word in held}
    if wrong := [w for w in said if w[0].isdigit() and w not in held]:
        return f"the number {wrong[0]} is not in what it cites"
    if wrong := [n for n in _NAME.findall(draft.text) if not {stem(w) for w in words(n)} <= stems]:
        return f"the name {wrong[0]} is not in what it cites"
    own = " ".join(p.source.text[s.start : s.end] for p, s in draft.cited)
    own_stems = {stem(w) for w in words(own)}
    for group, called in ((_NEGATIONS, "negation"), (_MODALS, "modal")):
        in_draft = {stem(w) for w in said} & group
        if in_draft - own_stems or (group is _NEGATIONS and bool(in_draft) != bool(
            own_stems & group
        )):
            return f"its {called} is not that of what it cites"
    content = terms(draft.text)
    kept = sum(term in stems for term in content)
    if content and kept / len(content) < _KEPT_WORDS:
        return f"only {kept} of its {len(content)} content words are in what it cites"
    return None


def _evidence_text(passage: Passage) -> str:
    return f"{lead(passage)} {passage.source.title} {say_date(passage.source)} {passage.text}"


def _is_verbatim(quoted: str, passage: Passage) -> bool:
    """Whether the document itself says so: an original's words, or a formula that a digest puts in
    quotation marks as the document's own."""
    wanted = _plain(quoted).strip(" .,;")
    if passage.source.text_kind == "digest":
        return any(wanted in _plain(formula) for formula in _QUOTED.findall(passage.text))
    return wanted in _plain(passage.text)


def _plain(text: str) -> str:
    """Typographic quotes, dashes, hyphenation at line ends and white space made alike."""
    return " ".join(re.sub(r"(?<=\w)-\n(?=\w)", "", text).translate(_TYPOGRAPHY).split())


def _carrying(text: str, passage: Passage, offered: Span) -> Span:
    """The one sentence of those offered that shares most content words with the statement."""
    said = set(terms(text))
    source = passage.source
    options = sentences(source.text[offered.start : offered.end], source.language, offered.start)
    return max(
        options, key=lambda s: len(said & set(terms(source.text[s.start : s.end]))),
        default=offered,
    )
