"""Draft → statement or withheld: the gate that every sentence passes before it is shown.

A source's own sentence passes if it is the cited characters. A model's sentence must keep to the
words of the passages that it cites: no number, name, negation, or quotation of its own, and
nearly no other word. What fails is withheld with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from difflib import SequenceMatcher
from itertools import pairwise

from assistant.compose import lead, say_date
from assistant.corpus.passages import sentences
from assistant.tokenization import STOPWORDS, stem, terms, words
from assistant.types import (
    Citation,
    Draft,
    Outcome,
    Passage,
    Retrieved,
    Source,
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
_NUMBER_WORDS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "hundred thousand million billion half twice once first second third fourth fifth".split()
)
# Words that deny or limit what is said: left out, a sentence claims more.
_LIMITS = frozenset(
    "no not never none nor neither cannot only unless except if some most partly almost nearly up "
    "least".split()
)
# A sentence with this share of its words in the order of the source's is a copy of it, and what is
# left out of it a word, not a clause, up to this number of words.
_COPIED = 0.7
_FEW = 2
# How many words away a neighbour may stand in the source: a statement leaves words out.
_NEAR = 12
_PLACE = re.compile(
    r"\b(?:article|art\.|paragraph|para|section|point|annex|chapter)\s+(?:\d+|[IVXL]+)\b", re.I
)
_TYPOGRAPHY = str.maketrans({
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'",
    "–": "-", "—": "-", "‑": "-", "\u00a0": " ", "\u00ad": None,
})


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
    evidence = " ".join(_evidence_text(passage) for passage, _ in draft.cited)
    return (
        _misquoted(draft) or _wrong_number(draft, evidence) or _wrong_name(draft, evidence)
        or _own_words(draft, evidence) or _wrong_force(draft) or _changed(draft)
        or _misplaced(draft)
    )


def _misquoted(draft: Draft) -> str | None:
    for quoted in _QUOTED.findall(draft.text):
        if not any(_is_verbatim(quoted, passage) for passage, _ in draft.cited):
            return f"the quotation “{quoted}” is not verbatim in what it cites"
    return None


def _wrong_number(draft: Draft, evidence: str) -> str | None:
    """A number must occur, and one behind "article" or "paragraph" behind the same word."""
    held = set(words(evidence))
    for word in words(draft.text):
        if word[0].isdigit() and word not in held:
            return f"the number {word} is not in what it cites"
    places = {_plain(place).lower() for place in _PLACE.findall(evidence)}
    for place in _PLACE.findall(draft.text):
        if _plain(place).lower() not in places:
            return f"{place} is not in what it cites"
    return None


def _wrong_name(draft: Draft, evidence: str) -> str | None:
    stems = {stem(word) for word in words(evidence)}
    for name in _NAME.findall(draft.text):
        if not {stem(word) for word in words(name)} <= stems:
            return f"the name {name} is not in what it cites"
    return None


def _wrong_force(draft: Draft) -> str | None:
    """Negation and modal verbs must be those of the sentences that carry the statement."""
    carrying = " ".join(
        p.source.text[slice(*_carrying(draft.text, p, span))] for p, span in draft.cited
    )
    said, held = ({stem(w) for w in words(text)} for text in (draft.text, carrying))
    denied, denied_there = _denied(draft.text), _denied(carrying)
    if denied - denied_there or (denied_there & said) - denied:
        return "its negation is not that of what it cites"
    if said & _MODALS - held:
        return "its modal verb is not that of what it cites"
    return None


def _changed(draft: Draft) -> str | None:
    """What a sentence that is nearly copied puts in another's place, or leaves out.

    Numbers, names and modal verbs that are not the original's, and single words left out that
    turn the meaning. What the source's own name and date say may be put in front.
    """
    said = words(draft.text)
    names = {word for name in _NAME.findall(draft.text) for word in words(name)}
    for passage, span in draft.cited:
        carrying = words(passage.source.text[slice(*_carrying(draft.text, passage, span))])
        matcher = SequenceMatcher(None, said, carrying, autojunk=False)
        if sum(block.size for block in matcher.get_matching_blocks()) < _COPIED * len(said):
            continue
        known = set(words(f"{lead(passage)} {' '.join(_titles(passage.source))}"))
        for kind, i, j, k, m in matcher.get_opcodes():
            if kind == "equal":
                continue
            new = [w for w in said[i:j] if _is_critical(w, names) and w not in known]
            if new:
                return f"“{new[0]}” is not what the sentence that it copies says"
            lost = [w for w in carrying[k:m] if w in _LIMITS]
            if lost and m - k <= _FEW:
                return f"it leaves out “{lost[0]}” from the sentence that it copies"
    return None


def _is_critical(word: str, names: Set[str]) -> bool:
    return word in names or word in _MODALS or word in _NUMBER_WORDS or word[0].isdigit()


def _misplaced(draft: Draft) -> str | None:
    """A number, name or modal verb must stand among the words that it stands among there.

    Of the two nearest content words on each side one must be near it on the same side; "signed by
    A" counts as "A signed". A document's own name of several words may stand anywhere.
    """
    said = words(draft.text)
    names = {word for name in _NAME.findall(draft.text) for word in words(name)}
    held = [words(text) for p, _ in draft.cited for text in _sentences(p)]
    titles = {
        pair for p, _ in draft.cited for name in _titles(p.source) for pair in pairwise(words(name))
    }
    places: dict[str, list[tuple[list[str], int]]] = {}
    for text in held:
        for place, word in enumerate(text):
            places.setdefault(stem(word), []).append((text, place))
    for place, word in enumerate(said):
        if word in names:
            if any(pair in titles for pair in pairwise(said[max(0, place - 1) : place + 2])):
                continue
        elif not _is_critical(word, names):
            continue
        left, right = _around(said, place, 2, len(said))
        for text, there in places.get(stem(word), ()):
            near_left, near_right = _around(text, there, _NEAR, _NEAR)
            if "by" in text[max(0, there - 3) : there]:
                near_right |= near_left
            if (not left or left & near_left) and (not right or right & near_right):
                break
        else:
            return f"“{word}” stands among other words in what it cites"
    return None


def _sentences(passage: Passage) -> Iterator[str]:
    """What is known of the passage's source, then each sentence of the passage."""
    yield f"{lead(passage)} {passage.source.title} {say_date(passage.source)}"
    for start, end in sentences(passage.text, passage.source.language):
        yield passage.text[start:end]


