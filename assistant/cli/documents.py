"""The verbs for documents: add, correct, remove, fetch, backup, restore; list and check."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.shared import fail_on, open_with_progress, progress, warn
from assistant.errors import AssistantError, QuestionError
from assistant.settings import Settings, read_settings
from assistant.types import Source

app = typer.Typer()
corpus_app = typer.Typer(no_args_is_help=True, help="List and check the documents.")
app.add_typer(corpus_app, name="corpus")

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
    original_of: Annotated[str | None, typer.Option(
        help="Id of a source: the file is its full text and is quoted in place of our digest."
    )] = None,
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
    if original_of:
        _add_original(original_of, origins, settings)
        return
    added, failed = [], []
    limits = Limits(allow_private=allow_private)
    results = add_documents(origins, fields, settings.documents, settings.corpus, limits=limits)
    with progress("Reading") as show:
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


def _add_original(source_id: str, origins: Sequence[Path | str], settings: Settings) -> None:
    from assistant.corpus.adding import held_sources
    from assistant.corpus.originals import add_original

    source = held_sources(settings.corpus, settings.documents).get(source_id)
    file, *more = origins or ("",)
    if source is None or more or not isinstance(file, Path):
        raise QuestionError(
            f"There is no source {source_id!r}." if source is None
            else "An original is one file.",
            "See the ids with: assistant corpus list" if source is None
            else "Name one file; pages are fetched with: assistant fetch",
        )
    add_original(source, file, settings.originals)
    passages = open_with_progress(settings).index.passages.values()
    count = sum(p.source.id == source_id for p in passages)
    typer.echo(f"{source.title}: {count} passages of {file.name} are quoted from now on.")


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
    """Remove documents that were added, and originals, so that our digest speaks again."""
    from assistant.corpus.adding import remove_document
    from assistant.corpus.originals import remove_original

    settings = read_settings()
    for source_id in ids:
        if remove_original(source_id, settings.originals):
            typer.echo(f"Removed the original of {source_id}.")
        else:
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
    from assistant.corpus.download import Limits
    from assistant.corpus.originals import fetch_originals

    settings = read_settings()
    sources = read_corpus(settings.corpus, settings.documents).sources
    with progress("Fetching originals") as show:
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
    with progress("Backing up") as show:
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
    with progress("Restoring") as show:
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
    warn(corpus.notices)


@corpus_app.command("check")
def corpus_check() -> None:
    """Check every document's front matter; print file, line and remedy of each fault."""
    from assistant.corpus.catalogue import read_corpus

    settings = read_settings()
    corpus = read_corpus(settings.corpus, settings.documents, originals=settings.originals)
    fail_on(corpus.faults)
    unread = f", {len(corpus.unread)} listed, not read" if corpus.unread else ""
    typer.echo(f"{len(corpus.sources)} documents{unread}, no fault.")
