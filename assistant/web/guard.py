"""What every request passes first: who asks, whether a stranger may, from where, and how much.

It stands before all routes, Gradio's own among them, so none can be forgotten.
"""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from urllib.parse import parse_qs, quote

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web.access import Access, Visitor
from assistant.web.models import is_loopback, is_proxied
from assistant.web.replies import refusal

LARGEST_BODY = 1_000_000
"""Bytes: a question with a long history has a hundredth of that. Uploads have their own limit."""
# Open to strangers: what asks them to log in, and what tells only whether the program works.
PUBLIC = ("/login", "/health")
_UPLOAD = "/gradio_api/upload"
_HEARTBEAT = re.compile(r"/gradio_api/heartbeat/([^/]+)")
_SAFE = ("GET", "HEAD", "OPTIONS")
_MOST_SESSIONS = 20_000


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._sessions = Sessions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks over WebSockets
            await send({"type": "websocket.close", "code": 1008})
            return
        asked = HTTPConnection(scope)
        visitor = self._access.visitor(asked)
        refused = self._refused(scope, asked, visitor)
        if not refused and scope["path"].rstrip("/") != _UPLOAD:
            body, receive = await _whole(asked, receive)
            if body is None:
                refused = refusal(
                    413, f"The request is too long: at most {LARGEST_BODY:,} bytes are read.",
                    Connection="close",
                )
            elif visitor and visitor.owner and not self._own_session(visitor, scope, body):
                refused = refusal(403, "This session is another user's.")
        if refused:
            await refused(scope, receive, send)
            return
        scope.setdefault("state", {})["visitor"] = visitor
        await self._app(scope, receive, send)

    def _refused(
        self, scope: Scope, asked: HTTPConnection, visitor: Visitor | None
    ) -> Response | None:
        headers, path = asked.headers, scope["path"]
        # A stranger's page whose name was made to point to this machine.
        if (
            not self._access.closed and is_loopback(self._access.host)
            and not is_loopback(headers.get("host", "")) and not is_proxied(headers)
        ):
            return refusal(
                403, "Only this machine is served. Open the page by the address that was printed; "
                "a proxy in front must send X-Forwarded-For.",
            )
        if scope["method"] not in _SAFE and headers.get("sec-fetch-site") in (
            "cross-site", "same-site"
        ):
            return refusal(403, "Another site's page may not act here.")
        if visitor is None and path not in PUBLIC:
            return self._asks_to_log_in(scope, asked)
        return None

    def _asks_to_log_in(self, scope: Scope, asked: HTTPConnection) -> Response:
        by_browser = "text/html" in asked.headers.get("accept", "") and scope["method"] == "GET"
        if self._access.users and by_browser:
            back = quote(scope["path"])
            return RedirectResponse(f"/login?next={back}", 303)
        how = (
            "Send a token: Authorization: Bearer TOKEN (assistant users token NAME)."
            if self._access.users else "The proxy in front did not say who you are."
        )
        return refusal(401, how, "invalid_api_key", WWW_Authenticate="Bearer")

    def _own_session(self, visitor: Visitor, scope: Scope, body: bytes) -> bool:
        if not scope["path"].startswith("/gradio_api/"):
            return True
        return all(self._sessions.belongs(s, visitor.owner) for s in _sessions_in(scope, body))


class Sessions:
    """Whose each of Gradio's sessions is: of who named it first. A page keeps its conversation
    under a name that its browser makes up; another user who learnt it must not read on there."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def belongs(self, session: str, owner: str) -> bool:
        with self._lock:
            first = self._owners.setdefault(session, owner)
            self._owners.move_to_end(session)
            if len(self._owners) > _MOST_SESSIONS:
                self._owners.popitem(last=False)
        return first == owner


def _sessions_in(scope: Scope, body: bytes) -> list[str]:
    """All that a request names as its session."""
    named = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [])
    if found := _HEARTBEAT.fullmatch(scope["path"].rstrip("/")):
        named.append(found[1])
    try:
        told = json.loads(body or b"null")
    except ValueError:
        told = None
    if isinstance(told, dict) and isinstance(told.get("session_hash"), str):
        named.append(told["session_hash"])
    return named


async def _whole(asked: HTTPConnection, receive: Receive) -> tuple[bytes | None, Receive]:
    """The body, nothing if it is too large, and how it is received again."""
    if int(asked.headers.get("content-length", "0") or 0) > LARGEST_BODY:
        return None, receive
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None, receive
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    if message["type"] != "http.request":
        waiting.append(message)

    async def again() -> Message:
        return waiting.pop(0) if waiting else await receive()

    return body, again
