"""The verb `compare`: the provisions of one text beside what answers them in others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.shared import keep, open_with_progress, warn
from assistant.settings import read_settings

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from assistant.comparing import Cell, Comparison
    from assistant.types import Citation

app = typer.Typer()


@app.command()
def compare(
    texts: Annotated[list[str], typer.Argument(
        help="Two texts or more, each by its id or words of its title; the provisions of the "
        "first make the rows."
    )],
    out: Annotated[Path | None, typer.Option(
        help="Write it to a file instead: .docx, .md, .json or .csv."
    )] = None,
) -> None:
    """Set each provision of a text beside what answers it in others, every cell cited."""
    from rich.console import Console

    from assistant.comparing import compare as compared
    from assistant.export import COMPARISON_FILES, comparison_file, kind_of, say_texts
    from assistant.scope import find_source

    if out:
        kind_of(out.name, COMPARISON_FILES)
    assistant = open_with_progress(read_settings())
    held = [document.source for document in assistant.corpus.documents]
    sources = [find_source(text, held) for text in texts]
    comparison = compared(sources, assistant.index, assistant.corpus.version)
    if out:
        keep(out, comparison_file(comparison, out.name))
        return
    typer.echo(say_texts(comparison))
    Console(markup=False, emoji=False, highlight=False).print(_table(comparison))
    _show_rest(comparison)
    warn(comparison.notices)


def _table(comparison: Comparison) -> Table:
    from rich.table import Table

    from assistant.compose import say_name
    from assistant.export import say_facts

    table = Table(show_lines=True)
    for source in (comparison.first, *comparison.others):
        table.add_column(
            _text(say_name(source), f"\n{say_facts(source)}"), overflow="fold", ratio=1,
            vertical="top",
        )
    for row in comparison.rows:
        table.add_row(_quoted(row.provision), *map(_cell, row.cells))
    return table


def _quoted(citation: Citation) -> Text:
    from assistant.compose import say_place
    from assistant.export import say_quote

    return _text(say_place(citation.passage), f"\n{say_quote(citation)} [{citation.number}]")


def _cell(cell: Cell) -> Text:
    from rich.text import Text

    from assistant.compose import say_place
    from assistant.export import say_absence

    if cell.answers:
        return Text("\n\n").join(map(_quoted, cell.answers))
    nearest = f"\nnearest: {say_place(cell.nearest)}" if cell.nearest else ""
    return _text("", f"– {say_absence(cell)}{nearest}", "italic")


def _text(heading: str, rest: str, style: str = "") -> Text:
    from rich.text import Text

    from assistant.render import without_control

    return Text.assemble((without_control(heading), "bold"), (without_control(rest), style))


def _show_rest(comparison: Comparison) -> None:
    from assistant.compose import say_place
    from assistant.export import HOW_MATCHED, left_over
    from assistant.render import without_control

    for heading, passages in left_over(comparison):
        typer.echo(without_control(f"{heading}: {'; '.join(map(say_place, passages))}"))
    typer.echo(f"{HOW_MATCHED} Corpus version: {comparison.corpus_version}")
