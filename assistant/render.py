"""Answer → text for the terminal, and JSON. Takes only an `Answer`; decides nothing about truth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Day
from itertools import groupby
from pathlib import PurePath
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from assistant.compose import say_date, say_place, say_status
from assistant.corpus.parallel import original_wording
from assistant.corpus.speakers import say_voice
from assistant.types import (
    Answer,
    Checked,
    Citation,
    Kind,
    Origin,
    Outcome,
    Passage,
    Scope,
    Source,
    Statement,
    Status,
    Support,
    TextKind,
    Tokens,
)

HEADINGS = {
    "primary": "Primary texts", "official": "Official statements",
    "commentary": "Commentary and other texts",
}
INSTEAD = "What the source says instead"
CHECKED = {
    "full_text": "checked against the full text", "excerpt": "checked against an excerpt",
    "secondary": "known from secondary reports", "unverified": "not verified",
}
TEXT_KIND = {
    "original": "Original text", "official_translation": "Official translation",
    "unofficial_translation": "Unofficial translation",
    "digest": "Digest: our words, not the document's",
    "not_read": "Not read: listed only, never cited",
}
_FIELDS = {"voice": "speaker", "text_kind": "kind of text", "relations": "original"}
ABSENT: dict[Outcome, str] = {
    "not_in_corpus": "The corpus does not hold an answer to this.",
    "document_silent": "The document that is asked about does not say it, as far as it is held.",
    "premise_not_supported": "The sources do not support what the question takes for granted.",
    "failed": "No answer came about.",
}

# What a terminal would obey instead of show.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def marks(statement: Statement) -> str:
    return "".join(f"[{c.number}]" for c in statement.citations)


def groups(answer: Answer) -> Iterator[tuple[str, list[Statement]]]:
    """The statements under their headings, in the order in which they are shown."""
    for heading, statements in groupby(answer.statements_as_shown, lambda s: heading_of(s, answer)):
        yield heading, list(statements)


def heading_of(statement: Statement, answer: Answer) -> str:
    if statement.origin != "quote":
        return say_in_short(statement.origin, answer.model)
    if answer.premise and statement is answer.statements[0]:
        return INSTEAD
    return HEADINGS[statement.citations[0].passage.source.tier]


def say_in_short(origin: Origin, spec: str) -> str:
    """The heading over what comes from a model."""
    if origin == "choice":
        return f"In short (chosen by {say_model(spec)} from what the sources say)"
    return f"In short (written by {say_model(spec)}, each sentence checked)"


def say_model(spec: str) -> str:
    """The model's own name, without the address or the folder that it is found at."""
    if spec.startswith("gguf:"):
        return PurePath(spec.removeprefix("gguf:")).name.removesuffix(".gguf")
    return spec.rpartition("#")[2]


def say_withheld(answer: Answer) -> str:
    count = len(answer.withheld)
    plural = "sentence" if count == 1 else "sentences"
    return f"{count} {plural} of the model withheld, not supported by what they cite"


def say_text(source: Source) -> str:
    """What is held of a source, and how well it was checked, in a few words."""
    kind = source.text_kind.replace("_", " ")
    return kind if source.text_kind == "not_read" else f"{kind}, {CHECKED[source.checked]}"


def say_proposed(source: Source) -> str:
    """Which facts the program took from the text itself; empty if all are confirmed."""
    names = [_FIELDS.get(name, name) for name in source.proposed]
    return f"read off the file, not confirmed: {', '.join(names)}" if names else ""


def say_who(citation: Citation) -> str:
    """Who speaks in the cited words."""
    if citation.voice is not None:
        return citation.voice
    return say_voice(citation.passage.source, citation.span.start)


def wording(citation: Citation) -> str:
    """What the cited words translate, in the original; empty for what is no translation."""
    if citation.wording is not None:
        return citation.wording
    source = citation.passage.source
    span = original_wording(source, citation.span)
    return " ".join(source.original.text[slice(*span)].split()) if source.original and span else ""


