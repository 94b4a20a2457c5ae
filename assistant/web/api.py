"""What a program gets, through whichever door: answers, passages, sources. One place decides it.

All text in it is data. A passage that tries to instruct a language model is left out and counted,
since what reads this is often one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.answering import Assistant
from assistant.compose import say_place
from assistant.corpus.speakers import say_voice
from assistant.errors import QuestionError
from assistant.injection import steering
from assistant.question import read_turn
from assistant.render import AnswerJson, as_model
from assistant.scope import read_scope
from assistant.types import Answer, Checked, Passage, Scope, Source, Span, TextKind, Turn
from assistant.web import models

MOST_PASSAGES = 50
PAGE = 20_000
"""Characters of a source's text given at once, unless fewer are asked for; more are never."""
CONFIGURED = "corpus"
"""Names the model in the settings, so that a program need not know which it is."""


class Filters(BaseModel):
    """Which sources may answer; what is left out leaves all."""

    model_config = ConfigDict(extra="forbid")

    sources: list[str] = Field([], description="ids of sources")
    voices: list[str] = Field([], description='who speaks: "NATO"')
    kinds: list[str] = Field([], description='kinds of text: "treaty", "draft", "speech"')
    statuses: list[str] = Field([], description='force of the text: "in force", "leaked"')
    since: str = Field("", description="not before this day, month or year: 2022-01-26, 2022")
    until: str = Field("", description="not after it")
    primary: bool = Field(False, description="only texts that parties agreed or proposed")


class Message(BaseModel):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    content: str


class SourceJson(BaseModel):
    id: str
    title: str
    voice: str = Field(description="who speaks")
    kind: str
    date: str | None = Field(description="ISO date of the act or publication")
    status: str = Field(description="with what force")
    status_as_of: str | None
    language: str
    text_kind: TextKind = Field(description="`digest`: our words, not the document's")
    checked: Checked = Field(description="how the text was checked against the document")
    address: str | None
    archive: str | None
    licence: str | None
    proposed: list[str] = Field(description="facts read off the file that nobody has confirmed")
    relations: list[dict[str, str | None]] = Field(description="type, to (a source's id), anchor")


class PassageJson(BaseModel):
    passage: str = Field(description="id of the passage")
    source: str = Field(description="id of the source")
    title: str
    place: str = Field(description="article, section or paragraph, in words")
    voice: str = Field(description="who speaks at that place")
    date: str | None
    status: str
    kind: str
    text_kind: TextKind
    checked: Checked
    quote: str = Field(description="the exact characters of the source's text")
    start: int = Field(description="offset of the quote in the source's text, in characters")
    end: int
    score: float = Field(description="higher is better, within one search only")
    address: str | None


class FoundJson(BaseModel):
    query: str
    answerable: bool = Field(description="false: these are only the nearest")
    passages: list[PassageJson] = Field(description="best first")
    left_out: int = Field(description="passages that try to instruct a language model")
    notices: list[str]


class AnchorJson(BaseModel):
    anchor: str
    start: int
    end: int


class TextJson(BaseModel):
    source: SourceJson
    text: str = Field(description="from `offset` on; digests are our words")
    offset: int
    length: int = Field(description="characters of the whole text")
    next_offset: int | None = Field(description="where to read on; nothing at the end")
    anchors: list[AnchorJson] = Field(description="the passages that begin in this stretch")
    left_out: list[AnchorJson] = Field(
        description="passages that try to instruct a language model, blank in the text"
    )


def ask(
    assistant: Assistant, question: str, history: Sequence[Turn] = (), scope: Scope | None = None,
    model: str = CONFIGURED,
) -> AnswerJson:
    """The answer in the form of `assistant ask --json`. Raises QuestionError and SettingsError."""
    spec = read_model(assistant, model)
    answer = assistant.ask(question, history, scope or Scope(), spec)
    return as_model(replace(answer, notices=harmless(answer), suspect=()))


def harmless(answer: Answer) -> tuple[str, ...]:
    """The answer's notices without the words by which a passage tries to instruct a model."""
    words = [text for p in answer.suspect if (text := steering(p.text))]
    notices = answer.notices
    for text in words:
        notices = tuple(notice.replace(text, "…") for notice in notices)
    return notices


