"""The page may load nothing from elsewhere: the browser itself holds it to that. And of Gradio's
own doors only those are open that the page and its programs use."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio's own page needs inline scripts and styles, and compiles templates.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' blob: data:; worker-src 'self' blob:; object-src 'none'; "
    "form-action 'self'"
)


# Gradio has more, open on every page: it hands out files, fetches any address of the web for
# whoever asks, takes recordings and edits its own source. What is not named here is shut.
_OPEN = re.compile(
    r".*/gradio_api/(?:info|startup-events|theme\.css|reset|cancel|heartbeat/[^/]+|queue/join|"
    r"queue/data|run/[^/]+|call/[^/]+(?:/[^/]+)?)"
)
_UPLOAD = re.compile(r".*/gradio_api/upload(?:_progress)?")


class OwnOriginOnly:
    """ASGI middleware that adds a content security policy, unless an answer brings a stricter one
    of its own, sends no referrer, and shuts doors.

    Without `uploads` no file is taken in either.
    """

    def __init__(self, app: ASGIApp, uploads: bool) -> None:
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := self._shut(scope["path"].rstrip("/")):
            await refusal(scope, receive, send)
            return

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", _POLICY)
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, send_with_policy)

    def _shut(self, path: str) -> PlainTextResponse | None:
        if _UPLOAD.fullmatch(path):
            text = "Documents cannot be added here."
            return None if self._uploads else PlainTextResponse(text, 403)
        if "/gradio_api/" in path and not _OPEN.fullmatch(path):
            return PlainTextResponse("There is nothing here.", 404)
        return None