def is_web(address: str) -> bool:
    """Whether an address may be a link."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def say_source(source: Source) -> str:
    return f"{source.title} ({say_date(source)})"


def answer_text(answer: Answer) -> str:
    """The answer as plain text with numbered marks."""
    if not answer.statements:
        nearest = "; ".join(say_source(s) for s in answer.nearest)
        near = f"\nNearest, without an answer: {nearest}" if nearest else ""
        return ABSENT[answer.outcome] + near
    lines = [answer.premise, ""] if answer.premise else []
    for heading, statements in groups(answer):
        lines.append(f"{heading}:")
        for name, said in groupby(statements, lambda s: s.lead):
            texts = [f"{s.text} {marks(s)}" for s in said]
            lines += [f"- {name}: {' … '.join(texts)}"] if name else [f"- {t}" for t in texts]
        lines.append("")
    return "\n".join(lines).strip()


def to_terminal(answer: Answer) -> str:
    """The answer, its numbered sources, and its notices; control characters taken out."""
    parts = [answer_text(answer)]
    if answer.citations:
        parts.append("Sources:\n" + "\n".join(_source_line(c) for c in answer.citations))
    if answer.withheld:
        rows = "\n".join(f"- {w.text} ({w.reason})" for w in answer.withheld)
        parts.append(f"{say_withheld(answer)}:\n{rows}")
    parts += [f"Note: {notice}" for notice in answer.notices]
    return without_control("\n\n".join(parts))


def without_control(text: str) -> str:
    """The text without what a terminal would obey."""
    return _CONTROL.sub("", text)


def one_line(text: str) -> str:
    """For the terminal too: words of a reader, with nothing in them that it would obey."""
    return _CONTROL.sub("", " ".join(text.split()))


def _source_line(citation: Citation) -> str:
    passage, source = citation.passage, citation.passage.source
    facts = [say_who(citation), say_date(source), say_status(source),
             say_place(passage), CHECKED[passage.checked], say_proposed(source)]
    where = source.address or ""
    known = "; ".join(filter(None, facts))
    original = wording(citation)
    translated = f"\n    Original wording (paired by length): {original}" if original else ""
    return f"[{citation.number}] {source.title}. {known}. {where}".rstrip() + translated


class StatementJson(BaseModel):
    text: str = Field(description="what is stated, without its marks")
    lead: str = Field(description="who says it, when, with what force; empty where a model says so")
    citations: list[int] = Field(description="numbers of the citations that carry it")
    support: Support
    origin: Origin = Field(
        description="`quote`: the source's own words; `choice`: the same, pointed to by a model; "
        "`model`: a model's sentence"
    )


class WithheldJson(BaseModel):
    text: str = Field(description="a sentence of the model that is not part of the answer")
    reason: str = Field(description="why not")


class CitationJson(BaseModel):
    number: int = Field(description="1…n by first use")
    source: str = Field(description="id of the source")
    title: str
    anchor: str = Field(description="article, section or paragraph")
    quote: str = Field(description="the exact characters of the source's text")
    start: int = Field(description="offset of the quote in the source's text, in characters")
    end: int
    voice: str = Field(description="who speaks")
    kind: str
    date: str | None = Field(description="ISO date of the act or publication")
    status: str = Field(description="with what force")
    text_kind: TextKind = Field(description="`digest`: our words, not the document's")
    checked: Checked = Field(description="how the passage was checked against the document")
    address: str | None
    proposed: list[str] = Field(
        description="facts that the program read off the file and nobody has confirmed"
    )
    original: str | None = Field(
        description="id of the document that the cited text translates, if it is held"
    )
    original_wording: str = Field(
        description="its words for the quote, paired by sentence length; may be a sentence off"
    )
    passage: str = Field(default="", description="id of the passage that it stands in")
    passage_start: int = Field(
        default=0, description="offset of the passage in the source's text"
    )
    passage_text: str = Field(default="", description="the whole passage")


class PassageJson(BaseModel):
    passage: str = Field(description="id of the passage")
    source: str
    anchor: str
    start: int = Field(default=0, description="offset of the passage in the source's text")
    checked: Checked = Field(
        default="unverified", description="how it was checked against the document"
    )
    text: str


class EvidenceJson(PassageJson):
    score: float


class SourceJson(BaseModel):
    """What was known of a source when the answer was given."""

    id: str
    title: str
    short_title: str
    kind: Kind
    voice: str
    date: Day | None
    entry_into_force: Day | None
    status: Status
    status_as_of: Day | None
    language: str
    text_kind: TextKind
    checked: Checked
    address: str | None
    archive: str | None
    licence: str | None
    proposed: list[str]
    original: str | None = Field(description="id of the document that it translates, if it is held")
    original_language: str | None


class AnswerJson(BaseModel):
    """The form of `assistant ask --json`. What has a default may lack in an answer kept before."""

    question: str
    understood: str = Field(description="the question made to stand alone")
    scope: Scope = Field(description="which sources could answer; an empty field left all")
    outcome: Outcome
    text: str = Field(description="the statements with their marks, as shown")
    statements: list[StatementJson]
    withheld: list[WithheldJson]
    citations: list[CitationJson]
    evidence: list[EvidenceJson] = Field(description="passages retrieved, best first")
    nearest: list[str] = Field(description="ids of the nearest sources, for an abstention")
    premise: str = Field(description="what the question takes for granted, and why that is not so")
    notices: list[str]
    model: str
    corpus_version: str
    timings: dict[str, float] = Field(description="seconds since the question, by event")
    tokens: Tokens = Field(description="what the model read and wrote, where its server counts")
    suspect: list[PassageJson] = Field(
        default=[], description="passages left out because they try to instruct a model"
    )
    sources: list[SourceJson] = Field(
        default=[], description="every source that is named above by its id"
    )


def to_json(answer: Answer) -> str:
    """The answer as indented JSON of the form `AnswerJson`."""
    return as_model(answer).model_dump_json(indent=2)


def as_model(answer: Answer) -> AnswerJson:
    return AnswerJson(
        question=answer.question, understood=answer.understood, scope=answer.scope,
        outcome=answer.outcome,
        text=answer_text(answer), statements=_statements(answer.statements),
        withheld=[WithheldJson(text=w.text, reason=w.reason) for w in answer.withheld],
        citations=[citation_json(c) for c in answer.citations],
        evidence=[
            EvidenceJson(**_passage(e.passage).model_dump(), score=round(e.score, 4))
            for e in answer.evidence
        ],
        nearest=[s.id for s in answer.nearest], premise=answer.premise,
        notices=list(answer.notices), model=answer.model,
        corpus_version=answer.corpus_version, timings=dict(answer.timings),
        tokens=answer.tokens, suspect=[_passage(p) for p in answer.suspect],
        sources=[_source(source) for source in _named(answer)],
    )


def _named(answer: Answer) -> Iterable[Source]:
    """Each source of an answer once."""
    passages = (
        *(c.passage for c in answer.citations), *(e.passage for e in answer.evidence),
        *answer.suspect,
    )
    return {s.id: s for s in (*(p.source for p in passages), *answer.nearest)}.values()


def _passage(passage: Passage) -> PassageJson:
    return PassageJson(
        passage=passage.id, source=passage.source.id, anchor=passage.anchor,
        start=passage.span.start, checked=passage.checked, text=passage.text,
    )


def _source(source: Source) -> SourceJson:
    original = source.original
    return SourceJson(
        id=source.id, title=source.title, short_title=source.short_title, kind=source.kind,
        voice=source.voice, date=source.date, entry_into_force=source.entry_into_force,
        status=source.status, status_as_of=source.status_as_of, language=source.language,
        text_kind=source.text_kind, checked=source.checked, address=source.address,
        archive=source.archive, licence=source.licence, proposed=list(source.proposed),
        original=original.id if original else None,
        original_language=original.language if original else None,
    )


def _statements(statements: Sequence[Statement]) -> list[StatementJson]:
    return [
        StatementJson(
            text=s.text, lead=s.lead, citations=[c.number for c in s.citations],
            support=s.support, origin=s.origin,
        ) for s in statements
    ]


def citation_json(citation: Citation) -> CitationJson:
    """A citation with all that is known of its source."""
    source = citation.passage.source
    return CitationJson(
        number=citation.number, source=source.id, title=source.title,
        anchor=citation.passage.anchor, quote=citation.quote, start=citation.span.start,
        end=citation.span.end, voice=say_who(citation), kind=source.kind,
        date=source.date.isoformat() if source.date else None, status=source.status,
        text_kind=source.text_kind, checked=citation.passage.checked, address=source.address,
        proposed=list(source.proposed), original=source.original.id if source.original else None,
        original_wording=wording(citation), passage=citation.passage.id,
        passage_start=citation.passage.span.start, passage_text=citation.passage.text,
    )
