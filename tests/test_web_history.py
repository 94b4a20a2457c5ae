"""What the page keeps, what it shows of it, and the page of a shared answer."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from assistant.answering import Assistant
from assistant.records import Records
from assistant.settings import Settings
from assistant.web import history, keeping, sharing
from assistant.web.access import Visitor
from assistant.web.conversation import Conversation, How, Wish, follow, messages, stop
from assistant.web.headers import OwnOriginOnly
from tests.browser.test_html import Seen

ANNA = "browser:" + "a" * 48
SHIPS, LAMPS = "How many ships does each city keep?", "And its lamps in the tower?"
HOSTILE = "<script>alert(1)</script> & \"q\" 'r' </title>"


def request(owner: str | None = None) -> gr.Request:
    """Of a user who has logged in, or of nobody in particular."""
    visitor = Visitor(owner=owner or "", address="127.0.0.1", near=False)
    return cast(gr.Request, SimpleNamespace(state=SimpleNamespace(visitor=visitor)))


@pytest.fixture
def assistant(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> Assistant:
    write_source(
        "harbour", "## Article 1\n\nEach city keeps twelve ships <b>in</b> the harbour.\n\n"
        "## Article 2\n\nEach city keeps seven lamps in the tower.\n",
        title="'Harbour <img src=x onerror=alert(1)> {{ 7 * 7 }}'",
        address="https://example.org/harbour",
    )
    return Assistant.open(settings_for(corpus=tmp_path / "corpus"))


@pytest.fixture
def records(assistant: Assistant) -> Records:
    return Records(assistant.settings.records_file)


def ask(
    assistant: Assistant, conversation: Conversation, text: str, how: How = "next", **wish: object
) -> Conversation:
    growing = follow(assistant, conversation, Wish(text=text, **wish), how)  # type: ignore[arg-type]
    *_, (conversation, running) = keeping.kept(assistant, ANNA, "c", growing)
    assert not running
    return conversation


def anew(conversation: Conversation) -> Conversation:
    """Without what only tells how a live exchange came about."""
    return tuple(
        dataclasses.replace(e, replaces=(), answer=None) for e in conversation
    )


def test_a_reload_shows_what_was_shown(assistant: Assistant, records: Records) -> None:
    talk = ask(assistant, (), SHIPS)
    talk = ask(assistant, talk, LAMPS)
    talk = ask(assistant, talk, "Who won the football cup?")
    assert [e.follows for e in talk] == [False, True, True]
    again = keeping.restored(assistant, ANNA, "c")
    assert anew(again) == anew(talk)
    assert messages(again) == messages(talk)
    assert keeping.restored(assistant, "browser:" + "b" * 48, "c") == ()
    assert keeping.resumed(assistant, ANNA, "c", ()) == ("c", again)
    new, nothing = keeping.resumed(assistant, ANNA, "", ())
    assert new and nothing == ()


def test_an_edited_question_takes_the_old_ones_place_after_a_reload_too(
    assistant: Assistant, records: Records
) -> None:
    talk = ask(assistant, ask(assistant, (), SHIPS), LAMPS)
    talk = ask(assistant, talk, "And how many lamps?", "edit")
    assert [k.question for k in records.conversation(ANNA, "c")] == [SHIPS, "And how many lamps?"]
    growing = follow(assistant, talk, Wish(text="And what else?"), "edit")
    stopped = keeping.keep(assistant, ANNA, "c", stop(next(growing)[0]))
    again = keeping.restored(assistant, ANNA, "c")
    assert [e.wish.text for e in again] == [e.wish.text for e in stopped] == [
        SHIPS, "And what else?"
    ]
    assert "Stopped before it was answered." in again[1].reply.replace("&#46;", ".")
    assert again[1].said == stopped[1].said


def test_half_an_answer_and_a_rejected_question_are_not_kept(
    assistant: Assistant, records: Records
) -> None:
    growing = keeping.kept(assistant, ANNA, "c", follow(assistant, (), Wish(text=SHIPS), "next"))
    next(growing)
    assert records.conversations(ANNA) == ()
    ask(assistant, (), "ship " * 2_000)
    assert records.conversations(ANNA) == ()


def test_without_an_owner_and_with_records_off_nothing_is_kept(
    assistant: Assistant, settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    growing = follow(assistant, (), Wish(text=SHIPS), "next")
    *_, (talk, _) = keeping.kept(assistant, "", "c", growing)
    assert talk[0].said and not talk[0].id
    off = Assistant(
        assistant.corpus, assistant.index, None,
        settings_for(corpus=tmp_path / "corpus", records="off"),
    )
    assert not ask(off, (), SHIPS)[0].id
    assert not assistant.settings.records_file.exists()
    assert sharing.routes(off) == []
    assert "rating" not in messages(talk)[1]["content"]


@pytest.mark.parametrize(("reader", "username", "owner"), [
    ("0a" * 24, None, "browser:" + "0a" * 24), ("0a" * 24, "anna", "user:anna"),
    ("", "anna", "user:anna"), ("", None, ""), ("user:anna", None, ""), ("x" * 48, None, ""),
    ("0a" * 24 + "\n", None, ""),
])
def test_a_browser_cannot_say_that_it_is_a_user(
    reader: str, username: str | None, owner: str
) -> None:
    assert keeping.owner(reader, request(username)) == owner


def test_damaged_records_are_told_below_the_answer_and_in_the_tab(
    assistant: Assistant, records: Records
) -> None:
    records.path.write_bytes(b"no database" * 500)
    talk = ask(assistant, (), SHIPS)
    assert "are damaged" in Seen(talk[0].reply).text and "twelve ships" in Seen(talk[0].reply).text
    assert keeping.restored(assistant, ANNA, "c") == ()
    told, listed, shared = history.lists_html(assistant, ANNA, "c", "")
    assert "Move records.sqlite3" in told and (listed, shared) == ("", "")
    assert "damaged" in history.answered(records, ANNA, {"do": "share", "id": "x"})["fault"]
    assert "damaged" in history.change(records, ANNA, {"do": "delete", "id": "x"})


def test_a_source_that_has_changed_since_is_shown_as_it_was_and_not_linked(
    assistant: Assistant, write_source: Callable[..., Path]
) -> None:
    talk = ask(assistant, (), SHIPS)
    write_source("harbour", "## Article 1\n\nHarbours are closed; each city keeps nine ships.\n")
    assistant.refresh()
    again = keeping.restored(assistant, ANNA, "c")
    assert again[0].reply == talk[0].reply
    assert "<mark>Each city keeps twelve ships" in again[0].shelf.cards
    assert 'class="open-source"' in talk[0].shelf.cards
    assert 'class="open-source"' not in again[0].shelf.cards
    assert "the corpus holds this text no longer" in again[0].shelf.cards


def test_an_answer_in_a_form_of_tomorrow_is_shown_in_plain_words(
    assistant: Assistant, records: Records
) -> None:
    talk = ask(assistant, (), SHIPS)
    with closing(sqlite3.connect(records.path)) as file, file:
        file.execute("UPDATE exchange SET answer = '{}', text = text || ' <b>'")
    (again,) = keeping.restored(assistant, ANNA, "c")
    assert again.said == f"{talk[0].said} <b>"
    assert "b" not in Seen(again.reply).tags and "twelve ships <b>in</b>" in Seen(again.reply).text
    path = history.answered(records, ANNA, {"do": "share", "id": again.id})["path"]
    shared = records.shared(path.removeprefix("shared/"))
    assert shared and "twelve ships &lt;b&gt;in" in sharing.shared_html(shared)


def test_the_lists_name_what_is_kept_and_escape_it(
    assistant: Assistant, records: Records
) -> None:
    talk = ask(assistant, (), SHIPS)
    history.change(records, ANNA, {"do": "rename", "id": "c", "name": HOSTILE})
    path = history.answered(records, ANNA, {"do": "share", "id": talk[0].id})["path"]
    _, listed, shared = history.lists_html(assistant, ANNA, "c", "SHIPS")
    seen = Seen(listed)
    assert "script" not in seen.tags and HOSTILE in seen.text
    assert 'aria-current="true"' in listed and "1 question" in seen.text
    assert f'href="{path}"' in shared and SHIPS in Seen(shared).text
    assert "No conversation has all" in history.lists_html(assistant, ANNA, "c", "barges")[1]
    history.change(records, ANNA, {"do": "revoke", "id": path.removeprefix("shared/")})
    assert "Nothing is shared" in history.lists_html(assistant, ANNA, "c", "")[2]
    history.change(records, ANNA, {"do": "delete-all"})
    assert "can be found again" in history.lists_html(assistant, ANNA, "c", "")[1]


def test_an_answer_is_rated_and_the_rating_taken_back(
    assistant: Assistant, records: Records
) -> None:
    talk = ask(assistant, (), SHIPS)
    wish = {"do": "rate", "id": talk[0].id, "verdict": "down", "remark": HOSTILE}
    assert history.answered(records, ANNA, wish) == {"id": talk[0].id}
    shown = messages(keeping.restored(assistant, ANNA, "c"))[1]["content"]
    assert 'class="rate chosen" name="down"' in shown and "<script" not in shown
    assert "no longer kept" in history.answered(records, "user:boris", wish)["fault"]
    history.answered(records, ANNA, {**wish, "verdict": "excellent"})
    assert records.ratings()[0].verdict == "down"
    history.answered(records, ANNA, {**wish, "verdict": ""})
    assert records.ratings() == ()


def test_a_shared_answer_is_a_page_of_its_own_without_script(
    assistant: Assistant, records: Records
) -> None:
    talk = ask(assistant, ask(assistant, (), f"{SHIPS} {HOSTILE}"), LAMPS)
    served = Starlette(
        routes=sharing.routes(assistant), middleware=[Middleware(OwnOriginOnly, uploads=False)]
    )
    client = TestClient(served)
    first, second = (
        client.get("/" + history.answered(records, ANNA, {"do": "share", "id": e.id})["path"])
        for e in talk
    )
    seen = Seen(first.text)
    assert not {"script", "img", "iframe", "link"} & seen.tags
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert f"{SHIPS} {HOSTILE}" in seen.text
    for told in (
        "Each city keeps twelve ships", "Harbour <img src=x onerror=alert(1)> {{ 7 * 7 }}",
        assistant.corpus.version, "no language model", "UTC",
    ):
        assert told in seen.text
    assert 'href="#source-1"' in first.text and 'id="source-1"' in first.text
    assert first.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    assert first.headers["cache-control"] == "no-store"
    assert "noindex" in first.headers["x-robots-tag"] and 'name="robots"' in first.text
    assert first.headers["referrer-policy"] == "no-referrer"
    # of the conversation nothing but this one answer
    assert "ships" not in Seen(second.text).text and "seven lamps" in Seen(second.text).text
    assert "asked in a conversation" in Seen(second.text).text
    found = records.shared(second.url.path.rpartition("/")[2])
    assert found and found.kept.answer
    secret = {"premise": "It takes “SECRET” for granted.", "notices": ["After “SECRET”."]}
    for follows, count in ((True, 0), (False, 2)):
        kept = dataclasses.replace(
            found.kept, follows=follows, answer=found.kept.answer.model_copy(update=secret)
        )
        page = sharing.shared_html(dataclasses.replace(found, kept=kept))
        assert page.count("SECRET") == count
    history.change(records, ANNA, {"do": "revoke", "id": first.url.path.rpartition("/")[2]})
    for path in (first.url.path, "/shared/unknown", "/shared/%00"):
        gone = client.get(path)
        assert gone.status_code == 404
        assert gone.text == "There is no such shared answer, or its link was revoked."
        assert "script-src" not in gone.headers["content-security-policy"]
    records.path.write_bytes(b"no database" * 500)
    assert client.get(second.url.path).status_code == 503
