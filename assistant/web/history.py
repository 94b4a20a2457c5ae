"""The tab "Conversations": what was asked earlier, found again, renamed, deleted; what is shared.

What a reader thinks of an answer and wants shared of it is heard here as well, from the chat.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from assistant.answering import Assistant
from assistant.errors import RecordsError
from assistant.records import MOST_LISTED, Listed, Records, Shared, open_records
from assistant.web import keeping
from assistant.web.asking import Desk, shown
from assistant.web.filters import QUICK
from assistant.web.models import fault_html
from assistant.web.sharing import PATH

TAB = "conversations"
# Buttons of the lists say in their data what is to be done; a form has the new name. What takes the
# place of the conversation on the page is another event: it ends what is being answered.
_HEAR = """element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const ends = button.matches("[data-do=open], [data-do=delete-all], [aria-current] button");
  trigger(ends ? "submit" : "select", { ...button.dataset });
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  trigger("select", { ...event.target.dataset, name: new FormData(event.target).get("name") });
});"""
# Rows below the answers arrive here (history.js).
_BRIDGE = "document.addEventListener('answer-wish', (event) => trigger('select', event.detail));"
_REPLY = "(text) => document.dispatchEvent(new CustomEvent('answer-reply', { detail: text }))"


class Earlier(NamedTuple):
    """The components of the tab; `told` says what went wrong."""

    search: gr.Textbox
    told: gr.HTML
    listed: gr.HTML
    shared: gr.HTML


def fill_tab() -> Earlier:
    with gr.Row(elem_id="earlier"):
        with gr.Column(scale=6, min_width=320):
            search = gr.Textbox(
                elem_id="find-conversation", label="Search the conversations", show_label=False,
                container=False, placeholder="Search the conversations", max_lines=1,
            )
            told = gr.HTML("", elem_id="earlier-told")
            listed = gr.HTML("", elem_id="conversations", js_on_load=_HEAR)
        with gr.Column(scale=4, min_width=320):
            shared = gr.HTML("", elem_id="shares", js_on_load=_HEAR)
    return Earlier(search, told, listed, shared)


def wire(
    assistant: Assistant, page: gr.Blocks, tabs: gr.Tabs, tab: gr.Tab, earlier: Earlier,
    desk: Desk, asking: Any,
) -> None:
    """`asking` is the event that opening or deleting a conversation ends."""
    _wire_restoring(assistant, page, desk)
    _wire_list(assistant, tabs, tab, earlier, desk, asking)
    _wire_answers(assistant, desk)


def _wire_restoring(assistant: Assistant, page: gr.Blocks, desk: Desk) -> None:
    def arrived(reader: str, current: str, request: gr.Request) -> tuple[Any, ...]:
        conversation = keeping.restored(assistant, keeping.owner(reader, request), current)
        if not conversation:
            return ("", *[gr.skip()] * len(desk.outputs))
        return (current, *shown(conversation))

    # The browser alone says who reads, so that what is asked at once is kept as well.
    page.load(
        None, None, [desk.reader, desk.current], js="() => window.whoReads()",
        api_visibility="private",
    ).then(
        arrived, [desk.reader, desk.current], [desk.current, *desk.outputs], **QUICK
    )
    desk.current.change(
        None, desk.current, None, js="(id) => window.nowReads(id)", api_visibility="private"
    )


def _wire_list(
    assistant: Assistant, tabs: gr.Tabs, tab: gr.Tab, earlier: Earlier, desk: Desk, asking: Any
) -> None:
    lists = [earlier.told, earlier.listed, earlier.shared]
    asked = [desk.reader, desk.current, earlier.search]

    def look(reader: str, current: str, search: str, request: gr.Request) -> tuple[str, str, str]:
        return lists_html(assistant, keeping.owner(reader, request), current, search)

    def wished(
        reader: str, current: str, search: str, event: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        owner, wish = keeping.owner(reader, request), _words(event._data)
        fault = change(open_records(assistant.settings), owner, wish)
        told, *rest = lists_html(assistant, owner, current, search)
        return (fault or told, *rest)

    def exchanged(
        reader: str, current: str, search: str, event: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        owner, wish = keeping.owner(reader, request), _words(event._data)
        fault = change(open_records(assistant.settings), owner, wish)
        current = wish.get("id", "") if wish.get("do") == "open" else current
        conversation = keeping.restored(assistant, owner, current)
        current = current if conversation else ""
        told, *rest = lists_html(assistant, owner, current, search)
        to_desk = gr.update(selected="ask") if wish.get("do") == "open" else gr.skip()
        return (fault or told, *rest, to_desk, current, *shown(conversation))

    tab.select(look, asked, lists, **QUICK)
    # Its event `input` is silent where words are pasted or taken away.
    earlier.search.change(look, asked, lists, trigger_mode="always_last", **QUICK)
    gr.on([earlier.listed.select, earlier.shared.select], wished, asked, lists, **QUICK)
    earlier.listed.submit(
        exchanged, asked, [*lists, tabs, desk.current, *desk.outputs], cancels=[asking], **QUICK
    )


def _wire_answers(assistant: Assistant, desk: Desk) -> None:
    def wished(reader: str, event: gr.EventData, request: gr.Request) -> str:
        owner = keeping.owner(reader, request)
        return json.dumps(answered(open_records(assistant.settings), owner, _words(event._data)))

    bridge = gr.HTML("", js_on_load=_BRIDGE, visible="hidden")
    reply = gr.Textbox(visible="hidden")
    bridge.select(wished, desk.reader, reply, trigger_mode="multiple", **QUICK).then(
        None, reply, None, js=_REPLY, api_visibility="private"
    )


def change(records: Records | None, owner: str, wish: dict[str, str]) -> str:
    """Do what was wished for in the lists; what went wrong, as HTML. Trusts nothing in the wish."""
    if not records:
        return ""
    id = wish.get("id", "")
    try:
        match wish.get("do"):
            case "rename":
                records.rename(owner, id, wish.get("name", ""))
            case "delete":
                records.delete(owner, id)
            case "delete-all":
                records.delete_all(owner)
            case "revoke":
                records.revoke(owner, id)
    except RecordsError as error:
        return fault_html(error)
    return ""


def answered(records: Records | None, owner: str, wish: dict[str, str]) -> dict[str, str]:
    """Rate or share an answer, as wished for below it: its id, and either the path that it is
    shared at or what went wrong. Trusts nothing in the wish."""
    id = wish.get("id", "")
    if not records:
        return {"id": id}
    try:
        match wish.get("do"), wish.get("verdict", ""):
            case "share", _:
                return {"id": id, "path": f"{PATH}/{records.share(owner, id)}"}
            case "rate", ("up" | "down" | "wrong_evidence") as verdict:
                records.rate(owner, id, verdict, wish.get("remark", ""))
            case "rate", "":
                records.take_back(owner, id)
    except RecordsError as error:
        return {"id": id, "fault": str(error)}
    return {"id": id}


def _words(data: object) -> dict[str, str]:
    """The wish of an event, as far as it is made of words."""
    told = data if isinstance(data, dict) else {}
    return {str(name): value for name, value in told.items() if isinstance(value, str)}


def lists_html(
    assistant: Assistant, owner: str, current: str, search: str
) -> tuple[str, str, str]:
    """What is wrong with the records, the conversations, and what is shared."""
    records = open_records(assistant.settings)
    if not records:
        return "", "", ""
    try:
        found = records.conversations(owner, search)
        return "", conversations_html(found, current, search), shares_html(records.shares(owner))
    except RecordsError as error:
        return fault_html(error), "", ""


def conversations_html(listed: Sequence[Listed], current: str, search: str) -> str:
    """The conversations, each with what can be done with it; no script is needed to ask twice."""
    if not listed:
        said = "No conversation has all of these words." if search.strip() else (
            "What you ask is kept here for you, and can be found again."
        )
        return f'<p class="quiet">{said}</p>'
    rows = "".join(_conversation(one, one.id == current) for one in listed)
    older = (
        f'<p class="quiet">The latest {MOST_LISTED}; the search finds older ones too.</p>'
        if len(listed) == MOST_LISTED else ""
    )
    everything = "" if search.strip() else (
        '<details class="all"><summary>Delete all</summary><p>All conversations, with the ratings '
        'of their answers and the links to them. <button type="button" data-do="delete-all">'
        "Delete all for good</button></p></details>"
    )
    return f'<ol class="conversations">{rows}</ol>{older}{everything}'


def _conversation(one: Listed, current: bool) -> str:
    id, name = escape(one.id), escape(one.name)
    questions = "1 question" if one.questions == 1 else f"{one.questions} questions"
    here = ' aria-current="true"' if current else ""
    return (
        f'<li{here}><button type="button" class="open" data-do="open" data-id="{id}">{name}'
        f'</button><p class="quiet">{_time(one.changed)} · {questions}</p><div class="do">'
        f'<details><summary>Rename</summary><form data-do="rename" data-id="{id}">'
        f'<input name="name" value="{name}" maxlength="80" required aria-label="New name">'
        "<button>Rename</button></form></details><details><summary>Delete</summary><p>With the "
        'ratings of its answers and the links to them. <button type="button" data-do="delete" '
        f'data-id="{id}">Delete for good</button></p></details></div></li>'
    )


def shares_html(shares: Sequence[Shared]) -> str:
    rows = "".join(
        f'<li><a href="{PATH}/{escape(one.token)}" target="_blank">{escape(one.kept.question)}</a>'
        f'<p class="quiet">shared {_time(one.shared)} <button type="button" data-do="revoke" '
        f'data-id="{escape(one.token)}">Revoke</button></p></li>' for one in shares
    )
    told = (
        f'<ol class="conversations">{rows}</ol>' if rows else
        '<p class="quiet">Nothing is shared. “Share” below an answer makes a link to it.</p>'
    )
    return f"<h2>Shared answers</h2>{told}"


def _time(moment: datetime) -> str:
    return (
        f'<time datetime="{moment.isoformat()}">{moment.day} {moment:%B %Y, %H:%M} UTC</time>'
    )
