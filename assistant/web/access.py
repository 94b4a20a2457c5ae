"""Who asks: one name for each request, that of the user who logged in or that a proxy vouches for.

Everything that serves a request takes the name from `owner_of`; nothing else reads a cookie, a
token or a proxy's header.
"""

from __future__ import annotations

import ipaddress
import re
import time
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from assistant.errors import SettingsError, UsersError
from assistant.settings import Settings
from assistant.users import UsersFile, users_path
from assistant.web.models import at_the_machine

COOKIE = "corpus-assistant"
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# What a proxy may call a user: an address of mail, a name with spaces.
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """`owner` is the user's name, empty where nobody logs in. `near`: a browser or program at the
    machine itself, where nobody logs in."""

    owner: str
    address: str
    near: bool

    @property
    def key(self) -> str:
        """Whose questions are counted together: the user's, or those from one address."""
        return f"user {self.owner}" if self.owner else f"from {_block(self.address)}"


NEAR = Visitor(owner="", address="", near=True)
"""Who started the program and speaks to it without a network."""


def visitor_of(request: Any) -> Visitor:
    """Who sends a request, Starlette's or Gradio's."""
    visitor: Visitor = request.state.visitor
    return visitor


def owner_of(request: Any) -> str:
    """The name under which things are kept for who sends a request, Starlette's or Gradio's:
    the user's, or the empty one that all share where nobody logs in."""
    return visitor_of(request).owner


@dataclass(frozen=True, kw_only=True)
class Access:
    """How visitors are told apart: by the users' file, by a header that a proxy at one of the
    trusted addresses sets, or not at all."""

    host: str
    users: UsersFile | None = None
    header: str = ""
    trusted: tuple[_Network, ...] = ()

    @property
    def closed(self) -> bool:
        return bool(self.users or self.header)

    def visitor(self, asked: HTTPConnection) -> Visitor | None:
        """Who asks; `None` for a stranger where one must log in."""
        address = self.address(asked)
        if not self.closed:
            near = at_the_machine(self.host, asked.headers)
            return Visitor(owner="", address=address, near=near)
        owner = self._by_header(asked) if self.header else self._by_login(asked)
        return Visitor(owner=owner, address=address, near=False) if owner else None

    def address(self, asked: HTTPConnection) -> str:
        """Where a request comes from; what a trusted proxy says of that is believed."""
        address = asked.client.host if asked.client else ""
        named = ",".join(asked.headers.getlist("x-forwarded-for")).split(",")
        while named and self._trusts(address):
            further = named.pop().strip()
            if not _parsed(further):
                break
            address = further
        return address

    def _by_header(self, asked: HTTPConnection) -> str | None:
        if not self._trusts(asked.client.host if asked.client else ""):
            return None
        values = asked.headers.getlist(self.header)
        name = _as_sent(values[0]) if len(values) == 1 else ""
        return name if _NAME.fullmatch(name) else None

    def _by_login(self, asked: HTTPConnection) -> str | None:
        assert self.users
        try:
            users = self.users.current()
        except UsersError:
            return None  # the file is gone: nobody comes in
        kind, _, token = asked.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return users.with_token(token.strip())
        return users.with_session(asked.cookies.get(COOKIE, ""), time.time())

    def _trusts(self, address: str) -> bool:
        known = _parsed(address)
        return known is not None and any(known in network for network in self.trusted)


def open_access(settings: Settings, host: str) -> Access:
    """The access that the settings describe. Raises SettingsError and UsersError."""
    kind, _, rest = settings.auth.strip().partition(":")
    trusted = tuple(map(_network, filter(None, re.split(r"[,\s]+", settings.trust))))
    if not settings.auth.strip():
        return Access(host=host, trusted=trusted)
    if kind == "users":
        return Access(host=host, trusted=trusted, users=UsersFile(users_path(settings)))
    if kind != "header" or not re.fullmatch(r"[A-Za-z0-9_-]+", rest):
        raise SettingsError(
            f"ASSISTANT_AUTH={settings.auth!r} is not known.",
            "Write users, users:FILE or header:NAME.", variable="ASSISTANT_AUTH",
            value=settings.auth,
        )
    if not trusted:
        raise SettingsError(
            f"Anyone can send the header {rest}.",
            "Say from which addresses it is believed: --trust 10.0.0.5 (ASSISTANT_TRUST).",
            variable="ASSISTANT_TRUST",
        )
    return Access(host=host, trusted=trusted, header=rest)


def _as_sent(value: str) -> str:
    """HTTP's headers are read as Latin-1; proxies send names as UTF-8."""
    try:
        return value.encode("latin-1").decode().strip()
    except UnicodeDecodeError:
        return value.strip()


def _network(written: str) -> _Network:
    try:
        return ipaddress.ip_network(written, strict=False)
    except ValueError as error:
        raise SettingsError(
            f"{written!r} in ASSISTANT_TRUST is no address.",
            "Write addresses or networks such as 10.0.0.5,192.168.0.0/24.",
            variable="ASSISTANT_TRUST", value=written,
        ) from error


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(known, "ipv4_mapped", None) or known


def _block(address: str) -> str:
    """One subscriber has a whole /64 of IPv6 addresses."""
    known = _parsed(address)
    if known and known.version == 6:
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known or address)
