"""The verbs of the command line. An AssistantError becomes one sentence and exit status 1."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AssistantError, QuestionError
from assistant.settings import Settings, read_settings
from assistant.types import Turn

if TYPE_CHECKING:
    from assistant.answering import Assistant

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Answers over a source corpus, every sentence tied to its passage.",
)
corpus_app = typer.Typer(no_args_is_help=True, help="List and check the documents.")
app.add_typer(corpus_app, name="corpus")

_ModelOption = Annotated[
    str | None, typer.Option(help="Overrides ASSISTANT_MODEL; `quotes` uses no model.")
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


def open_with_progress(settings: Settings, rebuild: bool = False) -> Assistant:
    """Open the assistant with a progress bar on standard error while passages are written."""
    from rich.console import Console
    from rich.progress import Progress

    from assistant.answering import Assistant

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task("Indexing passages", total=None)

    def show(done: int, total: int) -> None:
        bar.start()  # only once there is something to show
        bar.update(task, completed=done, total=total)

    try:
        return Assistant.open(settings, show, rebuild)
    finally:
        if bar.live.is_started:
            bar.stop()


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the Answer as JSON.")] = False,
    history: Annotated[
        Path | None,
        typer.Option(help="Earlier turns: a JSON list of objects with role and content."),
    ] = None,
    model: _ModelOption = None,
) -> None:
    """Answer a question from the corpus, with numbered sources."""
    from assistant.render import to_json, to_terminal

    turns = _read_history(history) if history else ()
    assistant = open_with_progress(read_settings(model=model))
    _warn(assistant.corpus.notices)
    answer = assistant.ask(question, turns)
    typer.echo(to_json(answer) if as_json else to_terminal(answer))


@app.command()
def chat(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    model: _ModelOption = None,
) -> None:
    """Open the chat page."""
    settings = read_settings(model=model)
    from assistant.web.page import launch

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
    _fail_on(assistant.corpus.faults)


@app.command()
def add(
    paths: Annotated[
        list[Path], typer.Argument(help="Files (.md, .txt, .html, .pdf, .docx, .epub) or folders.")
    ],
    id: Annotated[str | None, typer.Option(help="Short name: letters, digits, hyphens.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the document.")] = None,
    voice: Annotated[str | None, typer.Option(help="Who speaks.")] = None,
    kind: Annotated[str | None, typer.Option(help="treaty, speech, article …")] = None,
    date: Annotated[str | None, typer.Option(help="Date of the act, as 2022-02-17.")] = None,
    status: Annotated[str | None, typer.Option(help="in_force, proposed, opinion …")] = None,
    language: Annotated[str | None, typer.Option(help="en, ru, uk")] = None,
    address: Annotated[str | None, typer.Option(help="Where the document is published.")] = None,
) -> None:
    """Add documents of your own to what answers are drawn from."""
    from assistant.corpus.adding import add_documents, files_below

    settings = read_settings()
    given = {
        "id": id, "title": title, "voice": voice, "kind": kind, "date": date, "status": status,
        "language": language, "address": address,
    }
    fields = {name: value for name, value in given.items() if value is not None}
    files = list(files_below(paths))
    if len(files) != 1 and {"id", "title"} & fields.keys():
        raise QuestionError(
            f"{len(files)} files cannot share one id or title.", "Add them one by one."
        )
    added, failed = [], 0
    for file, result in add_documents(files, fields, settings.documents, settings.corpus):
        if isinstance(result, AssistantError):
            failed += 1
            typer.echo(f"Not added: {result}", err=True)
        else:
            added.append(result.source)
            typer.echo(f"Added {file.name} as {result.source.id}: {result.source.title}")
    if added:
        passages = open_with_progress(settings).index.passages.values()
        ids = {source.id for source in added}
        count = sum(p.source.id in ids for p in passages)
        typer.echo(f"{len(added)} added with {count} passages, {failed} not added.")
    if failed or not files:
        raise typer.Exit(1)


@app.command()
def remove(
    ids: Annotated[list[str], typer.Argument(help="Ids as `assistant corpus list` shows them.")],
) -> None:
    """Remove documents that were added."""
    from assistant.corpus.adding import remove_document

    settings = read_settings()
    for source_id in ids:
        remove_document(source_id, settings.documents, settings.corpus)
        typer.echo(f"Removed {source_id}.")
    open_with_progress(settings)


@app.command()
def fetch(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids; by default every source with an address.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also those fetched already.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also from addresses of your own network.")
    ] = False,
) -> None:
    """Download the official texts; answers then quote them in place of our digests."""
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from assistant.corpus.catalogue import read_corpus
    from assistant.corpus.originals import Limits, fetch_originals

    settings = read_settings()
    sources = read_corpus(settings.corpus, settings.documents).sources
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Fetching originals", total=None)
        results = fetch_originals(
            sources, ids or (), settings.originals, again=again,
            limits=Limits(allow_private=allow_private),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    failed = [r for r in results if r.reason]
    held = sum(r.was_held for r in results)
    new = len(results) - held - len(failed)
    if failed:
        table = Table("Id", "Why it was not fetched", box=None, pad_edge=False)
        for result in failed:
            table.add_row(result.source.id, result.reason)
        Console(markup=False, emoji=False, highlight=False).print(table)
    typer.echo(f"{new} fetched, {held} held already, {len(failed)} failed: {settings.originals}")
    if new:
        open_with_progress(settings)
    if failed:
        raise typer.Exit(1)


@corpus_app.command("list")
def corpus_list() -> None:
    """List the documents by date."""
    from rich.console import Console
    from rich.table import Table

    from assistant.compose import say_status
    from assistant.corpus.catalogue import read_corpus
    from assistant.render import CHECKED

    settings = read_settings()
    corpus = read_corpus(settings.corpus, settings.documents, originals=settings.originals)
    table = Table(box=None, pad_edge=False)
    for heading in ("Date", "Id", "Kind and status", "Text", "Voice"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("Date", "Id"))
    for s in sorted(corpus.sources, key=lambda s: str(s.date)):
        kind = f"{s.kind.replace('_', ' ')}, {say_status(s)}"
        text = f"{s.text_kind.replace('_', ' ')}, {CHECKED[s.checked]}"
        table.add_row(str(s.date or "–"), s.id, kind, text, s.voice)
    Console(markup=False, emoji=False, highlight=False).print(table)
    _warn(corpus.notices)


@corpus_app.command("check")
def corpus_check() -> None:
    """Check every document's front matter; print file, line and remedy of each fault."""
    from assistant.corpus.catalogue import read_corpus

    settings = read_settings()
    corpus = read_corpus(settings.corpus, settings.documents, originals=settings.originals)
    _fail_on(corpus.faults)
    typer.echo(f"{len(corpus.documents)} documents, no fault.")


def _read_history(path: Path) -> tuple[Turn, ...]:
    try:
        turns = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_turn(turn) for turn in turns)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise QuestionError(
            f"The history {path} cannot be read ({error}).",
            'Write a JSON list like [{"role": "user", "content": "…"}].',
        ) from error


def _turn(turn: dict[str, Any]) -> Turn:
    role, content = turn["role"], turn["content"]
    if role not in ("user", "assistant") or not isinstance(content, str):
        raise ValueError(f"role {role!r}")
    return Turn(role, content)


def _warn(notices: Sequence[str]) -> None:
    for notice in notices:
        typer.echo(f"Note: {notice}", err=True)


def _fail_on(faults: Sequence[AssistantError]) -> None:
    for fault in faults:
        typer.echo(f"Error: {fault}", err=True)
    if faults:
        raise typer.Exit(1)
