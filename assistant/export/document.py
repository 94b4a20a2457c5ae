"""Answers → a document of headings, paragraphs, lists and notes, before it is Word or Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from assistant.render import ABSENT, groups, say_model, say_source, say_withheld
from assistant.types import EVERYTHING, Answer, Citation, Statement

Style = Literal["plain", "strong", "emphasis"]


@dataclass(frozen=True, kw_only=True)
class Note:
    """A mark and what stands in the note. `key` is the same for all marks of one citation; with
    `words` the note gives the words cited, which else stand where the mark is."""

    key: str
    citation: Citation
    words: bool = False


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """`notes` are marked at its end."""

    text: str
    style: Style = "plain"
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Heading:
    """`level` counts from 1."""

    text: str
    level: int = 2


@dataclass(frozen=True, kw_only=True)
class Items:
    rows: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What parts one answer from the next."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Each cell holds paragraphs; the first column names its row."""

    header: tuple[tuple[Paragraph, ...], ...]
    rows: tuple[tuple[tuple[Paragraph, ...], ...], ...]


Block = Heading | Paragraph | Items | Rule | Table


@dataclass(frozen=True, kw_only=True)
class Document:
    title: str
    blocks: tuple[Block, ...]

    @property
    def notes(self) -> tuple[Note, ...]:
        """Every note once, by first mark."""
        return tuple({n.key: n for block in self.blocks for n in _notes(block)}.values())


def _notes(block: Block) -> Iterator[Note]:
    if isinstance(block, Paragraph):
        yield from block.notes
    if isinstance(block, Table):
        for row in (block.header, *block.rows):
            yield from (note for cell in row for paragraph in cell for note in paragraph.notes)


def answers_document(answers: Sequence[Answer]) -> Document:
    """The answers one after the other, each with what it was made with and how it was checked."""
    blocks: list[Block] = []
    for number, answer in enumerate(answers, start=1):
        blocks += [Rule()] if blocks else []
        blocks += _answer(answer, number)
    return Document(title=answers[0].question if answers else "", blocks=tuple(blocks))


def _answer(answer: Answer, number: int) -> Iterator[Block]:
    yield Heading(text=answer.question, level=1)
    if answer.understood != answer.question:
        yield Paragraph(text=f"Understood as: {answer.understood}")
    if answer.premise:
        yield Paragraph(text=answer.premise, style="strong")
    if not answer.statements:
        yield Paragraph(text=ABSENT[answer.outcome], style="strong")
        if answer.nearest:
            near = "; ".join(map(say_source, answer.nearest))
            yield Paragraph(text=f"Nearest, without an answer: {near}")
    for heading, statements in groups(answer):
        yield Heading(text=heading)
        yield from _statements(statements, number)
    if answer.withheld:
        yield Heading(text=say_withheld(answer))
        yield Items(rows=tuple(f"{w.text} ({w.reason})" for w in answer.withheld))
    if answer.notices:
        yield Heading(text="Notes")
        yield Items(rows=answer.notices)
    yield Items(rows=made_with(answer))


def _statements(statements: Iterable[Statement], number: int) -> Iterator[Paragraph]:
    for lead, said in groupby(statements, lambda s: s.lead):
        if lead:
            yield Paragraph(text=lead, style="emphasis")
        for statement in said:
            partial = " (supported in part)" if statement.support == "partial" else ""
            yield Paragraph(text=statement.text + partial, notes=tuple(
                Note(key=f"{number}-{c.number}", citation=c, words=c.quote not in statement.text)
                for c in statement.citations
            ))


def made_with(answer: Answer) -> tuple[str, ...]:
    """Outcome, verdicts, model and corpus version, one fact each."""
    model = "none, the sources themselves" if answer.model == "quotes" else say_model(answer.model)
    partial = sum(s.support == "partial" for s in answer.statements)
    facts = [
        f"Outcome: {answer.outcome.replace('_', ' ')}",
        f"Statements supported in full: {len(answer.statements) - partial}, in part: {partial}, "
        f"withheld: {len(answer.withheld)}",
        f"Language model: {model}", f"Corpus version: {answer.corpus_version}",
    ]
    if answer.scope != EVERYTHING:
        facts.append("Asked of a part of the sources, see the notes")
    return tuple(facts)