def _titles(source: Source) -> tuple[str, ...]:
    return (source.title, source.short_title, *source.aliases)


def _around(text: Sequence[str], place: int, count: int, reach: int) -> tuple[set[str], set[str]]:
    """Stems of the nearest `count` content words on each side, at most `reach` words away."""
    before = text[max(0, place - reach) : place][::-1]
    after = text[place + 1 : place + 1 + reach]
    left, right = ([stem(w) for w in side if w not in STOPWORDS] for side in (before, after))
    return set(left[:count]), set(right[:count])


def _denied(text: str) -> set[str]:
    """For each negation the content word behind it (before it, where it ends the sentence):
    a sentence may leave the negation out only together with that word."""
    wanted = set(terms(text)) | _NEGATIONS
    content = [s for s in map(stem, words(text)) if s in wanted and s not in _MODALS]
    denied = set()
    for place, word in enumerate(content):
        if word in _NEGATIONS:
            behind = [w for w in content[place + 1 :] if w not in _NEGATIONS][:1]
            before = [w for w in content[:place] if w not in _NEGATIONS][-1:]
            denied.update(behind or before)
    return denied


def _own_words(draft: Draft, evidence: str) -> str | None:
    held, content = set(terms(evidence)), terms(draft.text)
    kept = sum(term in held for term in content)
    if not content or kept / len(content) >= _KEPT_WORDS:
        return None
    return f"only {kept} of its {len(content)} content words are in what it cites"


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
