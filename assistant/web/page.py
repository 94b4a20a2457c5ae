"""The page: a conversation with the passages behind it, texts compared, all sources, and more."""

from __future__ import annotations

from html import escape

import gradio as gr

from assistant.answering import Assistant
from assistant.web import asking, catalogue, compare, evaluate, history, programs
from assistant.web.limits import Limits

TITLE = "Ask the sources"
# Questions answered at once; each takes a thread, and a model's server is the narrower place.
_AT_ONCE = 8
_LOG_OUT = '<form method="post" action="/logout"><button class="log-out">Log out</button></form>'


def build(assistant: Assistant, host: str, limits: Limits, login: bool = False) -> gr.Blocks:
    """The page without a server; `host` is the address that it will be served at, and `login`
    whether who reads it has logged in here."""
    def masthead() -> str:
        return _header(assistant, login)

    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        programs.fill(assistant, limits)  # first, so that its names are not taken
        header = gr.HTML(masthead(), elem_id="header")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Ask", id="ask"):
                desk = asking.fill_tab(assistant, host)
            with gr.Tab("Compare", id="compare"):
                bench = compare.fill_tab(assistant)
            with gr.Tab("Sources", id=catalogue.TAB):
                reader = catalogue.fill_tab(assistant, header, masthead)
            if assistant.settings.records == "on":
                with gr.Tab("Conversations", id=history.TAB) as tab:
                    earlier = history.fill_tab()
            if evaluate.is_shown(assistant.settings, host):
                with gr.Tab("Evaluate", id=evaluate.TAB) as evaluation:
                    evaluate.fill_tab(assistant, evaluation, host)
        running = asking.wire(assistant, desk, limits)
        compare.wire(assistant, bench, limits)
        if assistant.settings.records == "on":
            history.wire(assistant, page, tabs, tab, earlier, desk, running)
        catalogue.wire(assistant, tabs, reader)
    page.queue(default_concurrency_limit=_AT_ONCE, api_open=False)
    return page


def _header(assistant: Assistant, login: bool) -> str:
    count = len(assistant.corpus.sources)
    notices = "".join(f"<li>{escape(n)}</li>" for n in assistant.corpus.notices)
    folded = (
        f'<details class="corpus-notices"><summary>Notes on the corpus</summary>'
        f"<ul>{notices}</ul></details>"
    )
    return (
        f'<header class="masthead"><h1>{TITLE}</h1><p>Every sentence tied to its passage</p>'
        f'<p class="facts">{count} sources</p>{_LOG_OUT if login else ""}</header>'
    ) + (folded if notices else "")