def find_passages(
    assistant: Assistant, query: str, scope: Scope | None = None, limit: int = 10
) -> FoundJson:
    """The passages nearest to a query, at most `limit`. Raises QuestionError."""
    if not 1 <= limit <= MOST_PASSAGES:
        raise QuestionError(
            f"limit is {limit}.", f"Ask for 1 to {MOST_PASSAGES} passages.",
        )
    found, notices = assistant.find(query, scope or Scope(), limit)
    return FoundJson(
        query=query, answerable=found.answerable, left_out=len(found.suspect),
        passages=[_passage(e.passage, round(e.score, 4)) for e in found.evidence],
        notices=list(notices),
    )


def get_source(assistant: Assistant, id: str, offset: int = 0, limit: int = PAGE) -> TextJson:
    """A source's facts and a stretch of its text. Raises QuestionError."""
    by_id = {document.source.id: document.source for document in assistant.corpus.documents}
    source = by_id.get(id)
    if source is None:
        near = difflib.get_close_matches(id, by_id, n=1, cutoff=0.5)
        raise QuestionError(
            f"There is no source {id[:80]!r} here.",
            f"Did you mean {near[0]!r}?" if near else "find_passages names sources by their ids.",
        )
    length = len(source.text)
    if not 0 <= offset <= length or limit < 1:
        raise QuestionError(
            f"There are no {limit} characters from {offset} on.",
            f"The text has {length:,} characters; take an offset from 0 to there.",
        )
    end = min(length, offset + min(limit, PAGE))
    passages = assistant.index.of(id)
    suspect = [p for p in passages if steering(p.text)]
    return TextJson(
        source=_source(source), text=_without(source, suspect)[offset:end], offset=offset,
        length=length, next_offset=end if end < length else None,
        anchors=[_anchor(p) for p in passages if offset <= p.span.start < end],
        left_out=[_anchor(p) for p in suspect if p.span.start < end and p.span.end > offset],
    )


def read_model(assistant: Assistant, name: str) -> str:
    """What is asked for the name of a model that is offered. Raises SettingsError."""
    if name in ("", CONFIGURED):
        return assistant.settings.model
    return models.choose(assistant.settings, name, free=False)


def read_filters(assistant: Assistant, given: Filters | Mapping[str, Any] | None) -> Scope:
    """Raises QuestionError for what is no filter, and for what the corpus does not know."""
    try:
        filters = given if isinstance(given, Filters) else Filters.model_validate(given or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise QuestionError(
            f"The filter {where} is not valid: {first['msg'].lower()}.",
            f"The filters are {', '.join(Filters.model_fields)}.",
        ) from error
    return read_scope(assistant.corpus.sources, **filters.model_dump())


def read_history(given: Sequence[Any]) -> tuple[Turn, ...]:
    """Raises QuestionError."""
    try:
        return tuple(map(read_turn, given))
    except (KeyError, TypeError, ValueError) as error:
        raise QuestionError(
            f"The history cannot be read ({error}).",
            'Send a list like [{"role": "user", "content": "…"}].',
        ) from error


def _passage(passage: Passage, score: float) -> PassageJson:
    source, span = passage.source, passage.span
    return PassageJson(
        passage=passage.id, source=source.id, title=source.title, place=say_place(passage),
        voice=say_voice(source, span.start), date=_iso(source), status=source.status,
        kind=source.kind, text_kind=source.text_kind, checked=passage.checked, quote=passage.text,
        start=span.start, end=span.end, score=score, address=source.address,
    )


def _source(source: Source) -> SourceJson:
    as_of = source.status_as_of
    return SourceJson(
        id=source.id, title=source.title, voice=source.voice, kind=source.kind, date=_iso(source),
        status=source.status, status_as_of=as_of.isoformat() if as_of else None,
        language=source.language, text_kind=source.text_kind, checked=source.checked,
        address=source.address, archive=source.archive, licence=source.licence,
        proposed=list(source.proposed),
        relations=[{"type": r.type, "to": r.to, "anchor": r.anchor} for r in source.relations],
    )


def _iso(source: Source) -> str | None:
    return source.date.isoformat() if source.date else None


def _anchor(passage: Passage) -> AnchorJson:
    return AnchorJson(anchor=passage.anchor, start=passage.span.start, end=passage.span.end)


def _without(source: Source, passages: Sequence[Passage]) -> str:
    """The text with those passages blank, so that all offsets stay."""
    return "".join(_kept(source.text, [p.span for p in passages]))


def _kept(text: str, blank: Sequence[Span]) -> Iterator[str]:
    at = 0
    for start, end in sorted(blank):
        yield text[at:start]
        yield " " * (end - max(start, at))
        at = max(at, end)
    yield text[at:]
