"""The row "Only …": which sources may answer, as fields to fill and as chips to take away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple, get_args

import gradio as gr
from gradio.components import Component

from assistant.corpus.catalogue import Corpus
from assistant.errors import QuestionError
from assistant.scope import read_scope
from assistant.types import Scope, Status
from assistant.web.models import fault_html

# A click on a chip's cross, with the field and the value that it takes away.
_CROSS = """element.addEventListener("click", (event) => {
  const cross = event.target.closest("button[data-field]");
  if (cross) trigger("select", { field: cross.dataset.field, value: cross.dataset.value });
});"""
QUICK: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
"""For events that are over at once."""
# The fields of `read_scope`, in the order of the components, and what a chip calls each.
_FIELDS = {
    "sources": "", "voices": "", "kinds": "", "statuses": "", "since": "since ", "until": "as of ",
    "primary": "primary texts",
}
_LISTS = ("sources", "voices", "kinds", "statuses")

Values = Sequence[Any]
"""What stands in the fields, in their order."""


class Filters(NamedTuple):
    """`fields` are the components of `_FIELDS`; `told` says what is wrong in them."""

    fields: list[Component]
    told: gr.HTML
    chips: gr.HTML


def fill(corpus: Corpus) -> Filters:
    offered = choices(corpus)
    with gr.Accordion("Only …", open=False, elem_id="only"):
        lists: list[Component] = [
            gr.Dropdown(
                offered[name], value=[], multiselect=True, label=label, elem_id=f"only-{name}",
                min_width=220,
            ) for name, label in zip(
                _LISTS, ("Sources", "Who speaks", "Kind of text", "Force of the text"), strict=True
            )
        ]
        since, until = (
            gr.Textbox(
                label=label, placeholder="2022 or 2022-01-26", elem_id=f"only-{name}",
                min_width=160, max_length=20,
            ) for name, label in (("since", "Since"), ("until", "As of (nothing later)"))
        )
        primary = gr.Checkbox(
            label="Only texts that parties agreed or proposed", elem_id="only-primary",
            container=False,
        )
        told = gr.HTML("", elem_id="only-told")
    chips = gr.HTML("", elem_id="chips", js_on_load=_CROSS)
    return Filters([*lists, since, until, primary], told, chips)


def choices(corpus: Corpus) -> dict[str, list[tuple[str, str]]]:
    """(shown, picked) for each field that is a list, as the corpus is now."""
    held = corpus.sources
    voices = sorted({voice for source in held for voice in source.voice.split("; ")})
    statuses = [s for s in get_args(Status) if any(s == source.status for source in held)]
    return {
        "sources": sorted((source.title, source.id) for source in held),
        "voices": [(voice, voice) for voice in voices],
        "kinds": _plain(sorted({source.kind for source in held})),
        "statuses": _plain(statuses),
    }


def _plain(values: Sequence[str]) -> list[tuple[str, str]]:
    return [(value.replace("_", " "), value) for value in values]


def read(corpus: Corpus, values: Values) -> Scope:
    """The scope that the fields describe. Raises QuestionError for what is none."""
    typed = dict(zip(_FIELDS, values, strict=True))
    return read_scope(
        corpus.sources, **{name: tuple(typed[name] or ()) for name in _LISTS},
        since=(typed["since"] or "").strip(), until=(typed["until"] or "").strip(),
        primary=bool(typed["primary"]),
    )


def shown(corpus: Corpus, values: Values) -> tuple[str, str]:
    """What is wrong in the fields, and their chips."""
    try:
        read(corpus, values)
    except QuestionError as error:
        return fault_html(error), chips_html(corpus, values)
    return "", chips_html(corpus, values)


def chips_html(corpus: Corpus, values: Values) -> str:
    """One chip for each thing that is set, with a cross that takes it away."""
    names = {source.id: source.name for source in corpus.sources}
    set_values = [
        (field, str(value)) for field, held in zip(_FIELDS, values, strict=True)
        for value in (held if field in _LISTS and held else [held]) if value
    ]
    if not set_values:
        return ""
    chips = "".join(_chip(field, value, names) for field, value in set_values)
    return f'<div class="chips" role="group" aria-label="Only these may answer">{chips}</div>'


def _chip(field: str, value: str, names: dict[str, str]) -> str:
    said = _FIELDS[field] if field == "primary" else _FIELDS[field] + names.get(
        value, value.replace("_", " ")
    )
    return (
        f'<span class="chip">{escape(said)}<button type="button" data-field="{field}" '
        f'data-value="{escape(value)}" aria-label="Remove: {escape(said)}">×</button></span>'
    )


def without(values: Values, wish: object) -> list[Any]:
    """The values without the one whose cross was clicked; trusts nothing in the wish."""
    told = wish if isinstance(wish, dict) else {}
    field, value = told.get("field"), told.get("value")
    left: list[Any] = []
    for name, held in zip(_FIELDS, values, strict=True):
        if name != field:
            left.append(held)
        elif name in _LISTS:
            left.append([one for one in held or () if one != value])
        else:
            left.append(False if name == "primary" else "")
    return left


def wire(filters: Filters, corpus: Callable[[], Corpus]) -> None:
    """What is set shows as chips; `corpus` gives the corpus as it is now."""

    def changed(*values: Any) -> tuple[str, str]:
        return shown(corpus(), values)

    def dropped(event: gr.EventData, *values: Any) -> list[Any]:
        left = without(values, event._data)
        return [*left, *shown(corpus(), left)]

    *lists, since, until, primary = filters.fields
    triggers = [
        *(field.input for field in (*lists, primary)), since.blur, since.submit, until.blur,
        until.submit,
    ]
    # The last value counts, also where it comes while an earlier one is still looked at.
    gr.on(
        triggers, changed, filters.fields, [filters.told, filters.chips],
        trigger_mode="always_last", **QUICK,
    )
    filters.chips.select(
        dropped, filters.fields, [*filters.fields, filters.told, filters.chips], **QUICK
    )

