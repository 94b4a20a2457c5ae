"""The verbs of `feedback`: what readers thought of answers, listed and made into test prompts."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import RecordsError
from assistant.settings import read_settings

if TYPE_CHECKING:
    from assistant.records import Rated

app = typer.Typer(no_args_is_help=True, help="What readers of the page thought of answers.")


class Only(StrEnum):
    ALL = "all"
    UP = "up"
    DOWN = "down"


_Only = Annotated[
    Only, typer.Option(help="`up`: found good; `down`: not good, or resting on wrong evidence."),
]


@app.command("list")
def list_ratings(only: _Only = Only.ALL) -> None:
    """List what was rated, the earliest first."""
    from assistant.evaluation.drafting import VERDICTS
    from assistant.render import one_line

    for rated in _ratings(only):
        facts = f"{rated.rated:%Y-%m-%d}  {VERDICTS[rated.verdict]:<21}  {rated.kept.model}"
        typer.echo(f"{facts}\n    {one_line(rated.kept.question)}")
        if rated.remark:
            typer.echo(f"    Remark: {one_line(rated.remark)}")


@app.command()
def export(
    out: Annotated[Path | None, typer.Option(
        help="A new YAML file; without it they are printed."
    )] = None,
    only: _Only = Only.ALL,
) -> None:
    """Make draft test prompts of what was rated, one for each question, for `assistant eval`."""
    from assistant.evaluation.drafting import drafts

    ratings = _ratings(only)
    if not ratings:
        return
    text = drafts(ratings)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise RecordsError(
            f"{out} exists already.", "Choose another name, or move it away."
        ) from error
    except OSError as error:
        raise RecordsError(
            f"{out} cannot be written ({error.strerror}).", "Choose a folder of yours."
        ) from error
    typer.echo(f"Drafts: {out}. Read each, fill in what is left open, then: "
               f"assistant eval --suite {out}")


def _ratings(only: Only) -> list[Rated]:
    """Those that were asked for; that there are none is said."""
    from assistant.records import Records

    path = read_settings().records_file
    found = Records(path).ratings() if path.exists() else ()
    wanted = [r for r in found if only == "all" or (r.verdict == "up") == (only == "up")]
    if not wanted:
        typer.echo("No answer was rated so." if found else "No answer was rated.", err=True)
    return wanted
