"""The page that asks for name and password, and what it answers. It needs no script."""

from __future__ import annotations

import math
import time
from functools import partial
from html import escape
from urllib.parse import parse_qs

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from assistant.errors import UsersError
from assistant.users import SESSION_SECONDS, Users
from assistant.web.access import COOKIE, Access
from assistant.web.limits import Rate

# Wrong passwords within five minutes, from one address and for one name.
_SECONDS = 300
_FROM_ONE, _FOR_ONE = 10, 30

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Log in</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 20rem; margin: 18vh auto 0;
  padding: 0 1rem; }}
h1 {{ font-size: 1.35rem; }}
label {{ display: block; margin-top: 0.8rem; }}
input, button {{ font: inherit; width: 100%; box-sizing: border-box; padding: 0.45rem 0.6rem; }}
button {{ margin-top: 1.2rem; }}
</style></head><body><main><h1>Ask the sources</h1>
<form method="post" action="/login">{told}
<label for="name">Name</label>
<input id="name" name="name" autocomplete="username" required autofocus value="{name}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<input type="hidden" name="next" value="{next}">
<button>Log in</button></form></main></body></html>
"""


def routes(access: Access) -> list[Route]:
    """`/login` and `/logout`, where users log in here."""
    if not access.users:
        return []
    door = _Door(access)
    return [
        Route("/login", door.ask, methods=["GET"]), Route("/login", door.enter, methods=["POST"]),
        Route("/logout", door.leave, methods=["POST"]),
    ]


class _Door:
    def __init__(self, access: Access) -> None:
        assert access.users
        self._access, self._users = access, access.users
        self._by_address = Rate(_FROM_ONE, _SECONDS)
        self._by_name = Rate(_FOR_ONE, _SECONDS)
        # One password costs 16 MB and a quarter of a second; strangers get no more than that.
        self._hashing = anyio.CapacityLimiter(2)

    async def ask(self, request: Request) -> Response:
        back = _inside(request.query_params.get("next", "/"))
        if request.state.visitor:
            return RedirectResponse(back, 303)
        return _page(200, back)

    async def enter(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode(errors="replace"))
        name, password, back = (form.get(k, [""])[0] for k in ("name", "password", "next"))
        name, back = name.strip()[:64], _inside(back)
        address = self._access.address(request)
        wait = max(self._by_address.wait(address), self._by_name.wait(name))
        if wait > 0:
            seconds = math.ceil(wait)
            reply = _page(429, back, name, f"Too many wrong passwords. Try again in {seconds} s.")
            reply.headers["Retry-After"] = str(seconds)
            return reply
        try:
            users = self._users.current()
        except UsersError:
            return _page(503, back, name, "Nobody can log in now. Tell who runs this page.")
        # counted before it is known to be wrong, or many tried at once would all be let through
        self._by_address.count(address)
        self._by_name.count(name)
        check = partial(users.with_password, name, password)
        if not await anyio.to_thread.run_sync(check, limiter=self._hashing):
            return _page(401, back, name, "Name or password is wrong.")
        self._by_address.take_back(address)
        self._by_name.take_back(name)
        return _entered(request, users, name, back)

    async def leave(self, request: Request) -> Response:
        reply = RedirectResponse("/login", 303)
        reply.delete_cookie(COOKIE)
        return reply


def _entered(request: Request, users: Users, name: str, back: str) -> Response:
    over_tls = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
    reply = RedirectResponse(back, 303)
    reply.set_cookie(
        COOKIE, users.session(name, time.time()), max_age=SESSION_SECONDS, httponly=True,
        samesite="lax", secure=over_tls,
    )
    return reply


def _inside(address: str) -> str:
    """A path on this server: no address of another, which a link to this page could carry."""
    plain = address.startswith("/") and address.isprintable() and "\\" not in address
    return address if plain and not address.startswith("//") else "/"


def _page(status: int, back: str, name: str = "", fault: str = "") -> HTMLResponse:
    told = f'<p role="alert">{escape(fault)}</p>' if fault else ""
    shown = _PAGE.format(told=told, name=escape(name), next=escape(back))
    return HTMLResponse(shown, status, {"Cache-Control": "no-store"})
