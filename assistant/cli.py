"""The verbs of the command line. An AssistantError becomes one sentence and exit status 1."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AssistantError, QuestionError
from assistant.settings import Settings, read_settings
from assistant.types import Source, Turn

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


@contextmanager
def _bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, once there is something to show."""
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(doing, total=None)

    def show(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()


def open_with_progress(settings: Settings, rebuild: bool = False) -> Assistant:
    """Open the assistant with a progress bar on standard error while passages are written."""
    from assistant.answering import Assistant

    with _bar("Indexing passages") as show:
        return Assistant.open(settings, show, rebuild)


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


_Id = Annotated[str | None, typer.Option(help="Short name: letters, digits, hyphens.")]
_Title = Annotated[str | None, typer.Option(help="Title of the document.")]
_Voice = Annotated[str | None, typer.Option(help="Who speaks.")]
_Kind = Annotated[str | None, typer.Option(help="treaty, speech, article …")]
_Date = Annotated[str | None, typer.Option(help="Date of the act, as 2022-02-17.")]
_Status = Annotated[str | None, typer.Option(help="in_force, proposed, opinion …")]
_Language = Annotated[str | None, typer.Option(help="en, ru, uk")]
_Address = Annotated[str | None, typer.Option(help="Where the document is published.")]
_TextKind = Annotated[
    str | None, typer.Option(help="original, official_translation, unofficial_translation")
]
_Translates = Annotated[str | None, typer.Option(help="Id of the document that it translates.")]
_AllowPrivate = Annotated[
    bool, typer.Option("--allow-private", help="Also from addresses of your own network.")
]


@app.command()
def add(
    what: Annotated[list[str], typer.Argument(
        help="Files (.md, .txt, .html, .pdf, .docx, .epub), folders, or addresses of pages."
    )],
    id: _Id = None, title: _Title = None, voice: _Voice = None, kind: _Kind = None,
    date: _Date = None, status: _Status = None, language: _Language = None,
    address: _Address = None, text_kind: _TextKind = None, translates: _Translates = None,
    allow_private: _AllowPrivate = False,
) -> None:
    """Add documents of your own to what answers are drawn from."""
    from assistant.corpus.adding import add_documents, files_below, is_address
    from assistant.corpus.download import Limits

    settings = read_settings()
    fields = _given(
        id=id, title=title, voice=voice, kind=kind, date=date, status=status, language=language,
        address=address, text_kind=text_kind, translates=translates,
    )
    origins: list[Path | str] = []
    for name in what:
        origins += [name] if is_address(name) else files_below([Path(name)])
    if len(origins) != 1 and {"id", "title", "translates"} & fields.keys():
        raise QuestionError(
            f"{len(origins)} documents cannot share one id, title or original.",
            "Add them one by one.",
        )
    added, failed = [], []
    limits = Limits(allow_private=allow_private)
    results = add_documents(origins, fields, settings.documents, settings.corpus, limits=limits)
    with _bar("Reading") as show:
        for number, (_, result) in enumerate(results, start=1):
            show(number, len(origins))
            if isinstance(result, AssistantError):
                failed.append(result)
            else:
                added.append(result.source)
    for fault in failed:
        typer.echo(f"Not added: {fault}", err=True)
    if added:
        passages = open_with_progress(settings).index.passages.values()
        ids = {source.id for source in added}
        count = sum(p.source.id in ids for p in passages)
        _show_added(added)
        typer.echo(f"{len(added)} added with {count} passages, {len(failed)} not added.")
    if failed or not origins:
        raise typer.Exit(1)


@app.command()
def correct(
    id: Annotated[str, typer.Argument(help="Id of a document that you added.")],
    title: _Title = None, voice: _Voice = None, kind: _Kind = None, date: _Date = None,
    status: _Status = None, language: _Language = None, address: _Address = None,
    text_kind: _TextKind = None, translates: _Translates = None,
) -> None:
    """Correct what is said of an added document; without options, confirm what was proposed."""
    from assistant.corpus.adding import correct_document

    settings = read_settings()
    fields = _given(
        title=title, voice=voice, kind=kind, date=date, status=status, language=language,
        address=address, text_kind=text_kind, translates=translates,
    )
    source = correct_document(id, fields, settings.documents, settings.corpus).source
    open_with_progress(settings)
    _show_added([source])


def _given(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _show_added(sources: Sequence[Source]) -> None:
    """What is held of each, with a question mark at what the program proposed."""
    from rich.console import Console
    from rich.table import Table

    from assistant.compose import say_status

    table = Table(box=None, pad_edge=False)
    for heading in ("Id", "Title", "Date", "Who speaks", "Kind and status"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("Id", "Date"))
    for s in sources:
        unsure = {name: " (?)" for name in s.proposed}
        table.add_row(
            s.id, s.title + unsure.get("title", ""), str(s.date or "–") + unsure.get("date", ""),
            s.voice + unsure.get("voice", ""),
            f"{s.kind.replace('_', ' ')}{unsure.get('kind', '')}, {say_status(s)}",
        )
    Console(markup=False, emoji=False, highlight=False).print(table)
    for s in sources:
        if "relations" in s.proposed:
            typer.echo(f"{s.id} is taken for a translation of {s.relations[-1].to} (?)")
    if any(s.proposed for s in sources):
        typer.echo(
            "(?) was taken from the text or the file's name. To correct or confirm it: "
            'assistant correct ID --voice "…" --date 2022-02-17'
        )


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
    allow_private: _AllowPrivate = False,
) -> None:
    """Download the official texts; answers then quote them in place of our digests."""
    from rich.console import Console
    from rich.table import Table

    from assistant.corpus.catalogue import read_corpus
    from assistant.corpus.originals import Limits, fetch_originals

    settings = read_settings()
    sources = read_corpus(settings.corpus, settings.documents).sources
    with _bar("Fetching originals") as show:
        results = fetch_originals(
            sources, ids or (), settings.originals, again=again,
            limits=Limits(allow_private=allow_private), progress=show,
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


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The zip file to write; it must not exist yet.")],
) -> None:
    """Keep the home folder (added documents, originals, indexes) in one file."""
    from assistant.corpus.backup import back_up

    settings = read_settings()
    with _bar("Backing up") as show:
        count = back_up(settings.home, file, show)
    typer.echo(f"{count} files kept in {file}. To bring them back: assistant restore {file}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `assistant backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Also if the home folder holds something.")
    ] = False,
) -> None:
    """Bring a backup back into the home folder."""
    from assistant.corpus.backup import restore as put_back

    settings = read_settings()
    with _bar("Restoring") as show:
        count = put_back(file, settings.home, replace=replace, progress=show)
    typer.echo(f"{count} files restored into {settings.home}")
    open_with_progress(settings)  # the corpus may have changed since


