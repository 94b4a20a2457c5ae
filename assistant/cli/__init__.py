"""The verbs of the command line. An AssistantError becomes one sentence and exit status 1."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli import compare, documents, evaluate, feedback, models, serve
from assistant.cli.shared import (
    ModelOption,
    answer_with_status,
    fail_on,
    keep,
    open_with_progress,
    warn,
)
from assistant.errors import AssistantError, QuestionError
from assistant.scope import read_scope
from assistant.settings import read_settings
from assistant.types import Turn

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Answers over a source corpus, every sentence tied to its passage.",
)

_Ids = Annotated[list[str] | None, typer.Option(help="Only this source, by its id; repeatable.")]
_Voices = Annotated[list[str] | None, typer.Option(help='Only who speaks: "NATO"; repeatable.')]
_Kinds = Annotated[list[str] | None, typer.Option(help='Only such texts: "draft"; repeatable.')]
_Statuses = Annotated[
    list[str] | None, typer.Option(help='Only of this force: "in force", "leaked"; repeatable.')
]


def main() -> None:
    """The door of the command line: what the user can mend is said in one sentence."""
    try:
        app()
    except AssistantError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the Answer as JSON.")] = False,
    history: Annotated[
        Path | None,
        typer.Option(help="Earlier turns: a JSON list of objects with role and content."),
    ] = None,
    model: ModelOption = None,
    source: _Ids = None,
    voice: _Voices = None,
    kind: _Kinds = None,
    status: _Statuses = None,
    since: Annotated[str, typer.Option(help="Only sources of this day, month or year on.")] = "",
    until: Annotated[str, typer.Option(help="Only sources up to this day, month or year.")] = "",
    primary: Annotated[
        bool, typer.Option("--primary", help="Only texts that parties agreed or proposed.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write it to a file too: .docx, .md, .json or .bib.")
    ] = None,
) -> None:
    """Answer a question from the corpus, with numbered sources."""
    from assistant.export import ANSWER_FILES, answers_file, kind_of
    from assistant.render import to_json, to_terminal

    if out:
        kind_of(out.name, ANSWER_FILES)
    turns = _read_history(history) if history else ()
    assistant = open_with_progress(read_settings(model=model))
    scope = read_scope(
        assistant.corpus.sources, sources=source or (), voices=voice or (), kinds=kind or (),
        statuses=status or (), since=since, until=until, primary=primary,
    )
    warn(assistant.corpus.notices)
    answer = answer_with_status(assistant, question, turns, scope)
    typer.echo(to_json(answer) if as_json else to_terminal(answer))
    if out:
        keep(out, answers_file([answer], out.name))


@app.command()
def chat(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    model: ModelOption = None,
) -> None:
    """Open the chat page."""
    settings = read_settings(model=model)
    from assistant.web.server import launch

    launch(open_with_progress(settings), host, port)


@app.command()
def index(
    rebuild: Annotated[bool, typer.Option(help="Start from nothing.")] = False,
) -> None:
    """Bring the index up to date with the corpus."""
    settings = read_settings()
    assistant = open_with_progress(settings, rebuild)
    update = assistant.index.update
    typer.echo(
        f"{len(assistant.index.passages)} passages of {len(assistant.corpus.sources)} documents: "
        f"{update.added} added, {update.changed} changed, {update.removed} removed, "
        f"{update.unchanged} unchanged. Index: {settings.index_folder}"
    )
    fail_on(assistant.corpus.faults)


def _read_history(path: Path) -> tuple[Turn, ...]:
    from assistant.question import read_turn

    try:
        turns = json.loads(path.read_text(encoding="utf-8"))
        return tuple(map(read_turn, turns))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise QuestionError(
            f"The history {path} cannot be read ({error}).",
            'Write a JSON list like [{"role": "user", "content": "…"}].',
        ) from error


app.add_typer(serve.app)
app.add_typer(models.app, name="models")
app.add_typer(feedback.app, name="feedback")
app.add_typer(compare.app)  # last, so that help begins with asking
app.add_typer(evaluate.app)
app.add_typer(documents.app)
