"""A follow-up as a model puts it: searched for beside the user's own words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from assistant import answering
from assistant.answering import Assistant, Quoted
from assistant.errors import IndexUnavailable
from assistant.index import PassageIndex
from assistant.models import Abilities, open_model, write_abilities
from assistant.question import understand
from assistant.retrieval import retrieve
from assistant.rewriting import rewritten
from assistant.settings import Settings, bundled
from assistant.types import Question, Retrieved, Turn
from tests.stub_server import StubServer

SettingsFor = Callable[..., Settings]
WriteSource = Callable[..., Path]

HISTORY = (Turn("user", "What does the Harbour Treaty say of ships?"), Turn("assistant", "Much."))


def asked(reply: str, stub: StubServer, settings: Settings) -> str:
    stub.text = reply
    model = open_model(settings.model_copy(update={"model": f"{stub.at('ok')}#stub"}))
    assert model
    return rewritten(understand("And of the toll?", HISTORY), model, bundled("prompts"))


@pytest.mark.parametrize("reply", [
    "What does the Harbour Treaty say of the toll?",
    '"What does the Harbour Treaty say of the toll?"\nQuestions before: none',
])
def test_a_rewriting_of_the_users_words_is_taken(
    reply: str, stub: StubServer, settings_for: SettingsFor
) -> None:
    taken = asked(reply, stub, settings_for())
    assert taken == "What does the Harbour Treaty say of the toll?"


@pytest.mark.parametrize("reply", [
    "", "NONE", "And of the toll?", "What does the Bridge Act say of the toll?",
    "The toll of the Harbour Treaty is five crowns.",
])
def test_a_rewriting_that_adds_nothing_or_what_nobody_said_is_not(
    reply: str, stub: StubServer, settings_for: SettingsFor
) -> None:
    assert asked(reply, stub, settings_for()) == ""


def test_a_first_question_is_not_rewritten(stub: StubServer, settings_for: SettingsFor) -> None:
    model = open_model(settings_for(model=f"{stub.at('ok')}#stub"))
    assert model and rewritten(understand("What of tolls?"), model, bundled("prompts")) == ""
    assert stub.requests == []


def test_what_a_rewriting_finds_joins_what_was_shown_and_it_is_told(
    stub: StubServer, settings_for: SettingsFor, write_source: WriteSource, tmp_path: Path
) -> None:
    write_source("harbour", "## Article 2\n\nThe harbour toll is paid by all ships that enter.\n")
    write_source("bridge", "## Article 1\n\nThe bridge toll is paid by carts that cross by day.\n")
    settings = settings_for(corpus=tmp_path / "corpus", model=f"{stub.at('ok')}#stub")
    write_abilities(settings, Abilities(spec=settings.model, checked=date.today(), cites=1.0))
    stub.text = "Which toll is paid by carts that cross the bridge?"
    history = (Turn("user", "Which carts cross the bridge by day?"),)
    events = list(Assistant.open(settings).stream("Which toll is paid?", history))
    first, *_ = [event for event in events if isinstance(event, Quoted)]
    answer = events[-1].answer  # type: ignore[union-attr]
    assert answer.statements[: len(first.statements)] == first.statements
    assert f"Searched for as the model puts it, too: “{stub.text}”." in answer.notices


def test_a_store_that_fails_over_the_rewriting_leaves_what_was_shown(
    stub: StubServer, settings_for: SettingsFor, write_source: WriteSource, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_source("bridge", "## Article 1\n\nThe bridge toll is paid by carts that cross by day.\n")
    settings = settings_for(corpus=tmp_path / "corpus", model=f"{stub.at('ok')}#stub")
    write_abilities(settings, Abilities(spec=settings.model, checked=date.today(), cites=1.0))
    stub.text = "Which toll is paid by carts that cross the bridge?"

    def retrieve_once(question: Question, index: PassageIndex, most: int = 12) -> Retrieved:
        if question.rewritten:
            raise IndexUnavailable("The store does not answer.", "Is it running?")
        return retrieve(question, index, most)

    monkeypatch.setattr(answering, "retrieve", retrieve_once)
    answer = Assistant.open(settings).ask(
        "Which toll is paid?", (Turn("user", "Which carts cross the bridge by day?"),)
    )
    assert answer.outcome == "answered" and answer.statements
    assert any("The store does not answer." in notice for notice in answer.notices)


def test_of_several_drafts_the_one_with_most_supported_sentences_is_kept(
    stub: StubServer, settings_for: SettingsFor, write_source: WriteSource, tmp_path: Path
) -> None:
    write_source("harbour", "## Article 2\n\nThe harbour toll is paid by all ships that enter.\n")
    settings = settings_for(
        corpus=tmp_path / "corpus", model=f"{stub.at('turns')}#stub", drafts=3
    )
    stub.turns = [
        "The harbour is closed to all [S1].", "The harbour toll is paid by all ships [S1].",
        "The moon is a harbour [S1].",
    ]
    answer = Assistant.open(settings).ask("Who pays the harbour toll?")
    shown = [s.text for s in answer.statements if s.origin == "model"]
    assert len(stub.requests) == 3 and answer.withheld == ()
    assert shown == ["The harbour toll is paid by all ships."]
    temperatures = [request.body["temperature"] for request in stub.requests]
    assert temperatures[0] == 0 and all(warm > 0 for warm in temperatures[1:])
