"""The verb `eval`: test prompts asked, scored, and reported; exit status 1 below a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.shared import open_with_progress, progress, warn
from assistant.errors import SettingsError
from assistant.settings import read_settings

if TYPE_CHECKING:
    from assistant.evaluation.summary import Table

app = typer.Typer()

# Columns of a table that no terminal shows: room for the long names of several models.
_IN_A_FILE = 200


@app.command("eval")
def evaluate(
    suite: Annotated[str, typer.Option(
        help="`bundled`, one of its groups, or a YAML file or folder of test prompts of your own."
    )] = "bundled",
    model: Annotated[list[str] | None, typer.Option(
        help="Named as in ASSISTANT_MODEL; repeatable: all are asked and compared."
    )] = None,
    out: Annotated[Path | None, typer.Option(
        help="Folder of results, kept and gone on with; by default one in the home."
    )] = None,
    min: Annotated[list[str] | None, typer.Option(
        help="A threshold such as passed=0.7 (for false_refusals and seconds, the most); below "
        "it the exit status is 1. Repeatable."
    )] = None,
    judge: Annotated[str | None, typer.Option(
        help="A model, or checker:FILE, that judges whether citations support what is said; not "
        "the one that checks answers."
    )] = None,
    jobs: Annotated[int, typer.Option(
        min=1, help="Questions asked at once; more than 1 where the model's server takes them."
    )] = 1,
) -> None:
    """Ask test prompts, score the answers, and write a report to open in a browser."""
    from assistant.evaluation.judging import open_independent_judge
    from assistant.evaluation.report import write_report
    from assistant.evaluation.running import evaluate as run_suite
    from assistant.evaluation.running import folder_of
    from assistant.evaluation.suite import open_suite, strangers
    from assistant.evaluation.summary import named, shortfalls, tables

    floors = dict(map(_read_floor, min or ()))
    for name in floors:
        named(name)
    groups = open_suite(suite)
    settings = read_settings()
    judged = open_independent_judge(judge, settings) if judge else None
    folder = out or folder_of(settings, suite)
    assistant = open_with_progress(settings)
    held = {source.id for source in assistant.corpus.sources}
    warn([*assistant.corpus.notices, *strangers(groups, held)])
    with progress("Asking test prompts") as show:
        run = run_suite(
            assistant, groups, tuple(dict.fromkeys(model or [settings.model])), folder,
            judge=judged, jobs=jobs, progress=show,
        )
    report = write_report(run, folder, suite)
    _show(tables(run))
    typer.echo(f"Report: {report}")
    missed = list(shortfalls(run, floors))
    for shortfall in missed:
        typer.echo(f"Too low: {shortfall}", err=True)
    if missed:
        raise typer.Exit(1)


def _read_floor(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is no threshold.", "Write it like passed=0.7.", variable="--min", value=text
        ) from error


def _show(all_tables: Sequence[Table]) -> None:
    from rich.console import Console
    from rich.table import Table as Shown
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console.width = _IN_A_FILE
    for table in all_tables:
        shown = Shown(title=Text(table.title), title_justify="left")
        for place, column in enumerate(table.columns):
            shown.add_column(
                Text(column), justify="right" if place else "left", no_wrap=not place
            )
        for row in table.rows:
            shown.add_row(*map(Text, row))
        console.print(shown)
