"""The page and all other doors as one application, and the server that serves it."""

from __future__ import annotations

import errno
import socket
from importlib.util import find_spec
from typing import Any

import gradio as gr
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from assistant.answering import Assistant
from assistant.errors import PageUnavailable
from assistant.web import completions, health, login, page, sharing, theme, uploads
from assistant.web.access import open_access
from assistant.web.guard import Guard
from assistant.web.headers import OwnOriginOnly
from assistant.web.limits import Limits
from assistant.web.models import is_loopback
from assistant.web.replies import refusal

# Seconds for answers under way when the program is told to end.
_LAST_SECONDS = 3


def application(assistant: Assistant, host: str) -> Starlette:
    """All that is served; `host` is the address that it will be served at.

    Raises SettingsError and UsersError.
    """
    settings = assistant.settings
    access = open_access(settings, host)
    limits = Limits(settings.per_minute, settings.at_once)
    metrics = health.Metrics()
    assistant.watch = metrics.watch
    tools = _tools(assistant, limits)
    app = Starlette(
        routes=[
            *login.routes(access), *health.routes(assistant, access, metrics),
            *completions.routes(assistant, limits), *sharing.routes(assistant), *tools.routes,
        ],
        middleware=[
            Middleware(OwnOriginOnly, uploads=settings.uploads == "on"),
            Middleware(Guard, access=access),
        ],
        lifespan=tools.router.lifespan_context,
    )
    blocks = page.build(assistant, host, limits, login=access.users is not None)
    gr.mount_gradio_app(
        app, blocks, "/", show_error=False, ssr_mode=False, pwa=False, mcp_server=False,
        enable_monitoring=False, run_history=False, footer_links=[], theme=theme.theme(),
        css=theme.css(), head=theme.head(), max_file_size=uploads.MAX_FILE_SIZE,
    )
    return app


def _tools(assistant: Assistant, limits: Limits) -> Starlette:
    """What is served at `/mcp`; without the package for it, how to get that."""
    if find_spec("mcp") is None:
        def missing(request: Request) -> Response:
            return refusal(501, "Install what MCP needs: pip install -e '.[mcp]'")

        return Starlette(routes=[Route("/mcp", missing, methods=["GET", "POST"])])
    from assistant.web.tools import http_app, open_tools

    return http_app(open_tools(assistant, limits))


def launch(assistant: Assistant, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve until interrupted.

    Raises PageUnavailable if it cannot listen there, SettingsError and UsersError.
    """
    listening = listen(host, port)
    server = Server(application(assistant, host))
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    shown = f"[{shown}]" if ":" in shown else shown
    if note := who_comes_in(host, assistant.settings.auth):
        print(note, flush=True)
    print(
        f"The page is at http://{shown}:{listening.getsockname()[1]} (stop it with Ctrl+C).",
        flush=True,
    )
    server.run(sockets=[listening])


def who_comes_in(host: str, auth: str) -> str:
    """A warning where others than this machine's users can come in unasked."""
    if auth or is_loopback(host):
        return ""
    return (
        f"Note: nobody is asked to log in: whoever reaches this machine at {host} can ask, and "
        "sees all sources. For names and passwords: assistant serve --auth users"
    )


class Server(uvicorn.Server):
    """Believes no proxy's headers unasked, and ends the pages' standing streams when told to."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        super().__init__(uvicorn.Config(
            app, log_level="warning", access_log=False, proxy_headers=False, server_header=False,
            timeout_graceful_shutdown=_LAST_SECONDS,
        ))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for route in self._app.routes:
            if isinstance(route, Mount):  # Gradio's
                route.app.stop_event.set()  # type: ignore[attr-defined]
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """From now on callers wait until the page is ready. Raises PageUnavailable."""
    if not 0 <= port < 65_536:
        raise PageUnavailable(
            f"There is no port {port}.", "Choose one from 1024 to 65535: --port 7860"
        )
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _bound(socket.socket(family, kind), address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PageUnavailable(
                f"Port {port} is in use.",
                f"Close the other program or choose another: --port {port + 1}",
            ) from error
        raise PageUnavailable(
            f"The page cannot be served at {host}:{port} ({error.strerror}).",
            "Choose another address: --host 127.0.0.1 --port 7860",
        ) from error


def _bound(listening: socket.socket, address: Any) -> socket.socket:
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except BaseException:
        listening.close()
        raise
    return listening
