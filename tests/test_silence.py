"""A document asked about by name that holds no word of what is asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.render import to_terminal
from assistant.settings import Settings

Write = Callable[..., Path]


@pytest.mark.parametrize(("question", "source", "word"), [
    ("Which pipeline does the US-Ukraine Charter mention?", "us-ukraine-charter-2021", "pipeline"),
    ("What compensation does the Budapest Memorandum promise Ukraine?",
     "budapest-memorandum-1994", "compensation"),
    ("Which vaccine did Putin's address on recognition mention?", "putin-address-2022-02-21",
     "vaccine"),
    ("What tariff does the Rome Declaration set?", "rome-declaration-2002", "tariff"),
    ("What does the Rome Declaration say about fisheries?", "rome-declaration-2002", "fisheries"),
    ("Does the Open Skies Treaty mention torture?", "open-skies-treaty-1992", "torture"),
    ("What did the Minsk Protocol of 2014 say about Estonia?", "minsk-protocol-2014", "Estonia"),
    ("What does the Budapest Memorandum say about Finland and Sweden?",
     "budapest-memorandum-1994", "Finland and Sweden"),
    ("What does paragraph 19 of the Budapest Memorandum say?", "budapest-memorandum-1994",
     "paragraph 19"),
])
def test_a_named_document_without_the_thing_asked_for_is_silent(
    bundled: Assistant, question: str, source: str, word: str
) -> None:
    answer = bundled.ask(question)
    assert answer.outcome == "document_silent"
    assert answer.statements == () and answer.citations == ()
    assert [s.id for s in answer.nearest] == [source]
    notice, = answer.notices
    assert notice.startswith("Our digest of ") and f"“{word}”; the document itself may." in notice
    assert "does not say it" in to_terminal(answer) and "[1]" not in to_terminal(answer)


@pytest.mark.parametrize("question", [
    "How many tanks does the CFE Treaty allow each group?",
    "Which missiles does the INF Treaty eliminate?",
    "Which aircraft does the Open Skies Treaty allow?",
    "How long a notice does the CFE Treaty require for withdrawal?",
    "Which languages are authentic in the CFE Treaty?",
    "How many kilometres does the Minsk Package of Measures set for heavy weapons?",
    "Which bombers does Russia's draft treaty with the United States mention?",
    "What does Article 5 of the North Atlantic Treaty say?",
    "On which day was the Budapest Memorandum signed?",
    "What does the Founding Act say about troops?",
    "What does the Minsk Package of Measures say about a truce?",
    "What does the Istanbul Charter say about choosing an alliance?",
    "What does the Budapest Memorandum say about Ukraine and Sweden?",
    "What does Article 5 of the Two Plus Four Treaty say about troops?",
    "What does point 10 of the Minsk Package of Measures say?",
    "What does the Bucharest Declaration say about Article 5 of the North Atlantic Treaty?",
])
def test_a_document_that_speaks_of_it_is_not_called_silent(
    bundled: Assistant, question: str
) -> None:
    assert bundled.ask(question).outcome == "answered"


def test_of_a_full_text_it_is_said_that_the_text_does_not_speak_of_it(
    write_source: Write, settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    write_source("harbour", "## Article 1\n\nEach city keeps twelve ships in the harbour.",
                 title="Harbour Treaty of Ardal")
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    answer = assistant.ask("How many cannons does the Harbour Treaty of Ardal allow?")
    assert answer.outcome == "document_silent"
    assert answer.notices == (
        "The text of Harbour Treaty of Ardal that is held here does not speak of “cannons”. "
        "Nearest in it: Article 1.",
    )
    assert assistant.ask("How many ships does the Harbour Treaty allow?").outcome == "answered"
