"""Keep conversations, ratings and shared answers, and find them again.

Everything belongs to an owner, and is found for nobody else: `user:NAME` of who has logged in, else
`browser:ID`, an id that only that browser knows. Whoever has its token finds a shared answer.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from assistant.errors import RecordsError
from assistant.records.file import reading, writing
from assistant.render import AnswerJson
from assistant.settings import Settings
from assistant.types import EVERYTHING, Scope

Verdict = Literal["up", "down", "wrong_evidence"]

_NAME_CHARACTERS = 80
_REMARK_CHARACTERS = 2_000
MOST_LISTED = 200
_MOST_WORDS = 12
_SCOPE = TypeAdapter(Scope)
_OF_OWNER = (
    "FROM exchange JOIN conversation ON conversation.id = exchange.conversation "
    "WHERE exchange.id = ? AND owner = ?"
)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One question and the answer to it. `answer` is `None` where the reader stopped it, and where
    another version of the program kept it in a form that this one cannot read; then `text` holds
    it in plain words. `model` is the model's public name. `alone` and `beside` are as on the page;
    `follows` tells that it was understood with the questions before it."""

    id: str
    question: str
    model: str = "quotes"
    scope: Scope = EVERYTHING
    alone: bool = False
    beside: bool = False
    follows: bool = False
    asked: datetime
    text: str = ""
    answer: AnswerJson | None = None
    verdict: Verdict | None = None
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A conversation in the list; `changed` is when something was last added."""

    id: str
    name: str
    changed: datetime
    questions: int


@dataclass(frozen=True, kw_only=True)
class Rated:
    """An answer that a reader rated; `before` are the questions that it was understood with."""

    kept: Kept
    verdict: Verdict
    remark: str
    rated: datetime
    before: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Shared:
    """An answer that whoever has the token may see."""

    token: str
    shared: datetime
    kept: Kept


def open_records(settings: Settings) -> Records | None:
    """Where the page keeps what is said; `None` with ASSISTANT_RECORDS=off."""
    return Records(settings.records_file) if settings.records == "on" else None


def new_id() -> str:
    """A name for a conversation or an answer. It is no secret: an owner is asked for with it."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class Records:
    """The file; it is made when something is first kept, and brought up to date when it is opened.

    Every method raises RecordsError if the file is damaged, in use for long, cannot be written, or
    comes from a newer version of the program.
    """

    path: Path

    def keep(
        self, owner: str, conversation: str, kept: Kept, replaced: Sequence[str] = ()
    ) -> None:
        """Add an exchange at the end of a conversation, in place of those that are `replaced`; the
        conversation begins with its first one. What was rated or shared of the replaced stays, but
        no longer in the conversation."""
        now = _now()
        with writing(self.path) as file:
            file.execute(
                "INSERT OR IGNORE INTO conversation VALUES (?, ?, ?, ?)",
                (conversation, owner, _name(kept.question), now),
            )
            _changed(file.execute(
                "UPDATE conversation SET changed = ? WHERE id = ? AND owner = ?",
                (now, conversation, owner),
            ))
            for id in replaced:
                file.execute(
                    "UPDATE exchange SET replaced = 1 WHERE id = ? AND conversation = ?",
                    (id, conversation),
                )
            file.execute(
                "DELETE FROM exchange WHERE conversation = ? AND replaced AND id NOT IN "
                "(SELECT exchange FROM rating UNION SELECT exchange FROM shared)", (conversation,),
            )
            file.execute(
                "INSERT INTO exchange (id, conversation, question, model, scope, alone, beside, "
                "follows, asked, text, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (kept.id, conversation, kept.question, kept.model,
                 _SCOPE.dump_json(kept.scope).decode(), kept.alone, kept.beside, kept.follows,
                 kept.asked.isoformat(), kept.text,
                 kept.answer.model_dump_json() if kept.answer else None),
            )

    def conversation(self, owner: str, id: str) -> tuple[Kept, ...]:
        """The exchanges in order; none if there is no such conversation."""
        with reading(self.path) as file:
            rows = file.execute(
                "SELECT exchange.*, verdict, remark FROM exchange "
                "JOIN conversation ON conversation.id = exchange.conversation "
                "LEFT JOIN rating ON rating.exchange = exchange.id "
                "WHERE conversation.id = ? AND owner = ? AND NOT replaced ORDER BY number",
                (id, owner),
            )
            return tuple(map(_kept, rows))

    def conversations(self, owner: str, search: str = "") -> tuple[Listed, ...]:
        """The latest first, MOST_LISTED of them. Each word of the search stands somewhere in the
        name, the questions or the answers, as a part of a word too, in any case."""
        words = search.casefold().split()[:_MOST_WORDS]
        holds = (
            " AND (instr(folded(name), ?) OR EXISTS (SELECT 1 FROM exchange WHERE "
            "exchange.conversation = conversation.id AND NOT replaced "
            "AND instr(folded(question || ' ' || text), ?)))"
        )
        with reading(self.path) as file:
            rows = file.execute(
                "SELECT id, name, changed, (SELECT count(*) FROM exchange WHERE "
                "exchange.conversation = conversation.id AND NOT replaced AND NOT beside) "
                f"AS questions FROM conversation WHERE owner = ?{holds * len(words)} "
                f"ORDER BY changed DESC LIMIT {MOST_LISTED}",
                (owner, *(word for one in words for word in (one, one))),
            )
            return tuple(
                Listed(id=row["id"], name=row["name"], changed=_day(row["changed"]),
                       questions=row["questions"]) for row in rows
            )

    def rename(self, owner: str, id: str, name: str) -> None:
        """Give a conversation another name; one that is empty changes nothing."""
        with writing(self.path) as file:
            _changed(file.execute(
                "UPDATE conversation SET name = coalesce(nullif(?, ''), name) "
                "WHERE id = ? AND owner = ?", (_name(name), id, owner),
            ))

    def delete(self, owner: str, id: str) -> None:
        """Delete a conversation with the ratings of its answers and the links to them."""
        with writing(self.path) as file:
            file.execute("DELETE FROM conversation WHERE id = ? AND owner = ?", (id, owner))

    def delete_all(self, owner: str) -> None:
        with writing(self.path) as file:
            file.execute("DELETE FROM conversation WHERE owner = ?", (owner,))

    def rate(self, owner: str, answer: str, verdict: Verdict, remark: str = "") -> None:
        """Keep what a reader thinks of an answer, instead of what was thought of it before."""
        with writing(self.path) as file:
            _changed(file.execute(
                f"INSERT OR REPLACE INTO rating SELECT exchange.id, ?, ?, ? {_OF_OWNER}",
                (verdict, remark.strip()[:_REMARK_CHARACTERS], _now(), answer, owner),
            ))

    def take_back(self, owner: str, answer: str) -> None:
        with writing(self.path) as file:
            file.execute(
                f"DELETE FROM rating WHERE exchange IN (SELECT exchange.id {_OF_OWNER})",
                (answer, owner),
            )

    def ratings(self) -> tuple[Rated, ...]:
        """What all readers thought, the earliest first."""
        with reading(self.path) as file:
            rows = file.execute(
                "SELECT exchange.*, verdict, remark, rated FROM rating "
                "JOIN exchange ON exchange.id = rating.exchange ORDER BY rated, number"
            ).fetchall()
            return tuple(
                Rated(kept=_kept(row), verdict=row["verdict"], remark=row["remark"],
                      rated=_day(row["rated"]), before=_before(file, row)) for row in rows
            )

    def share(self, owner: str, answer: str) -> str:
        """The token of an answer; it has one as long as it is shared."""
        with writing(self.path) as file:
            file.execute(
                f"INSERT OR IGNORE INTO shared SELECT ?, ?, exchange.id {_OF_OWNER}",
                (secrets.token_urlsafe(24), _now(), answer, owner),
            )
            row = file.execute(
                f"SELECT token FROM shared WHERE exchange IN (SELECT exchange.id {_OF_OWNER})",
                (answer, owner),
            ).fetchone()
            if row is None:
                raise _gone()
            return str(row["token"])

    def shares(self, owner: str) -> tuple[Shared, ...]:
        """What an owner shares, the latest first."""
        return self._shared("owner = ?", owner)

    def shared(self, token: str) -> Shared | None:
        """The answer that a token stands for; `None` if it is unknown or revoked."""
        return next(iter(self._shared("token = ?", token)), None)

    def revoke(self, owner: str, token: str) -> None:
        with writing(self.path) as file:
            file.execute(
                "DELETE FROM shared WHERE token = ? AND exchange IN (SELECT exchange.id FROM "
                "exchange JOIN conversation ON conversation.id = exchange.conversation "
                "WHERE owner = ?)", (token, owner),
            )

    def _shared(self, where: str, value: str) -> tuple[Shared, ...]:
        with reading(self.path) as file:
            rows = file.execute(
                "SELECT exchange.*, token, shared.shared AS since FROM shared "
                "JOIN exchange ON exchange.id = shared.exchange "
                "JOIN conversation ON conversation.id = exchange.conversation "
                f"WHERE {where} ORDER BY since DESC", (value,),
            )
            return tuple(
                Shared(token=row["token"], shared=_day(row["since"]), kept=_kept(row))
                for row in rows
            )


