"""Comparison → a table of escaped HTML; `page.css` makes cards of its rows on a phone."""

from __future__ import annotations

from html import escape

from assistant.comparing import Cell, Comparison
from assistant.compose import say_date, say_name, say_place, say_status
from assistant.export import HOW_MATCHED, left_over, say_absence, say_quote, say_texts
from assistant.render import CHECKED, TEXT_KIND
from assistant.types import Citation, Passage, Source, Span
from assistant.web.sources import label_html

# A table laid out as blocks, as on a phone, is one to a screen reader only by its roles.
_ROW, _HEAD, _CELL = 'role="row"', 'role="columnheader" scope="col"', 'role="cell"'


def comparison_html(comparison: Comparison) -> str:
    """The table, then what no row shows, then how it was made."""
    texts = (comparison.first, *comparison.others)
    heads = "".join(f"<th {_HEAD}>{_head(source)}</th>" for source in texts)
    rows = "".join(_row(comparison, number) for number in range(len(comparison.rows)))
    return (
        f'<div class="compared"><table class="comparison" role="table">'
        f"<caption>{escape(say_texts(comparison))}</caption>"
        f'<thead role="rowgroup"><tr {_ROW}><th {_HEAD}>Provision</th>{heads}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table></div>{_rest(comparison)}'
    )


def _head(source: Source) -> str:
    facts = " · ".join(map(escape, (source.voice, say_date(source), say_status(source))))
    held = TEXT_KIND[source.text_kind].removeprefix("Digest: ")
    text = f"{held}; {CHECKED[source.checked]}"
    return (
        f'<span class="name">{escape(say_name(source))}</span><span class="facts">{facts}</span>'
        f'<span class="text">{label_html(source)} {escape(text)}</span>'
    )


def _row(comparison: Comparison, number: int) -> str:
    row = comparison.rows[number]
    cells = "".join(
        f'<td {_CELL} data-text="{escape(say_name(source))}">{_cell(cell)}</td>'
        for source, cell in zip(comparison.others, row.cells, strict=True)
    )
    place = _link(row.provision.passage, row.provision.span, row.provision.passage.anchor)
    return (
        f'<tr {_ROW}><th role="rowheader" scope="row">{place}</th>'
        f'<td {_CELL} data-text="{escape(say_name(comparison.first))}">'
        f"{_words(row.provision)}</td>{cells}</tr>"
    )


def _cell(cell: Cell) -> str:
    if cell.answers:
        return "".join(map(_answer, cell.answers))
    near = ""
    if cell.nearest:
        link = _link(cell.nearest, cell.nearest.span, say_place(cell.nearest))
        near = f'<p class="nearest">nearest: {link}</p>'
    return f'<div class="none"><p>{escape(say_absence(cell))}</p>{near}</div>'


def _answer(citation: Citation) -> str:
    place = _link(citation.passage, citation.span, say_place(citation.passage))
    return f'<p class="place">{place}</p>{_words(citation)}'


def _words(citation: Citation) -> str:
    return f'<p class="words">{escape(say_quote(citation))}</p>'


def _link(passage: Passage, span: Span, words: str) -> str:
    """A link that opens the source at these characters; `citations.js` follows it."""
    return (
        f'<a class="open-source" href="#shelf" data-source="{escape(passage.source.id)}" '
        f'data-start="{span.start}" data-end="{span.end}">{escape(words)}</a>'
    )


def _rest(comparison: Comparison) -> str:
    folded = "".join(
        f"<details><summary>{escape(heading)} ({len(passages)})</summary><ul>"
        + "".join(f"<li>{_link(p, p.span, say_place(p))}</li>" for p in passages)
        + "</ul></details>"
        for heading, passages in left_over(comparison)
    )
    notes = "".join(
        f"<p>{escape(notice)}</p>" for notice in (
            *comparison.notices, f"{HOW_MATCHED} Corpus version {comparison.corpus_version}.",
        )
    )
    return f'<div class="beside">{folded}<div class="quiet">{notes}</div></div>'
