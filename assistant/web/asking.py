"""The tab "Ask": question, model and filters; the conversation; the passages behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr

from assistant.answering import Assistant
from assistant.errors import AssistantError
from assistant.export import ANSWER_FILES, answers_file, to_text
from assistant.types import Answer
from assistant.web import answers, filters, keeping, models, saving
from assistant.web.access import visitor_of
from assistant.web.conversation import Conversation, How, Wish, follow, messages, stop
from assistant.web.filters import QUICK
from assistant.web.limits import Limits
from assistant.web.sources import pane_html

# (shown on the button, asked)
EXAMPLES = tuple((text, text) for text in (
    "What did Russia ask about the 1997 Founding Act?",
    "What does Article 5 of the North Atlantic Treaty say?",
    "How many tanks does the CFE Treaty allow each group?",
    "What did NATO say about Ukraine and Georgia at Bucharest?",
)) + (("Who won the 2018 World Cup? (not in the corpus)", "Who won the 2018 World Cup?"),)
_EDIT, _EDITING = "Edit the question", "Editing the last question: keep it instead"
# The link "Correct" in the chat arrives here.
_BRIDGE = "document.addEventListener('correct-question', () => trigger('select', {}));"


class Desk(NamedTuple):
    """The components of the tab. `how` is how the next question follows the last one; `reader` is
    the browser's own id, `current` that of the conversation."""

    chat: gr.Chatbot
    pane: gr.HTML
    conversation: gr.State
    how: gr.State
    question: gr.Textbox
    examples: gr.Accordion
    buttons: list[gr.Button]
    model: gr.Dropdown
    told: gr.HTML
    only: filters.Filters
    actions: gr.Row
    edit: gr.Button
    again: gr.Button
    copy: gr.Button
    save: saving.Saving
    anew: gr.Button
    reader: gr.Textbox
    current: gr.Textbox

    @property
    def outputs(self) -> list[Any]:
        """What a question changes, in the order of `_all`."""
        return [self.chat, self.pane, self.conversation, self.how, self.question, self.examples,
                self.actions, self.edit]


def fill_tab(assistant: Assistant, host: str) -> Desk:
    """The components; `host` is the address that the page is served at."""
    conversation, how = gr.State(()), gr.State("next")
    reader, current = gr.Textbox(visible="hidden"), gr.Textbox(visible="hidden")
    with gr.Row(elem_id="desk"):
        with gr.Column(scale=6, min_width=320, elem_id="talk"):
            chat = gr.Chatbot(
                elem_id="chat", show_label=False, container=False, height=None, buttons=[],
                layout="panel", feedback_options=None, latex_delimiters=[], allow_tags=False,
                autoscroll=False, group_consecutive_messages=False,
                placeholder=answers.welcome_html(),
            )
            question = gr.Textbox(
                elem_id="question", label="Your question", show_label=False, container=False,
                submit_btn="Ask", placeholder="Your question", lines=1, max_lines=6,
                autofocus=True,
            )
            with gr.Row(elem_id="actions", visible=False) as actions:
                edit = gr.Button(_EDIT, size="sm", elem_id="edit")
                name = models.configured(assistant.settings)
                again = gr.Button(models.again_label(name), size="sm", elem_id="again")
                copy = gr.Button("Copy with citations", size="sm", elem_id="copy")
                save = saving.fill("answers", ANSWER_FILES)
                anew = gr.Button("New conversation", size="sm", elem_id="anew")
            with gr.Row(elem_id="choices"):
                model = gr.Dropdown(
                    models.choices(tuple(dict.fromkeys(("quotes", name)))), value=name,
                    label="Language model", show_label=False, container=False, elem_id="model",
                    min_width=180, scale=0, allow_custom_value=models.is_loopback(host),
                )
                only = filters.fill(assistant.corpus)
            told = gr.HTML("", elem_id="model-told")
            with gr.Accordion("Example questions", open=True, elem_id="examples") as examples:
                buttons = [
                    gr.Button(label, size="sm", elem_id=f"example-{n}")
                    for n, (label, _) in enumerate(EXAMPLES)
                ]
        with gr.Column(scale=4, min_width=320, elem_id="sources"):
            pane = gr.HTML(pane_html(()), elem_id="pane")
    return Desk(chat, pane, conversation, how, question, examples, buttons, model, told, only,
                actions, edit, again, copy, save, anew, reader, current)


def wire(assistant: Assistant, desk: Desk, limits: Limits) -> Any:
    """The event of asking is returned: what else changes the conversation has to end it."""
    _wire_choices(assistant, desk)
    _wire_editing(desk)
    saving.wire(
        desk.save, desk.conversation, "answers",
        lambda conversation, name: answers_file(_answers(conversation), name),
    )
    saving.wire_copy(
        desk.copy, desk.conversation, lambda conversation: to_text(_answers(conversation)[-1:])
    )
    return _wire_asking(assistant, desk, limits)


