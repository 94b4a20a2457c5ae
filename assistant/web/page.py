"""The page: a conversation with the passages behind it, and in a second tab all sources."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from assistant.answering import Assistant, Finished, Found, Quoted, Stated
from assistant.errors import AssistantError, PageUnavailable
from assistant.render import answer_text
from assistant.types import Passage, Statement, Turn
from assistant.web import answers, catalogue, theme, uploads
from assistant.web.headers import OwnOriginOnly
from assistant.web.sources import Shelf, card_html, pane_html, suspect_html

TITLE = "Ask the sources"
# (shown on the button, asked)
EXAMPLES = tuple((text, text) for text in (
    "What did Russia ask about the 1997 Founding Act?",
    "What does Article 5 of the North Atlantic Treaty say?",
    "How many tanks does the CFE Treaty allow each group?",
    "What did NATO say about Ukraine and Georgia at Bucharest?",
)) + (("Who won the 2018 World Cup? (not in the corpus)", "Who won the 2018 World Cup?"),)
# Questions answered at once; each takes a thread, and a model's server is the narrower place.
_AT_ONCE = 8

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One question and what is shown for it. `said` is empty until an answer is finished."""

    question: str
    reply: str
    shelf: Shelf
    said: str = ""


Conversation = tuple[Exchange, ...]


