"""Evidence → quotes: the stretches of the sources' own text that answer, and who says them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.corpus.speakers import say_voice, speakers, voice_at
from assistant.types import (
    TIERS,
    Draft,
    Evidence,
    Origin,
    Passage,
    Retrieved,
    Source,
    Span,
)

_PASSAGES = 6
_PER_SOURCE = 3
_SENTENCES = 2
# A provision this short is shown whole: its sentences qualify one another.
_WHOLE_WORDS = 90
# A passage that scores less than this share of the best one seldom bears on the question.
_WORTH = 0.6

_STATUS = {
    "in_force": "in force", "signed_not_in_force": "signed, never in force",
    "political_commitment": "political commitment", "adopted": "adopted",
    "proposed": "draft proposal", "issued": "official position", "leaked":
    "leaked, not officially released", "suspended": "suspended", "superseded": "superseded",
    "recorded": "oral, on record", "terminated": "terminated", "opinion": "opinion",
    "unknown": "force not known",
}
_CHANGING = ("in_force", "signed_not_in_force", "suspended", "superseded", "terminated")


def say_name(source: Source) -> str:
    """Its name as a sentence begins with it."""
    return source.name[0].upper() + source.name[1:]


def say_date(source: Source) -> str:
    """`17 December 2021`, or `undated`."""
    day = source.date
    return f"{day.day} {day:%B %Y}" if day else "undated"


def say_status(source: Source) -> str:
    """`suspended as of 7 November 2023`; of a force that cannot change no day is told."""
    day = source.status_as_of if source.status in _CHANGING else None
    return _STATUS[source.status] + (f" as of {day.day} {day:%B %Y}" if day else "")


def say_place(passage: Passage) -> str:
    """The anchor, plainly marked where the text is a digest of it."""
    if passage.source.text_kind != "digest":
        return passage.anchor
    if passage.anchor.startswith("introduction"):
        return f"the digest's {passage.anchor}"
    return f"digest of {passage.anchor}"


def lead(passage: Passage, place: int | None = None) -> str:
    """Who says it, when, with what force, and where: what stands before every quote.

    In a transcript the one who speaks at the `place`, by default where the passage begins.
    """
    source = passage.source
    who = say_voice(source, passage.span.start if place is None else place)
    return (
        f"{say_name(source)} ({who}, {say_date(source)}, {say_status(source)}; "
        f"{say_place(passage)})"
    )


def told(place: tuple[Passage, Span]) -> str:
    """A place as a model reads it: who says it, when, with what force, and the words."""
    passage, span = place
    return f"{lead(passage, span.start)}: {passage.source.text[span.start : span.end]}"


def quote(retrieved: Retrieved) -> Iterator[Draft]:
    """The sentences that bear most on the question: primary texts first, then officials, then
    commentary; within each by relevance. A digest's sentence is never put in quotation marks."""
    for place in excerpts(retrieved):
        yield as_quote(place)


def as_quote(place: tuple[Passage, Span], origin: Origin = "quote") -> Draft:
    """The source's own words at a place, with who says them."""
    passage, span = place
    text = passage.source.text[span.start : span.end]
    verbatim = text if passage.source.text_kind == "digest" else f"“{text}”"
    return Draft(text=verbatim, lead=lead(passage, span.start), cited=(place,), origin=origin)


def excerpts(retrieved: Retrieved) -> list[tuple[Passage, Span]]:
    """The stretches of text worth showing, in the order in which they are shown.

    What says otherwise than the question takes for granted comes first, and what differs from
    other accounts is always there. Retrieval has balanced the sources; here the best of each tier
    gets a place, so that neither texts nor officials nor commentators go unheard where they bear
    on the question.
    """
    usable = [e for e in retrieved.evidence if e.best]
    best = max((e.score for e in usable), default=0.0)
    worth = [e for e in usable if e.score >= _WORTH * best]
    firsts = [next((e for e in worth if e.passage.source.tier == tier), None) for tier in TIERS]
    kept = [e for e in firsts if e]
    for evidence in worth:
        same = sum(e.passage.source.id == evidence.passage.source.id for e in kept)
        if evidence not in kept and same < _PER_SOURCE and len(kept) < _PASSAGES:
            kept.append(evidence)
    picked = sorted(kept, key=worth.index)
    by_source = list(dict.fromkeys(e.passage.source.id for e in picked))
    picked.sort(key=lambda e: (
        TIERS.index(e.passage.source.tier), by_source.index(e.passage.source.id)
    ))
    places = [(e.passage, span) for e in picked for span in shown(e)]
    for account in retrieved.differing:
        if not any(_overlap((account.passage, account.span), place) for place in places):
            places.append((account.passage, account.span))
    if retrieved.premise is None:
        return places
    otherwise = (retrieved.premise.passage, retrieved.premise.span)
    return [otherwise, *(place for place in places if not _overlap(otherwise, place))]


def _overlap(one: tuple[Passage, Span], other: tuple[Passage, Span]) -> bool:
    (first, a), (second, b) = one, other
    return first.id == second.id and a.start < b.end and b.start < a.end


def shown(evidence: Evidence) -> Iterator[Span]:
    """What of a passage is quoted: all of a short one, else its best sentences."""
    passage = evidence.passage
    one_speaks = len(speakers(passage.source, passage.span)) <= 1
    if one_speaks and len(passage.text.split()) <= _WHOLE_WORDS:
        return iter([passage.span])
    return _joined(passage, sorted(evidence.best[:_SENTENCES]))


def _joined(passage: Passage, spans: Sequence[Span]) -> Iterator[Span]:
    """Neighbouring sentences of one speaker as one span."""
    current, source = None, passage.source
    for span in spans:
        if current and not source.text[current.end : span.start].strip() and (
            voice_at(source, current.start) == voice_at(source, span.start)
        ):
            current = Span(current.start, span.end)
            continue
        if current:
            yield current
        current = span
    if current:
        yield current
