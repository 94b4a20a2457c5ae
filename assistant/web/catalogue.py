"""The tab "Sources": what the corpus holds, as a list and along time, and each source in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date as Day
from html import escape
from typing import Any

import gradio as gr
import pandas as pd  # type: ignore[import-untyped]

from assistant.answering import Assistant
from assistant.compose import say_date, say_status
from assistant.types import Source, Span, Tier
from assistant.web import uploads
from assistant.web.reading import Sources, link, nothing_html, say_checked, source_html

TAB = "catalogue"
# Clicks on links to sources arrive here; it stands outside the tabs, which mount late.
_BRIDGE = "document.addEventListener('open-source', (event) => trigger('select', event.detail));"
_COLUMNS = ("Title", "Who speaks", "Kind", "Date", "Status", "Text", "How checked")
_TIERS: dict[Tier, str] = {
    "primary": "primary text", "official": "official statement", "commentary": "commentary",
}
# Told apart with colour-blind eyes and on both grounds.
_COLOURS = {"primary text": "#3b76c4", "official statement": "#d98218", "commentary": "#2a9d74"}
_ROW_HEIGHT = 22
_POINT = ["date", "voice", "tier", "source"]


def fill_tab(
    assistant: Assistant, header: gr.HTML, header_html: Callable[[], str]
) -> gr.HTML:
    """The components of the tab; returned is the one that shows a source in full.

    `header` counts the sources too, so it is renewed when documents are added on the page.
    """
    with gr.Row(elem_id="shelf"):
        with gr.Column(scale=7, min_width=320, elem_id="shelf-list"):
            about = gr.HTML(_about(assistant))
            adding = uploads.fill() if assistant.settings.uploads == "on" else None
            table = gr.HTML(_table(assistant), elem_id="shelf-table")
            with gr.Accordion("Timeline", open=True, elem_id="timeline"):
                plot = _timeline(assistant)
        with gr.Column(scale=5, min_width=320, elem_id="shelf-reader"):
            reader = gr.HTML(nothing_html(), elem_id="reader")
    if adding:
        uploads.wire(
            assistant, adding, [header, about, table, plot],
            lambda: [header_html(), _about(assistant), _table(assistant), _points(assistant)],
        )
    return reader


def _about(assistant: Assistant) -> str:
    corpus = assistant.corpus
    return about_html(
        corpus.sources, len(corpus.unread), len(assistant.index.passages), corpus.version
    )


def _table(assistant: Assistant) -> str:
    return table_html((*assistant.corpus.sources, *assistant.corpus.unread))


def wire(assistant: Assistant, tabs: gr.Tabs, reader: gr.HTML) -> None:
    """Every link to a source, in whichever tab, opens it in this one."""
    def opened(event: gr.EventData) -> tuple[Any, str]:
        wish = event._data if isinstance(event._data, dict) else {}
        by_id = {d.source.id: d.source for d in assistant.corpus.documents}
        return gr.update(selected=TAB), read(by_id, wish)

    bridge = gr.HTML("", js_on_load=_BRIDGE, visible="hidden")
    bridge.select(
        opened, None, [tabs, reader], show_progress="hidden", api_visibility="private", queue=False
    )


def read(by_id: Sources, wish: dict[str, Any]) -> str:
    """The source that is wished for, or that there is none such; trusts nothing in the wish."""
    source = by_id.get(str(wish.get("source")))
    if source is None:
        return nothing_html("There is no such source in this corpus.")
    start, end = wish.get("start"), wish.get("end")
    if not (isinstance(start, int) and isinstance(end, int)):
        start = end = 0
    return source_html(source, by_id, Span(start, end))


def about_html(sources: Sequence[Source], unread: int, passages: int, version: str) -> str:
    """How much there is, from when to when, and whose words."""
    days = sorted(source.date for source in sources if source.date)
    dated = f", dated from {days[0].year} to {days[-1].year}" if days else ""
    digests = sum(source.text_kind == "digest" for source in sources)
    words = ""
    if digests:
        which = "All" if digests == len(sources) else f"{digests} of them"
        words = f"<p>{which} are digests: our words, not the documents'.</p>"
    if unread:
        words += f"<p>{unread} more are listed, not read: no answer rests on them.</p>"
    return (
        '<section class="about"><h2>About this corpus</h2>'
        f"<p>{len(sources)} sources in {passages} passages{dated} "
        f'<span class="version">(corpus version <code>{escape(version)}</code>)</span>.</p>'
        f"{words}</section>"
    )


def table_html(sources: Iterable[Source]) -> str:
    """All sources, oldest first; `citations.js` searches and sorts the rows."""
    ordered = sorted(sources, key=lambda s: (s.date is None, s.date, s.title))
    heads = "".join(
        f'<th scope="col" aria-sort="{"ascending" if name == "Date" else "none"}">'
        f'<button type="button">{name}</button></th>' for name in _COLUMNS
    )
    count = len(ordered)
    return (
        '<div class="find"><input type="search" id="find-source" '
        'placeholder="Search the sources" aria-label="Search the sources">'
        f'<span class="found" role="status" data-all="{count}">{count} listed</span></div>'
        f'<div class="rows"><table class="sources"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(map(_row, ordered))}</tbody></table></div>"
    )


def _row(source: Source) -> str:
    cells = (
        escape(source.voice), source.kind.replace("_", " "), _day(source),
        escape(say_status(source)), source.text_kind.replace("_", " "), say_checked(source),
    )
    shown = "".join(f"<td>{cell}</td>" for cell in cells)
    names = escape(" ".join((source.short_title, *source.aliases)))
    return (
        f'<tr data-names="{names}"><th scope="row">{link(source, escape(source.title))}</th>'
        f"{shown}</tr>"
    )


def _day(source: Source) -> str:
    """A short date; the attribute is what the column is sorted by."""
    if not source.date:
        return '<time data-sort="9999">undated</time>'
    return (
        f'<time data-sort="{source.date.isoformat()}" datetime="{source.date.isoformat()}">'
        f"{source.date.day} {source.date:%b %Y}</time>"
    )


def timeline_rows(sources: Iterable[Source]) -> list[dict[str, object]]:
    """One point for each dated source, oldest first."""
    dated = sorted((s for s in sources if s.date), key=lambda s: str(s.date))
    return [
        {
            "date": source.date, "voice": source.voice, "tier": _TIERS[source.tier],
            "source": f"{source.name} ({say_date(source)})",
        } for source in dated
    ]


def time_span(sources: Iterable[Source]) -> list[float] | None:
    """From the first date to the last in seconds since 1970, with room for the outer points."""
    days = [source.date.toordinal() for source in sources if source.date]
    if not days:
        return None
    room = max(30, (max(days) - min(days)) // 25)
    return [(day - Day(1970, 1, 1).toordinal()) * 86_400.0
            for day in (min(days) - room, max(days) + room)]


def _points(assistant: Assistant) -> Any:
    """The plot's points and its stretch of time, as they are now."""
    sources = assistant.corpus.sources
    frame = pd.DataFrame(timeline_rows(sources), columns=_POINT)
    frame["date"] = pd.to_datetime(frame["date"])
    voices = len(set(frame["voice"]))
    return gr.update(
        value=frame, x_lim=time_span(sources), height=110 + _ROW_HEIGHT * voices
    )


def _timeline(assistant: Assistant) -> gr.ScatterPlot:
    now = _points(assistant)
    plot = gr.ScatterPlot(
        now["value"], x="date", y="voice", color="tier", color_map=_COLOURS, tooltip=_POINT[1:],
        x_title=" ", y_title=" ", color_title=" ", height=now["height"], x_lim=now["x_lim"],
        container=False, show_label=False, elem_id="timeline-plot", buttons=[],
    )
    undated = len(assistant.corpus.sources) - len(now["value"])
    note = "Drag across a stretch of time to enlarge it; double-click to see all again."
    note += f" Not shown: {undated} without a date." if undated else ""
    gr.HTML(f'<p class="quiet">{note}</p>')

    def enlarge(event: gr.SelectData) -> Any:
        return gr.update(x_lim=event.index)

    plot.select(enlarge, None, plot, queue=False, api_visibility="private")
    plot.double_click(
        lambda: gr.update(x_lim=time_span(assistant.corpus.sources)), None, plot, queue=False,
        api_visibility="private",
    )
    return plot
