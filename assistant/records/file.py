"""The SQLite file of the records: opened for one operation, and brought up to date first.

So threads and processes may use it at once, and a file that is put in its place is used at once.
Errors are shown on the page too, and so do not tell where on the machine the file lies.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from assistant.errors import RecordsError

# Each brings the file from one version to the next; what has been released is never changed.
_MIGRATIONS: tuple[tuple[str, ...], ...] = ((
    """CREATE TABLE conversation (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, changed TEXT NOT NULL)""",
    "CREATE INDEX conversation_of ON conversation (owner, changed)",
    """CREATE TABLE exchange (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE,
        question TEXT NOT NULL, model TEXT NOT NULL, scope TEXT NOT NULL, alone INTEGER NOT NULL,
        beside INTEGER NOT NULL, follows INTEGER NOT NULL, asked TEXT NOT NULL,
        text TEXT NOT NULL, answer TEXT, replaced INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX exchange_of ON exchange (conversation)",
    """CREATE TABLE rating (
        exchange TEXT PRIMARY KEY REFERENCES exchange (id) ON DELETE CASCADE,
        verdict TEXT NOT NULL, remark TEXT NOT NULL, rated TEXT NOT NULL)""",
    """CREATE TABLE shared (
        token TEXT PRIMARY KEY, shared TEXT NOT NULL,
        exchange TEXT NOT NULL UNIQUE REFERENCES exchange (id) ON DELETE CASCADE)""",
),)
# Seconds that another process may hold the file.
_PATIENCE = 10.0


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as it is at one moment. Raises RecordsError."""
    with _opened(path) as file:
        file.execute("BEGIN")
        yield file


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """What the block does is done when it ends, or not at all. Raises RecordsError."""
    with _opened(path) as file:
        file.execute("BEGIN IMMEDIATE")
        yield file
        file.execute("COMMIT")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # others on the machine need not read along
        with closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as file:
            file.row_factory = sqlite3.Row
            file.create_function("folded", 1, str.casefold, deterministic=True)
            file.execute("PRAGMA foreign_keys = ON")
            _migrate(file, path)
            yield file
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # a bug
    except sqlite3.OperationalError as error:
        raise RecordsError(
            f"The records cannot be used ({error}).",
            f"See that {path.name} in the home folder can be written and that there is room.",
        ) from error
    except sqlite3.DatabaseError as error:
        raise RecordsError(
            f"The records are damaged ({error}).",
            f"Move {path.name} out of the home folder, and new ones are begun; or put it back "
            "from a backup.",
        ) from error
    except OSError as error:
        raise RecordsError(
            f"The records cannot be used ({error.strerror or error}).",
            "Choose a home folder of yours: ASSISTANT_HOME.",
        ) from error


def _migrate(file: sqlite3.Connection, path: Path) -> None:
    version = _version(file)
    if version > len(_MIGRATIONS):
        raise RecordsError(
            f"The records come from a newer version of the program (form {version}; this one "
            f"knows {len(_MIGRATIONS)}).",
            f"Install that version, or move {path.name} out of the home folder.",
        )
    if version == len(_MIGRATIONS):
        return
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("BEGIN IMMEDIATE")
    for number in range(_version(file), len(_MIGRATIONS)):  # another process may have been faster
        for statement in _MIGRATIONS[number]:
            file.execute(statement)
        file.execute(f"PRAGMA user_version = {number + 1}")
    file.execute("COMMIT")


def _version(file: sqlite3.Connection) -> int:
    return int(file.execute("PRAGMA user_version").fetchone()[0])
