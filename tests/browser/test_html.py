"""The page's HTML and its errors, without a browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import pytest

from assistant.answering import Assistant, Event
from assistant.settings import Settings, read_settings
from assistant.types import Citation, Passage, Scope, Source, Span, Statement, Turn
from assistant.web.answers import escape, statements_html
from assistant.web.conversation import Wish, converse
from assistant.web.sources import card_html, link_html, passage_html
from tests.browser.conftest import ROOT

HOSTILE = "a <img src=x onerror=alert(1)> \"b\" 'c' & **d** $e$ [f](javascript:g)\n\n# h </mark> i"


def cited(text: str = HOSTILE, address: str | None = None) -> Citation:
    source = Source(
        id="s", title=text, kind="article", voice=text, status="opinion", text_kind="digest",
        checked="excerpt", text=text, date=date(2022, 2, 1), address=address,
    )
    passage = Passage(
        id="p", source=source, anchor=text, span=Span(0, len(text)), checked="secondary"
    )
    return Citation(number=1, passage=passage, span=Span(2, len(text) - 2))


class Seen(HTMLParser):
    """The elements, attribute names and text of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_nothing_of_a_document_becomes_markup_in_its_card() -> None:
    seen = Seen(card_html(cited(), turn=1))
    assert "img" not in seen.tags
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert seen.text.count(HOSTILE) == 4  # title, voice, anchor, passage


def test_a_statement_in_the_chat_is_one_line_without_markdown() -> None:
    citation = cited()
    statement = Statement(
        text=HOSTILE, lead=HOSTILE, citations=(citation,), support="full", origin="quote"
    )
    shown = statements_html([statement], turn=1, model=None, writing=False)
    assert "\n" not in shown
    assert not set("*$`") & set(shown)
    assert "img" not in Seen(shown).tags
    assert Seen(shown).text.count(HOSTILE) == 2


def test_a_model_that_is_not_ready_is_said_to_be_loaded() -> None:
    said = [
        statements_html([], turn=1, model="gguf:/a/b.gguf", writing=True, loading=loading)
        for loading in (True, False)
    ]
    assert "b is being loaded" in said[0] and "reading" not in said[0]
    assert "b is reading" in said[1] and "loaded" not in said[1]


def test_escaped_text_reads_as_the_text() -> None:
    everything = "".join(map(chr, range(32, 0x250))) + "\n«ё» 中 🙂"
    assert Seen(escape(everything)).text == everything


def test_the_mark_holds_exactly_the_cited_characters() -> None:
    citation = cited("First. Second one. Third.")
    citation = Citation(number=1, passage=citation.passage, span=Span(7, 18))
    assert passage_html(citation) == "First. <mark>Second one.</mark> Third."


@pytest.mark.parametrize("address", [
    "javascript:alert(1)", "data:text/html,x", "//host/path", "file:///etc/passwd", "https://",
    "http://[broken", " javascript:alert(1)", "\"><img src=x>",
])
def test_only_addresses_of_the_web_become_links(address: str) -> None:
    seen = Seen(link_html(cited("text", address).passage.source))
    assert seen.tags == {"span"}
    assert seen.text == address


def test_how_the_passage_was_checked_and_whose_words_it_holds_stand_in_words() -> None:
    text = Seen(card_html(cited(), turn=1)).text
    assert "Digest: our words, not the document's; known from secondary reports." in text
    assert "opinion" in text
    assert "1 February 2022" in text


@dataclass
class FaultyAssistant:
    """Fails at the first step with what no step should raise."""

    settings: Settings = field(default_factory=read_settings)

    def stream(
        self, text: str, history: Sequence[Turn], scope: Scope, model: str | None
    ) -> Iterator[Event]:
        raise ZeroDivisionError("<b>secret</b>")
        yield


def test_a_bug_is_logged_and_called_a_bug_and_the_chat_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    *_, (exchange, running) = converse(cast(Assistant, FaultyAssistant()), Wish(text="What?"), ())
    assert "This is a bug: please report it." in Seen(exchange.reply).text
    assert "secret" not in exchange.reply
    assert "ZeroDivisionError" in caplog.text
    assert not running


def test_history_holds_answered_questions_only(bundled: Assistant) -> None:
    *_, (rejected, _) = converse(bundled, Wish(text="tank " * 2_000), ())
    *_, (answered, _) = converse(bundled, Wish(text="What is the CFE Treaty?"), (rejected,))
    assert not rejected.said
    assert answered.said.startswith("Primary texts:")

    told: list[Any] = []

    class Listening(FaultyAssistant):
        def stream(
            self, text: str, history: Sequence[Turn], scope: Scope, model: str | None
        ) -> Iterator[Event]:
            told.extend(history)
            yield from bundled.stream(text, history)

    follow_up = Wish(text="And its zones?")
    list(converse(cast(Assistant, Listening()), follow_up, (rejected, answered)))
    assert [turn.role for turn in told] == ["user", "assistant"]
    assert told[0].content == "What is the CFE Treaty?"


def test_a_port_in_use_is_one_sentence_and_exit_status_1(bundled: Assistant) -> None:
    home: Path = bundled.settings.home
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, str(ROOT / "app.py"), "--port", str(port)], timeout=120,
            cwd=home.parent, env=os.environ | {"ASSISTANT_HOME": str(home)}, capture_output=True,
            text=True, check=False,
        )
    assert ended.returncode == 1
    assert f"Port {port} is in use." in ended.stderr
    assert f"--port {port + 1}" in ended.stderr
    assert "Traceback" not in ended.stderr