@corpus_app.command("list")
def corpus_list() -> None:
    """List the documents by date."""
    from rich.console import Console
    from rich.table import Table

    from assistant.compose import say_status
    from assistant.corpus.catalogue import read_corpus
    from assistant.render import say_text

    settings = read_settings()
    corpus = read_corpus(settings.corpus, settings.documents, originals=settings.originals)
    table = Table(box=None, pad_edge=False)
    for heading in ("Date", "Id", "Kind and status", "Text", "Voice"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("Date", "Id"))
    for s in sorted((*corpus.sources, *corpus.unread), key=lambda s: str(s.date)):
        kind = f"{s.kind.replace('_', ' ')}, {say_status(s)}"
        table.add_row(str(s.date or "–"), s.id, kind, say_text(s), s.voice)
    Console(markup=False, emoji=False, highlight=False).print(table)
    _warn(corpus.notices)


@corpus_app.command("check")
def corpus_check() -> None:
    """Check every document's front matter; print file, line and remedy of each fault."""
    from assistant.corpus.catalogue import read_corpus

    settings = read_settings()
    corpus = read_corpus(settings.corpus, settings.documents, originals=settings.originals)
    _fail_on(corpus.faults)
    unread = f", {len(corpus.unread)} listed, not read" if corpus.unread else ""
    typer.echo(f"{len(corpus.sources)} documents{unread}, no fault.")


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
