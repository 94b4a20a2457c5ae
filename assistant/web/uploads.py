"""Documents dropped on the page: what is proposed of each is shown, corrected, and added.

Only there with ASSISTANT_UPLOADS=on: whoever reaches the page can then add to the corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import pandas as pd  # type: ignore[import-untyped]
from gradio.components import Component

from assistant.answering import Assistant
from assistant.corpus.adding import add_source, held_sources, read_origin
from assistant.corpus.download import Limits
from assistant.corpus.readers import READERS
from assistant.errors import AssistantError, CorpusError
from assistant.types import UNKNOWN_VOICE, Source

MAX_FILE_SIZE = "50mb"
# (heading, field): what the reader may correct
_FIELDS = (
    ("Title", "title"), ("Who speaks", "voice"), ("Date", "date"), ("Kind", "kind"),
    ("Status", "status"),
)
_HEADINGS = ["File", *(heading for heading, _ in _FIELDS)]
_MOST_FILES = 200

Read = tuple[str, Source]
"""The file's own name, and what was read of it."""


class Adding(NamedTuple):
    """The components: where files are dropped, what is proposed of them, what came of it."""

    files: gr.File
    table: gr.Dataframe
    told: gr.HTML
    button: gr.Button
    read: gr.State


def fill() -> Adding:
    with gr.Accordion("Add documents", open=False, elem_id="add"):
        gr.HTML(
            '<p class="quiet">They are kept on the machine that serves this page and are from '
            "then on quoted like the others.</p>"
        )
        files = gr.File(
            file_count="multiple", file_types=list(READERS), elem_id="drop",
            label="Drop files here: " + ", ".join(READERS),
        )
        table = gr.Dataframe(
            headers=_HEADINGS, datatype="str", type="array", interactive=True, visible=False,
            elem_id="proposed", label="What was found; correct what is wrong", wrap=True,
            static_columns=[0], column_count=len(_HEADINGS), buttons=[], max_height=420,
            column_widths=["22%", "28%", "20%", "11%", "10%", "9%"],
        )
        told = gr.HTML("", elem_id="told")
        button = gr.Button("Add to the corpus", variant="primary", visible=False, elem_id="add-now")
    return Adding(files, table, told, button, gr.State(()))


def wire(
    assistant: Assistant, adding: Adding, changed: list[Component],
    renew: Callable[[], list[Any]],
) -> None:
    """`renew` gives the new values of the components `changed` after documents were added."""
    files, table, told, button, read = adding

    def added(read: Sequence[Read], rows: Sequence[Sequence[Any]]) -> list[Any]:
        said = add(assistant, read, rows)
        return [said, None, gr.update(visible=False), gr.update(visible=False), (), *renew()]

    one: dict[str, Any] = {  # PDFium and the index allow one at a time
        "concurrency_limit": 1, "concurrency_id": "adding", "api_visibility": "private",
    }
    files.upload(look, files, [table, button, told, read], **one)
    files.clear(look, files, [table, button, told, read], **one)
    button.click(added, [read, table], [told, files, table, button, read, *changed], **one)


def look(paths: list[str] | None) -> tuple[Any, Any, str, tuple[Read, ...]]:
    """Read the files and propose what they do not say: table, button, faults, what was read."""
    read: list[Read] = []
    faults: list[tuple[str, str]] = []
    for path in map(Path, (paths or [])[:_MOST_FILES]):
        try:
            read.append((path.name, read_origin(path, Limits())))
        except CorpusError as error:
            faults.append((path.name, _without_path(error, path)))
    if paths and len(paths) > _MOST_FILES:
        faults.append(("…", f"only the first {_MOST_FILES} files are read at once."))
    rows = [[name, *(_shown(source, field) for _, field in _FIELDS)] for name, source in read]
    some = bool(rows)
    frame = pd.DataFrame(rows, columns=_HEADINGS)
    return (
        gr.update(value=frame, visible=some), gr.update(visible=some), _list_html(faults),
        tuple(read),
    )


def add(assistant: Assistant, read: Sequence[Read], rows: Sequence[Sequence[Any]]) -> str:
    """Add what was read, as corrected in the table, and bring the index up to date."""
    settings = assistant.settings
    held = held_sources(settings.corpus, settings.documents)
    said: list[tuple[str, str]] = []
    added = 0
    for (name, source), row in zip(read, rows, strict=False):
        cells = {
            field: str(value or "").strip()
            for (_, field), value in zip(_FIELDS, row[1:], strict=True)
        }
        fields = {field: value for field, value in cells.items() if value}
        try:
            document = add_source(
                _without(source, cells.keys() - fields.keys()), name, fields, settings.documents,
                held,
            )
            held[document.source.id] = document.source
            said.append((name, f"added as {document.source.id}."))
            added += 1
        except CorpusError as error:
            said.append((name, _without_path(error, Path(name))))
    if added:
        try:
            assistant.refresh()
        except AssistantError as error:
            said.append(("Index", str(error)))
    return _list_html(said)


def _without(source: Source, cleared: Set[str]) -> Source:
    """The source without the proposals that the reader took out of the table."""
    kept = tuple(field for field in source.proposed if field not in cleared)
    day = None if "date" in cleared else source.date
    voice = UNKNOWN_VOICE if "voice" in cleared else source.voice
    return replace(source, proposed=kept, date=day, voice=voice)


def _shown(source: Source, field: str) -> str:
    value = getattr(source, field)
    return "" if value is None or value == UNKNOWN_VOICE else str(value)


def _without_path(error: CorpusError, path: Path) -> str:
    """The path of a dropped file is one of the server's own, and nobody's business."""
    return str(error).replace(f"{error.path}: ", "").replace(str(path.parent), "")


def _list_html(said: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<li><b>{escape(name)}</b>: {escape(text)}</li>" for name, text in said)
    return f'<ul class="told" role="status">{rows}</ul>' if said else ""