def build(assistant: Assistant) -> gr.Blocks:
    """The page without a server."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        conversation = gr.State(())
        header = gr.HTML(_header(assistant), elem_id="header")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Ask", id="ask"):
                _fill_ask(assistant, conversation)
            with gr.Tab("Sources", id=catalogue.TAB):
                reader = catalogue.fill_tab(assistant, header, lambda: _header(assistant))
        catalogue.wire(assistant, tabs, reader)
    page.queue(default_concurrency_limit=_AT_ONCE, api_open=False)
    return page


def _fill_ask(assistant: Assistant, conversation: gr.State) -> None:
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
                submit_btn="Ask", placeholder="Your question", lines=1,
                max_lines=6, autofocus=True,
            )
            with gr.Accordion("Example questions", open=True, elem_id="examples") as examples:
                buttons = [
                    gr.Button(label, size="sm", elem_id=f"example-{n}")
                    for n, (label, _) in enumerate(EXAMPLES)
                ]
            anew = gr.Button("New conversation", size="sm", elem_id="anew", visible=False)
        with gr.Column(scale=4, min_width=320, elem_id="sources"):
            pane = gr.HTML(pane_html(()), elem_id="pane")
    outputs = [chat, pane, conversation, question, examples, anew]
    _wire(assistant, question, buttons, anew, outputs)


def _wire(
    assistant: Assistant, question: gr.Textbox, buttons: list[gr.Button], anew: gr.Button,
    outputs: list[Any],
) -> None:
    conversation = outputs[2]

    def ask(text: str, earlier: Conversation, event: gr.EventData) -> Iterator[tuple[Any, ...]]:
        chosen = getattr(event.target, "elem_id", "")
        if chosen.startswith("example-"):
            text = EXAMPLES[int(chosen.removeprefix("example-"))][1]
        for exchange, running in converse(assistant, text or "", earlier):
            yield _shown((*earlier, exchange), running)

    # One event for every way to ask: a second question waits until the first is answered.
    asking = gr.on(
        [question.submit, *(button.click for button in buttons)], ask, [question, conversation],
        outputs, show_progress="hidden", api_visibility="private",
    )
    question.stop(
        stop, [conversation], outputs, cancels=[asking], show_progress="hidden",
        api_visibility="private", queue=False,
    )
    anew.click(
        lambda: (
            [], pane_html(()), (), gr.update(value="", submit_btn="Ask", stop_btn=False),
            gr.update(open=True), gr.update(visible=False),
        ),
        None, outputs, cancels=[asking], show_progress="hidden", api_visibility="private",
        queue=False,
    )


def converse(
    assistant: Assistant, text: str, earlier: Conversation
) -> Iterator[tuple[Exchange, bool]]:
    """The growing exchange for a question, and whether more will come."""
    turn = len(earlier) + 1
    empty = Shelf(turn=turn, question=text, cards="", size=0)
    exchange = Exchange(question=text, reply=answers.searching_html(), shelf=empty)
    yield exchange, True
    history = [
        message for e in earlier if e.said
        for message in (Turn("user", e.question), Turn("assistant", e.said))
    ]
    try:
        for grown in _answered(assistant, exchange, history):
            exchange = grown
            yield exchange, not exchange.said
    except AssistantError as error:
        yield replace(exchange, reply=answers.error_html(error)), False
    except Exception:
        _log.exception("A question could not be answered because of a bug.")
        yield replace(exchange, reply=answers.bug_html()), False


def _answered(
    assistant: Assistant, exchange: Exchange, history: list[Turn]
) -> Iterator[Exchange]:
    turn, spec = exchange.shelf.turn, assistant.settings.model
    model = None if spec == "quotes" else spec
    statements: list[Statement] = []
    for event in assistant.stream(exchange.question, history):
        match event:
            case Found():
                continue
            case Quoted():
                statements += event.statements
            case Stated():
                statements.append(event.statement)
            case Finished():
                exchange = _with_cards(replace(
                    exchange, reply=answers.answer_html(event.answer, turn),
                    said=answer_text(event.answer),
                ), list(event.answer.statements), event.answer.suspect)
                yield exchange
                return
        if statements:
            exchange = _with_cards(replace(
                exchange,
                reply=answers.statements_html(statements, turn, model, writing=bool(model)),
            ), statements)
            yield exchange


def _with_cards(
    exchange: Exchange, statements: list[Statement], suspect: tuple[Passage, ...] = ()
) -> Exchange:
    numbered = {c.number: c for s in statements for c in s.citations}
    turn = exchange.shelf.turn
    cards = "".join(card_html(numbered[n], turn) for n in sorted(numbered))
    cards += "".join(map(suspect_html, suspect))
    return replace(exchange, shelf=exchange.shelf._replace(cards=cards, size=len(numbered)))


def stop(conversation: Conversation) -> tuple[Any, ...]:
    """What is shown stays; it is said that the reader stopped it."""
    if conversation and not conversation[-1].said:
        *earlier, last = conversation
        reply = answers.stopped_html(last.reply)
        conversation = (*earlier, replace(last, reply=reply, said="(stopped)"))
    return _shown(conversation, running=False)


def _shown(conversation: Conversation, running: bool) -> tuple[Any, ...]:
    """Chat, pane, state, question box, examples, button for a new conversation."""
    messages = [
        {"role": role, "content": content} for e in conversation
        for role, content in (
            ("user", answers.question_html(e.question)), ("assistant", e.reply),
        )
    ]
    box = (
        gr.update(value="", submit_btn=False, stop_btn="Stop") if running
        else gr.update(submit_btn="Ask", stop_btn=False)
    )
    pane = pane_html([e.shelf for e in conversation])
    return messages, pane, conversation, box, gr.update(open=False), gr.update(visible=True)


def _header(assistant: Assistant) -> str:
    spec = assistant.settings.model
    by = "no language model: the sources answer themselves" if spec == "quotes" else f"model {spec}"
    count = len(assistant.corpus.sources)
    notices = "".join(f"<li>{escape(n)}</li>" for n in assistant.corpus.notices)
    folded = (
        f'<details class="corpus-notices"><summary>Notes on the corpus</summary>'
        f"<ul>{notices}</ul></details>"
    )
    return (
        f'<header class="masthead"><h1>{TITLE}</h1><p>Every sentence tied to its passage</p>'
        f'<p class="facts">{count} sources · {escape(by)}</p></header>'
    ) + (folded if notices else "")


def launch(
    assistant: Assistant, host: str = "127.0.0.1", port: int = 7860, block: bool = True
) -> gr.Blocks:
    """Serve the page until interrupted (or return at once without `block`).

    Raises PageUnavailable if it cannot listen there.
    """
    _check_free(host, port)
    page = build(assistant)
    try:
        page.launch(
            server_name=host, server_port=port, share=False, quiet=True, inbrowser=False,
            prevent_thread_lock=True, ssr_mode=False, pwa=False, mcp_server=False,
            enable_monitoring=False, footer_links=[], theme=theme.theme(), css=theme.css(),
            head=theme.head(), app_kwargs={
                "middleware": [
                    Middleware(OwnOriginOnly, uploads=assistant.settings.uploads == "on")
                ], "docs_url": None, "redoc_url": None,
            }, max_file_size=uploads.MAX_FILE_SIZE,
        )
    except OSError as error:
        raise _in_use(port) from error
    print(f"The page is at {page.local_url} (stop it with Ctrl+C).", flush=True)
    if block:
        page.block_thread()
    return page


def _check_free(host: str, port: int) -> None:
    """Gradio tells only that no port was free, after everything has been built."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _in_use(port) from error
        raise PageUnavailable(
            f"The page cannot be served at {host}:{port} ({error.strerror}).",
            "Choose another address: --host 127.0.0.1 --port 7860",
        ) from error
    except OverflowError as error:
        raise PageUnavailable(
            f"There is no port {port}.", "Choose one from 1024 to 65535: --port 7860"
        ) from error


def _in_use(port: int) -> PageUnavailable:
    return PageUnavailable(
        f"Port {port} is in use.", f"Close the other program or choose another: --port {port + 1}"
    )
