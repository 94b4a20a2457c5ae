"""A comparison → a document with a table, JSON, and CSV with a row for each place."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from assistant.comparing import ABSENCE, Cell, Comparison
from assistant.compose import say_date, say_name, say_place, say_status
from assistant.export.document import Block, Document, Heading, Items, Note, Paragraph, Table
from assistant.export.references import to_csl
from assistant.render import CHECKED, TEXT_KIND, citation_json
from assistant.types import Citation, Passage, Source

HOW_MATCHED = (
    "Matched by nearness in meaning, shared words and references, without a language model: a "
    "place may be missed or wrong."
)
# A spreadsheet would take what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "provision", "provision_text", "provision_start", "provision_end", "source", "title", "voice",
    "date", "status", "text_kind", "checked", "found", "place", "text", "start", "end",
)


def say_texts(comparison: Comparison) -> str:
    """The names of what is compared: the title of the table."""
    names = [source.name for source in comparison.others]
    return f"{say_name(comparison.first)} beside {' and '.join(names)}"


def say_facts(source: Source) -> str:
    """Who speaks, when, with what force, and what is held of the text."""
    facts = (source.voice, say_date(source), say_status(source), TEXT_KIND[source.text_kind],
             CHECKED[source.checked])
    return "; ".join(facts)


def say_absence(cell: Cell) -> str:
    assert cell.absence
    return ABSENCE[cell.absence]


def say_quote(citation: Citation) -> str:
    """A document's words in quotation marks; a digest's are ours."""
    digest = citation.passage.source.text_kind == "digest"
    return citation.quote if digest else f"“{citation.quote}”"


def comparison_document(comparison: Comparison) -> Document:
    texts = (comparison.first, *comparison.others)
    blocks: list[Block] = [
        Heading(text=say_texts(comparison), level=1),
        Items(rows=tuple(f"{source.title}: {say_facts(source)}" for source in texts)),
        Table(
            header=tuple(_head(source) for source in texts),
            rows=tuple(
                (_provision(row.provision), *map(_cell, row.cells)) for row in comparison.rows
            ),
        ),
    ]
    for heading, passages in left_over(comparison):
        blocks += [Heading(text=heading), Items(rows=tuple(map(say_place, passages)))]
    blocks += [Heading(text="Notes"), Items(rows=(
        *comparison.notices, HOW_MATCHED, f"Corpus version: {comparison.corpus_version}",
        "Language model: none, the sources themselves",
    ))]
    return Document(title=say_texts(comparison), blocks=tuple(blocks))


def left_over(comparison: Comparison) -> Iterator[tuple[str, Sequence[Passage]]]:
    """The places of each text that no row shows, under a heading, where there are any."""
    if comparison.left_out:
        yield f"No provisions, left out: {comparison.first.name}", comparison.left_out
    for source, passages in zip(comparison.others, comparison.beyond, strict=True):
        if passages:
            yield f"Beside no provision: {source.name}", passages


def _head(source: Source) -> tuple[Paragraph, ...]:
    return Paragraph(text=say_name(source), style="strong"), Paragraph(text=say_facts(source))


def _provision(citation: Citation) -> tuple[Paragraph, ...]:
    return Paragraph(text=citation.passage.anchor, style="strong"), _quoted(citation)


def _cell(cell: Cell) -> tuple[Paragraph, ...]:
    if cell.answers:
        return tuple(
            paragraph for citation in cell.answers for paragraph in
            (Paragraph(text=say_place(citation.passage), style="strong"), _quoted(citation))
        )
    return (Paragraph(text=f"– {say_absence(cell)}{_nearest(cell)}", style="emphasis"),)


def _nearest(cell: Cell) -> str:
    return f" (nearest: {say_place(cell.nearest)})" if cell.nearest else ""


def _quoted(citation: Citation) -> Paragraph:
    note = Note(key=str(citation.number), citation=citation)
    return Paragraph(text=say_quote(citation), notes=(note,))


def comparison_json(comparison: Comparison) -> str:
    """Each row with its provision and a cell for each other text: places, or why there is none."""
    texts = (comparison.first, *comparison.others)
    return json.dumps({
        "first": comparison.first.id, "others": [source.id for source in comparison.others],
        "rows": [
            {
                "provision": _json(row.provision),
                "cells": [
                    {
                        "source": source.id, "answers": list(map(_json, cell.answers)),
                        "absence": cell.absence,
                        "nearest": cell.nearest.anchor if cell.nearest else None,
                    } for source, cell in zip(comparison.others, row.cells, strict=True)
                ],
            } for row in comparison.rows
        ],
        "left_out": [passage.anchor for passage in comparison.left_out],
        "beyond": {
            source.id: [passage.anchor for passage in passages]
            for source, passages in zip(comparison.others, comparison.beyond, strict=True)
        },
        "notices": [*comparison.notices, HOW_MATCHED], "model": "quotes",
        "corpus_version": comparison.corpus_version,
        "references": [to_csl(source) for source in texts],
    }, ensure_ascii=False, indent=2)


def _json(citation: Citation) -> dict[str, Any]:
    return citation_json(citation).model_dump(mode="json")


def comparison_csv(comparison: Comparison) -> str:
    """A row for each place that answers a provision, or for there being none."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row in comparison.rows:
        provision = row.provision
        for source, cell in zip(comparison.others, row.cells, strict=True):
            start = (provision.passage.anchor, provision.quote, *provision.span)
            facts = (source.id, source.title, source.voice, source.date or "", say_status(source),
                     source.text_kind)
            for end in _places(source, cell):
                writer.writerow([_harmless(str(value)) for value in (*start, *facts, *end)])
    return written.getvalue()


def _places(source: Source, cell: Cell) -> Iterator[tuple[object, ...]]:
    for citation in cell.answers:
        passage = citation.passage
        yield passage.checked, "found", passage.anchor, citation.quote, *citation.span
    if not cell.answers:
        yield source.checked, say_absence(cell), "", "", "", ""


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
