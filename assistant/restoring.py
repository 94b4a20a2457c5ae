"""JSON → Answer: one that was kept, as it was given, whatever the corpus holds by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.render import AnswerJson, CitationJson, PassageJson, SourceJson
from assistant.types import (
    Answer,
    Citation,
    Evidence,
    Passage,
    Source,
    Span,
    Statement,
    Withheld,
)


def restore(model: AnswerJson, texts: Mapping[str, str] | None = None) -> Answer:
    """The answer as it was given: `as_model` of it is `model` again.

    `texts` are those of the sources that are held now, by id, and are shared where the passages
    still stand at their places. Elsewhere a source's text is its passages, and blank between them.
    Raises KeyError for an answer of the older form, which does not tell its sources.
    """
    cited = [_cited_passage(c) for c in model.citations]
    pieces: dict[str, list[PassageJson]] = {}
    for one in (*cited, *model.evidence, *model.suspect):
        pieces.setdefault(one.source, []).append(one)
    held = texts or {}
    sources = {
        s.id: _source(s, _text(pieces.get(s.id, []), held.get(s.id, ""))) for s in model.sources
    }
    citations = {
        c.number: Citation(
            number=c.number, passage=_passage(passage, sources), span=Span(c.start, c.end),
            voice=c.voice, wording=c.original_wording,
        ) for c, passage in zip(model.citations, cited, strict=True)
    }
    return Answer(
        question=model.question, understood=model.understood, outcome=model.outcome,
        statements=tuple(
            Statement(
                text=s.text, citations=tuple(citations[n] for n in s.citations),
                support=s.support, origin=s.origin, lead=s.lead,
            ) for s in model.statements
        ),
        withheld=tuple(Withheld(text=w.text, reason=w.reason) for w in model.withheld),
        evidence=tuple(
            Evidence(passage=_passage(e, sources), score=e.score) for e in model.evidence
        ),
        nearest=tuple(sources[id] for id in model.nearest), notices=tuple(model.notices),
        model=model.model, corpus_version=model.corpus_version, scope=model.scope,
        premise=model.premise, suspect=tuple(_passage(p, sources) for p in model.suspect),
        timings=model.timings, tokens=model.tokens,
    )


def _cited_passage(citation: CitationJson) -> PassageJson:
    return PassageJson(
        passage=citation.passage, source=citation.source, anchor=citation.anchor,
        start=citation.passage_start, checked=citation.checked, text=citation.passage_text,
    )


def _passage(known: PassageJson, sources: Mapping[str, Source]) -> Passage:
    return Passage(
        id=known.passage, source=sources[known.source], anchor=known.anchor,
        span=Span(known.start, known.start + len(known.text)), checked=known.checked,
    )


def _source(known: SourceJson, text: str) -> Source:
    facts = known.model_dump(exclude={"proposed", "original", "original_language"})
    original = None
    if known.original:  # only its name is needed: the cited words of it are in the citations
        its_own = {"id": known.original, "language": known.original_language}
        original = Source(**{**facts, **its_own}, text="")
    return Source(**facts, text=text, proposed=tuple(known.proposed), original=original)


def _text(pieces: Sequence[PassageJson], held: str) -> str:
    if all(held.startswith(piece.text, piece.start) for piece in pieces):
        return held
    text = ""
    for piece in sorted(pieces, key=lambda one: one.start):
        text = text.ljust(piece.start)
        text += piece.text[len(text) - piece.start :]
    return text
