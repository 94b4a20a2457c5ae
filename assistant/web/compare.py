"""The tab "Compare": texts chosen, and the provisions of the first beside what answers them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import gradio as gr

from assistant.answering import Assistant
from assistant.comparing import Comparison, compare
from assistant.compose import say_name
from assistant.errors import AssistantError, QuestionError
from assistant.export import COMPARISON_FILES, comparison_file
from assistant.types import RelationType, Source
from assistant.web import saving
from assistant.web.access import visitor_of
from assistant.web.filters import QUICK
from assistant.web.limits import Limits
from assistant.web.models import fault_html
from assistant.web.table import comparison_html

_SUGGESTED = 4
# What makes one text a counterpart of another: an answer first of all.
_COUNTERPARTS: tuple[RelationType, ...] = ("replies_to", "amends", "supersedes")
_NOTHING = '<p class="quiet">Choose two texts or more. Each provision of the first gets a row.</p>'
_WAITING = (
    '<p class="waiting" role="status">Comparing the texts … A whole treaty can take a minute.</p>'
)
# On a phone the table begins below what is in view.
_SHOW = """() => {
  const table = document.getElementById("compare-table");
  if (table.getBoundingClientRect().top > innerHeight * 0.6) table.scrollIntoView();
}"""


class Bench(NamedTuple):
    """The components of the tab; `kept` is the comparison shown."""

    first: gr.Dropdown
    others: gr.Dropdown
    go: gr.Button
    suggested: list[tuple[gr.Button, tuple[str, ...]]]
    told: gr.HTML
    table: gr.HTML
    keep: gr.Row
    save: saving.Saving
    kept: gr.State


def fill_tab(assistant: Assistant) -> Bench:
    offered = _choices(assistant)
    with gr.Column(elem_id="compare"):
        with gr.Row(elem_id="compare-choice"):
            first = gr.Dropdown(
                offered, value=None, label="Provisions of", elem_id="compare-first", min_width=260
            )
            others = gr.Dropdown(
                offered, value=[], multiselect=True, label="Beside", elem_id="compare-others",
                min_width=260, scale=2,
            )
            go = gr.Button("Compare", elem_id="compare-go", scale=0, min_width=110)
        with gr.Row(elem_id="compare-suggested"):
            held = {source.id: source for source in assistant.corpus.sources}
            buttons = [
                (gr.Button(_label([held[source_id] for source_id in ids]), size="sm"), ids)
                for ids in suggested(held.values())
            ]
        told = gr.HTML("", elem_id="compare-told")
        table = gr.HTML(_NOTHING, elem_id="compare-table")
        with gr.Row(elem_id="compare-keep", visible=False) as keep:
            save = saving.fill("comparison", COMPARISON_FILES)
        kept = gr.State(None)
    return Bench(first, others, go, buttons, told, table, keep, save, kept)


def wire(assistant: Assistant, bench: Bench, limits: Limits) -> None:
    shown = [bench.told, bench.table, bench.keep, bench.kept]

    def compared(
        first: str | None, others: Sequence[str], request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        yield "", _WAITING, gr.update(visible=False), None
        try:
            with limits.admit(visitor_of(request)):
                comparison = _compared(assistant, [first or "", *others])
        except AssistantError as error:
            yield fault_html(error), _NOTHING, gr.update(visible=False), None
            return
        yield "", comparison_html(comparison), gr.update(visible=True), comparison

    asked = [bench.go.click(
        compared, [bench.first, bench.others], shown, show_progress="hidden",
        api_visibility="private", trigger_mode="once",
    )]
    for button, (first, *others) in bench.suggested:
        asked.append(button.click(
            lambda first=first, others=others: (first, others), None, [bench.first, bench.others],
            **QUICK,
        ).then(
            compared, [bench.first, bench.others], shown, show_progress="hidden",
            api_visibility="private",
        ))
    for event in asked:
        event.then(None, None, None, js=_SHOW, api_visibility="private")
    gr.on(
        None, lambda: [gr.update(choices=_choices(assistant))] * 2, None,
        [bench.first, bench.others], **QUICK,
    )
    saving.wire(
        bench.save, bench.kept, "comparison",
        lambda comparison, name: comparison_file(comparison, name),
    )


def _compared(assistant: Assistant, ids: Sequence[str]) -> Comparison:
    """Raises QuestionError for a choice that cannot be compared."""
    held = {source.id: source for source in assistant.corpus.sources}
    if not ids[0]:
        raise QuestionError("No text is chosen for the rows.", "Choose one under “Provisions of”.")
    if unknown := [source_id for source_id in ids if source_id not in held]:
        raise QuestionError(f"There is no source {unknown[0]!r} here.", "Choose one of the list.")
    sources = [held[source_id] for source_id in ids]
    return compare(sources, assistant.index, assistant.corpus.version)


def _label(sources: Sequence[Source]) -> str:
    first, *others = sources
    return " – ".join((say_name(first), *(source.name for source in others)))


def _choices(assistant: Assistant) -> list[tuple[str, str]]:
    return sorted((source.title, source.id) for source in assistant.corpus.sources)


def suggested(sources: Iterable[Source]) -> list[tuple[str, ...]]:
    """Texts that others answer, amend or replace, each with those in a row; answers first."""
    held = {source.id: source for source in sources}
    groups: list[tuple[str, ...]] = []
    for relation in _COUNTERPARTS:
        after: dict[str, list[str]] = {}
        for source in held.values():
            for other in (r.to for r in source.relations if r.type == relation and r.to in held):
                after.setdefault(other, []).append(source.id)
        later = {source_id for ids in after.values() for source_id in ids}
        groups += [_followed(first, after) for first in after if first not in later]
    return groups[:_SUGGESTED]


def _followed(first: str, after: dict[str, list[str]]) -> tuple[str, ...]:
    """The text, what comes after it, what comes after that, and so on."""
    found = [first]
    for source_id in found:
        found += [later for later in after.get(source_id, ()) if later not in found]
    return tuple(found)
