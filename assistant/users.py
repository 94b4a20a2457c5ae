"""Who may come in: names with hashed passwords and tokens, in one file that only its owner reads.

A password is kept as scrypt's hash with its salt and costs, a token as SHA-256: it is random and
long, so nothing can be tried against it. Each change is written whole or not at all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from assistant.errors import UsersError
from assistant.settings import Settings

SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 200
_NAME = re.compile(r"[\w.@+-]{1,64}")
# 16 MB and about a quarter of a second; OWASP counts it equal to n = 2^17 with p = 1 in 128 MB.
_COSTS = (1 << 14, 8, 5)
SESSION_SECONDS = 7 * 86_400
# Checked against where there is no such user, so that it takes as long as where there is.
_NOBODY = f"scrypt$16384$8$5${base64.b64encode(bytes(16)).decode()}${'A' * 43}="


@dataclass(frozen=True, kw_only=True)
class User:
    """`password` and `token` are hashes; a user without a token has an empty one."""

    password: str
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class Users:
    """What the file holds: the key that signs sessions, and the users by name."""

    secret: str
    by_name: Mapping[str, User]

    def with_password(self, name: str, password: str) -> bool:
        """Whether it is the user's password; takes as long where there is no such user."""
        user = self.by_name.get(name)
        right = _is_password(password, user.password if user else _NOBODY)
        return right and user is not None

    def with_token(self, token: str) -> str | None:
        """The user whose token it is."""
        given = _token_hash(token)
        for name, user in self.by_name.items():
            if user.token and hmac.compare_digest(user.token, given):
                return name
        return None

    def session(self, name: str, now: float) -> str:
        """What a browser shows instead of the password, for a week: signed, and void as soon as
        the password changes or the user is removed."""
        end = str(int(now) + SESSION_SECONDS)
        return f"{base64.urlsafe_b64encode(name.encode()).decode()}.{end}.{self._sign(name, end)}"

    def with_session(self, session: str, now: float) -> str | None:
        """The user whose unexpired session it is."""
        try:
            encoded, end, signature = session.split(".")
            name = base64.urlsafe_b64decode(encoded).decode()
            current = name in self.by_name and now < int(end)
        except ValueError:  # also what is no base64 or UTF-8
            return None
        if not current or not signature.isascii():
            return None
        return name if hmac.compare_digest(self._sign(name, end), signature) else None

    def _sign(self, name: str, end: str) -> str:
        signed = "\n".join((name, end, self.by_name[name].password))
        return hmac.digest(bytes.fromhex(self.secret), signed.encode(), "sha256").hex()


class UsersFile:
    """The users as the file has them now; read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, Users] | None = None
        self.current()

    def current(self) -> Users:
        """Raises UsersError if the file cannot be read any more."""
        stamp = _stamp(self._path)
        if self._read is None or self._read[0] != stamp:
            self._read = (stamp, read_users(self._path))
        return self._read[1]


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise UsersError(
            f"The users' file {path} cannot be read ({error.strerror}).",
            "Add the first user: assistant users add NAME",
        ) from error


def users_path(settings: Settings) -> Path:
    """The file named in the setting `auth`, else one in the home."""
    kind, _, file = settings.auth.strip().partition(":")
    return Path(file).expanduser() if kind == "users" and file else settings.home / "users.json"


def read_users(path: Path) -> Users:
    """Raises UsersError if it is missing, damaged, or open to others on this machine."""
    _stamp(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise UsersError(f"The users' file {path} is open to others.", f"chmod 600 {path}")
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        by_name = {name: User(**user) for name, user in held["users"].items()}
        bytes.fromhex(held["secret"])
        return Users(secret=held["secret"], by_name=by_name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsersError(
            f"The users' file {path} is damaged.", "Restore it, or remove it and add users anew.",
        ) from error


def add_user(path: Path, name: str, password: str) -> None:
    """Add a user, or change a user's password; a token stays."""
    if not _NAME.fullmatch(name):
        raise UsersError(
            f"{name!r} cannot be a name.", "Take up to 64 letters, digits and the signs . _ @ + -",
        )
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise UsersError(
            f"A password has {SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters.",
            "Choose another.",
        )
    with _changing(path):
        users = _present(path)
        old = users.by_name.get(name, User(password=""))
        changed = replace(old, password=_password_hash(password))
        _write(path, replace(users, by_name={**users.by_name, name: changed}))


def remove_user(path: Path, name: str) -> None:
    """Void at once: sessions and token too. Raises UsersError if there is no such user."""
    with _changing(path):
        users = _known(path, name)
        left = {other: user for other, user in users.by_name.items() if other != name}
        _write(path, replace(users, by_name=left))


def new_token(path: Path, name: str) -> str:
    """A fresh token for a user's programs, kept only as its hash; the one before is void."""
    token = secrets.token_urlsafe(32)
    _set_token(path, name, _token_hash(token))
    return token


def revoke_token(path: Path, name: str) -> None:
    _set_token(path, name, "")


def _set_token(path: Path, name: str, token: str) -> None:
    with _changing(path):
        users = _known(path, name)
        changed = replace(users.by_name[name], token=token)
        _write(path, replace(users, by_name={**users.by_name, name: changed}))


def _present(path: Path) -> Users:
    return read_users(path) if path.exists() else Users(secret=secrets.token_hex(32), by_name={})


def _known(path: Path, name: str) -> Users:
    users = read_users(path)
    if name not in users.by_name:
        names = ", ".join(sorted(users.by_name)) or "nobody yet"
        raise UsersError(f"There is no user {name!r}.", f"The users are: {names}.")
    return users


def _changing(path: Path) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(f"{path}.lock", timeout=10)


def _write(path: Path, users: Users) -> None:
    held = {"secret": users.secret, "users": {n: vars(u) for n, u in users.by_name.items()}}
    # made for its owner alone (0600), in the same folder, so that it can take the old one's place
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            json.dump(held, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _password_hash(password: str) -> str:
    salt = secrets.token_bytes(16)
    costs = "$".join(map(str, _COSTS))
    return f"scrypt${costs}${_encoded(salt)}${_encoded(_scrypt(password, salt, *_COSTS))}"


def _is_password(password: str, kept: str) -> bool:
    _, n, r, p, salt, digest = kept.split("$")
    if len(password) > _LONGEST_PASSWORD:
        password = ""  # no password is so long, and a long one costs
    tried = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(tried, base64.b64decode(digest))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    typed = unicodedata.normalize("NFKC", password).encode()  # as any keyboard types it
    return hashlib.scrypt(typed, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
