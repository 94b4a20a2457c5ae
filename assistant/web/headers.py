"""The page may load nothing from elsewhere: the browser itself holds it to that."""

from __future__ import annotations

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


# Gradio's door for files, open on every page unless it is shut here.
_UPLOAD = "/gradio_api/upload"


class OwnOriginOnly:
    """ASGI middleware that adds a content security policy, unless an answer brings a stricter one
    of its own, and sends no referrer.

    Without `uploads` no file is taken in either.
    """

    def __init__(self, app: ASGIApp, uploads: bool) -> None:
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._uploads and scope["path"].rstrip("/").endswith(_UPLOAD):
            refusal = PlainTextResponse("Documents cannot be added here.", status_code=403)
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