def _changed(cursor: sqlite3.Cursor) -> None:
    """Raises RecordsError where what was to be changed is not there, or another's."""
    if not cursor.rowcount:
        raise _gone()


def _gone() -> RecordsError:
    return RecordsError("This is no longer kept here.", "Ask again, and the new answer is kept.")


def _kept(row: sqlite3.Row) -> Kept:
    scope, answer = EVERYTHING, None
    with suppress(ValidationError):  # its text is left
        scope = _SCOPE.validate_json(row["scope"])
        answer = AnswerJson.model_validate_json(row["answer"]) if row["answer"] else None
    rated = dict(row)
    return Kept(
        id=row["id"], question=row["question"], model=row["model"],
        scope=scope, alone=bool(row["alone"]), beside=bool(row["beside"]),
        follows=bool(row["follows"]), asked=_day(row["asked"]), text=row["text"], answer=answer,
        verdict=rated.get("verdict"), remark=rated.get("remark") or "",
    )


def _before(file: sqlite3.Connection, row: sqlite3.Row) -> tuple[str, ...]:
    if not row["follows"]:
        return ()
    return tuple(before["question"] for before in file.execute(
        "SELECT question FROM exchange WHERE conversation = ? AND number < ? AND NOT replaced "
        "AND NOT beside ORDER BY number", (row["conversation"], row["number"]),
    ))


def _name(text: str) -> str:
    """One line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _NAME_CHARACTERS else f"{line[:_NAME_CHARACTERS - 1]}…"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text)
