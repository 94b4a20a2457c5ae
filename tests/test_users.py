"""Who may come in: the users' file and the verbs that change it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assistant import users
from assistant.cli import app
from assistant.errors import UsersError
from tests.served import PASSWORD

WEEK = 7 * 86_400


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost little; what they cost is a test of its own."""
    monkeypatch.setattr(users, "_COSTS", (1 << 10, 8, 1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "users.json"
    users.add_user(path, "anna", PASSWORD)
    return path


def test_a_password_is_kept_as_a_salted_hash_that_only_its_owner_may_read(path: Path) -> None:
    users.add_user(path, "boris", PASSWORD)
    text = path.read_text(encoding="utf-8")
    assert PASSWORD not in text and path.stat().st_mode & 0o777 == 0o600
    kept = [user["password"] for user in json.loads(text)["users"].values()]
    assert all(k.startswith("scrypt$1024$8$1$") for k in kept) and kept[0] != kept[1]
    held = users.read_users(path)
    assert held.with_password("anna", PASSWORD)
    assert not held.with_password("anna", PASSWORD + " ")
    assert not held.with_password("clara", PASSWORD)
    assert not held.with_password("anna", PASSWORD * 100)


def test_an_unknown_user_costs_as_much_as_a_known_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "_COSTS", (1 << 14, 8, 5))
    users.add_user(tmp_path / "users.json", "anna", PASSWORD)
    held = users.read_users(tmp_path / "users.json")
    paid: list[tuple[Any, ...]] = []
    real = hashlib.scrypt

    def scrypt(typed: bytes, **costs: Any) -> bytes:
        paid.append((costs["n"], costs["r"], costs["p"]))
        return real(typed, **costs)

    monkeypatch.setattr(hashlib, "scrypt", scrypt)
    assert not held.with_password("anna", "wrong") and not held.with_password("nobody", "wrong")
    assert paid == [(1 << 14, 8, 5)] * 2


def test_a_token_is_shown_once_and_void_when_revoked_or_renewed(path: Path) -> None:
    first = users.new_token(path, "anna")
    assert first not in path.read_text(encoding="utf-8")
    assert users.read_users(path).with_token(first) == "anna"
    second = users.new_token(path, "anna")
    held = users.read_users(path)
    assert held.with_token(first) is None and held.with_token(second) == "anna"
    users.revoke_token(path, "anna")
    held = users.read_users(path)
    assert held.with_token(second) is None and held.with_token("") is None


def test_a_session_ends_with_the_week_the_password_or_the_user(path: Path) -> None:
    session = users.read_users(path).session("anna", 1000.0)
    assert users.read_users(path).with_session(session, 1000.0 + WEEK - 2) == "anna"
    assert users.read_users(path).with_session(session, 1000.0 + WEEK) is None
    users.add_user(path, "anna", "another long password")
    assert users.read_users(path).with_session(session, 1000.0) is None
    session = users.read_users(path).session("anna", 1000.0)
    users.remove_user(path, "anna")
    assert users.read_users(path).with_session(session, 1000.0) is None


def test_a_session_cannot_be_forged(path: Path) -> None:
    users.add_user(path, "boris", PASSWORD)
    held = users.read_users(path)
    name, end, signature = held.session("anna", 1000.0).split(".")
    other = held.session("boris", 1000.0).split(".")[0]
    for forged in (
        f"{other}.{end}.{signature}", f"{name}.{int(end) + 1}.{signature}", f"{name}.{end}.",
        f"{name}.{end}.{'0' * 64}", f"{name}.{end}.ü", f"{name}.{end}", f"?.{end}.{signature}",
        f"/w==.{end}.{signature}", f"{name}.soon.{signature}", "", ".." ,
    ):
        assert held.with_session(forged, 1000.0) is None, forged
    other_file = path.with_name("other.json")
    users.add_user(other_file, "anna", PASSWORD)
    foreign = users.read_users(other_file).session("anna", 1000.0)
    assert held.with_session(foreign, 1000.0) is None


def test_a_changed_file_counts_at_once_and_a_missing_one_lets_nobody_in(path: Path) -> None:
    file = users.UsersFile(path)
    assert set(file.current().by_name) == {"anna"}
    users.add_user(path, "boris", PASSWORD)
    assert set(file.current().by_name) == {"anna", "boris"}
    path.unlink()
    with pytest.raises(UsersError, match="cannot be read"):
        file.current()


def test_a_file_that_others_may_read_or_that_is_damaged_is_refused(path: Path) -> None:
    path.chmod(0o644)
    with pytest.raises(UsersError, match="is open to others. chmod 600"):
        users.read_users(path)
    path.chmod(0o600)
    for text in ("{", "[]", '{"users": {}}', '{"secret": "x", "users": {}}',
                 '{"secret": "", "users": {"anna": {"pass": ""}}}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsersError, match="is damaged"):
            users.read_users(path)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\n", "x" * 65, "<b>"])
def test_a_name_that_could_be_mistaken_is_refused(path: Path, name: str) -> None:
    with pytest.raises(UsersError, match="cannot be a name"):
        users.add_user(path, name, PASSWORD)


def test_the_verbs_add_list_and_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_AUTH", f"users:{tmp_path / 'team.json'}")
    run = CliRunner()
    done = run.invoke(app, ["users", "add", "anna"], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0 and "anna may come in" in done.output
    assert PASSWORD not in done.output
    differing = run.invoke(app, ["users", "add", "boris"], input=f"{PASSWORD}\nother\n\n")
    assert differing.exit_code == 1 and "do not match" in differing.output
    short = run.invoke(app, ["users", "add", "boris"], input="short\nshort\n")
    assert "10 to 200 characters" in str(short.exception)
    token = run.invoke(app, ["users", "token", "anna"]).stdout.strip()
    assert users.read_users(tmp_path / "team.json").with_token(token) == "anna"
    assert run.invoke(app, ["users", "list"]).stdout == "anna  (token)\n"
    run.invoke(app, ["users", "token", "anna", "--revoke"])
    assert run.invoke(app, ["users", "list"]).stdout == "anna\n"
    assert run.invoke(app, ["users", "remove", "anna"]).exit_code == 0
    unsafe = run.invoke(app, ["serve", "--auth", "header:Remote-User"])
    assert "Anyone can send the header Remote-User." in str(unsafe.exception)
    again = run.invoke(app, ["users", "remove", "anna"])
    assert "There is no user 'anna'. The users are: nobody yet." in str(again.exception)