def _wire_asking(assistant: Assistant, desk: Desk, limits: Limits) -> Any:
    def ask(
        text: str, conversation: Conversation, how: How, entry: str, reader: str, current: str,
        event: gr.EventData, request: gr.Request, *only: Any,
    ) -> Iterator[tuple[Any, ...]]:
        owner = keeping.owner(reader, request)
        current, conversation = keeping.resumed(assistant, owner, current, conversation)
        pressed = getattr(event.target, "elem_id", "")
        if pressed == "again" and conversation:
            text, how = conversation[-1].wish.text, "again"
        elif pressed.startswith("example-"):
            text, how = EXAMPLES[int(pressed.removeprefix("example-"))][1], "next"
        visitor = visitor_of(request)
        try:
            wish = Wish(
                text=text or "",
                model=models.choose(assistant.settings, entry or "", visitor.near),
                scope=filters.read(assistant.corpus, only),
                alone=how == "correct" or (how == "again" and conversation[-1].wish.alone),
            )
            with limits.admit(visitor):
                growing = follow(assistant, conversation, wish, how)
                growing = keeping.kept(assistant, owner, current, growing)
                yield from ((*values, current) for values in _grown(growing))
        except AssistantError as error:
            yield _refused(error)

    def stopped(
        conversation: Conversation, reader: str, current: str, request: gr.Request
    ) -> tuple[Any, ...]:
        owner = keeping.owner(reader, request)
        return shown(keeping.keep(assistant, owner, current, stop(conversation)))

    # One event for every way to ask: a second question waits until the first is answered.
    asking = gr.on(
        [desk.question.submit, desk.again.click, *(button.click for button in desk.buttons)], ask,
        [desk.question, desk.conversation, desk.how, desk.model, desk.reader, desk.current,
         *desk.only.fields],
        [*desk.outputs, desk.told, desk.current], show_progress="hidden",
        api_visibility="private",
    )
    desk.question.stop(
        stopped, [desk.conversation, desk.reader, desk.current], desk.outputs, cancels=[asking],
        **QUICK,
    )
    desk.anew.click(
        lambda: (*shown(()), ""), None, [*desk.outputs, desk.current], cancels=[asking], **QUICK
    )
    return asking


def _wire_choices(assistant: Assistant, desk: Desk) -> None:
    settings = assistant.settings

    def picked(entry: str, request: gr.Request) -> tuple[str, Any]:
        try:
            models.choose(settings, entry or "", visitor_of(request).near)
        except AssistantError as error:
            return models.fault_html(error), gr.skip()
        return "", models.again_label(entry.strip())

    def arrived(request: gr.Request) -> list[Any]:
        names = models.offered(settings)
        free = visitor_of(request).near
        offered = filters.choices(assistant.corpus)
        return [
            gr.update(choices=models.choices(names), allow_custom_value=free),
            models.told_html(names, free), *(gr.update(choices=c) for c in offered.values()),
        ]

    desk.model.input(
        picked, desk.model, [desk.told, desk.again], trigger_mode="always_last", **QUICK
    )
    gr.on(None, arrived, None, [desk.model, desk.told, *desk.only.fields[:4]], **QUICK)
    filters.wire(desk.only, lambda: assistant.corpus)


def _wire_editing(desk: Desk) -> None:
    def edit(conversation: Conversation, how: How) -> tuple[Any, ...]:
        if how != "next" or not conversation:
            return gr.update(value=""), "next", _EDIT
        return conversation[-1].wish.text, "edit", _EDITING

    def correct(conversation: Conversation) -> tuple[Any, ...]:
        if not conversation or not conversation[-1].understood:
            return gr.skip(), gr.skip(), gr.skip()
        return conversation[-1].understood, "correct", _EDITING

    changed = [desk.question, desk.how, desk.edit]
    desk.edit.click(edit, [desk.conversation, desk.how], changed, **QUICK)
    bridge = gr.HTML("", js_on_load=_BRIDGE, visible="hidden")
    bridge.select(correct, desk.conversation, changed, **QUICK)


def _answers(conversation: Conversation) -> list[Answer]:
    return [exchange.answer for exchange in conversation if exchange.answer]


def _refused(error: AssistantError) -> tuple[Any, ...]:
    """A model or a filter that cannot be: the question stays in its box, the reason below."""
    return (*[gr.skip()] * 8, models.fault_html(error), gr.skip())


def _grown(
    growing: Iterator[tuple[Conversation, bool]]
) -> Iterator[tuple[Any, ...]]:
    """What changes as the answer grows, and nothing else: what the reader has opened stays open,
    and what is typed meanwhile stays typed."""
    before = ""
    for place, (conversation, running) in enumerate(growing):
        chat, pane, kept, *rest = _all(conversation, running)
        if place and running:
            rest = [gr.skip()] * len(rest)
        yield chat, gr.skip() if pane == before else pane, kept, *rest, gr.skip() if place else ""
        before = pane


def shown(conversation: Conversation) -> tuple[Any, ...]:
    """The values of `Desk.outputs` for a conversation in which nothing is being answered."""
    return _all(conversation, running=False)


def _all(conversation: Conversation, running: bool) -> tuple[Any, ...]:
    """The values of `Desk.outputs`."""
    if running:
        box = gr.update(value="", submit_btn=False, stop_btn="Stop")
    elif conversation:
        box = gr.update(submit_btn="Ask", stop_btn=False)
    else:
        box = gr.update(value="", submit_btn="Ask", stop_btn=False)
    return (
        messages(conversation), pane_html([e.shelf for e in conversation]), conversation, "next",
        box, gr.update(visible=not conversation, open=True),
        gr.update(visible=bool(conversation)), gr.update(value=_EDIT, interactive=not running),
    )
