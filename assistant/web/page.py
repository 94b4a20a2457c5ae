"""The page: a conversation with the passages behind it, texts compared, all sources, and more."""

from __future__ import annotations

import errno
import socket
from html import escape

import gradio as gr
from starlette.middleware import Middleware

from assistant.answering import Assistant
from assistant.errors import PageUnavailable
from assistant.web import (
    asking,
    catalogue,
    compare,
    evaluate,
    history,
    sharing,
    theme,
    uploads,
)
from assistant.web.headers import OwnOriginOnly

TITLE = "Ask the sources"
# Questions answered at once; each takes a thread, and a model's server is the narrower place.
_AT_ONCE = 8


def build(assistant: Assistant, host: str) -> gr.Blocks:
    """The page without a server; `host` is the address that it will be served at."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        header = gr.HTML(_header(assistant), elem_id="header")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Ask", id="ask"):
                desk = asking.fill_tab(assistant, host)
            with gr.Tab("Compare", id="compare"):
                bench = compare.fill_tab(assistant)
            with gr.Tab("Sources", id=catalogue.TAB):
                reader = catalogue.fill_tab(assistant, header, lambda: _header(assistant))
            if assistant.settings.records == "on":
                with gr.Tab("Conversations", id=history.TAB) as tab:
                    earlier = history.fill_tab()
            if evaluate.is_shown(assistant.settings, host):
                with gr.Tab("Evaluate", id=evaluate.TAB) as evaluation:
                    evaluate.fill_tab(assistant, evaluation, host)
        running = asking.wire(assistant, desk, host)
        compare.wire(assistant, bench)
        if assistant.settings.records == "on":
            history.wire(assistant, page, tabs, tab, earlier, desk, running)
        catalogue.wire(assistant, tabs, reader)
    page.queue(default_concurrency_limit=_AT_ONCE, api_open=False)
    return page


def _header(assistant: Assistant) -> str:
    count = len(assistant.corpus.sources)
    notices = "".join(f"<li>{escape(n)}</li>" for n in assistant.corpus.notices)
    folded = (
        f'<details class="corpus-notices"><summary>Notes on the corpus</summary>'
        f"<ul>{notices}</ul></details>"
    )
    return (
        f'<header class="masthead"><h1>{TITLE}</h1><p>Every sentence tied to its passage</p>'
        f'<p class="facts">{count} sources</p></header>'
    ) + (folded if notices else "")


def launch(
    assistant: Assistant, host: str = "127.0.0.1", port: int = 7860, block: bool = True
) -> gr.Blocks:
    """Serve the page until interrupted (or return at once without `block`).

    Raises PageUnavailable if it cannot listen there.
    """
    _check_free(host, port)
    page = build(assistant, host)
    try:
        page.launch(
            server_name=host, server_port=port, share=False, quiet=True, inbrowser=False,
            prevent_thread_lock=True, ssr_mode=False, pwa=False, mcp_server=False,
            enable_monitoring=False, footer_links=[], theme=theme.theme(), css=theme.css(),
            head=theme.head(), app_kwargs={
                "middleware": [
                    Middleware(OwnOriginOnly, uploads=assistant.settings.uploads == "on")
                ], "docs_url": None, "redoc_url": None, "routes": sharing.routes(assistant),
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
