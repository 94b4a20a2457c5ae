"""What a question names and no source is or speaks of: nothing here answers it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.settings import Settings

CHARTER = """## Article 1

Each city keeps twelve ships in the harbour.

## Article 2

The mayors meet on 9 June. A law of the city of Ardal, Law No. 41, sets the fees of the harbour.

## Article 3

Done at Ostrava by the mayors of the four cities. The Treaty of Brod had said so in its article 7.
"""


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    from assistant.settings import read_settings
    from tests.conftest import MATTER

    folder = tmp_path_factory.mktemp("naming")
    corpus = folder / "corpus"
    corpus.mkdir()
    known = {"kind": "treaty", "voice": "Parties", "status": "in_force", "text_kind": "original",
             "language": "en"}
    for id, title, date, text in (
        ("charter", "Harbour Charter", "1904-05-03", CHARTER),
        ("resolution", "Resolution 12 of the Council", "1905-06-09",
         "The Council thanks the mayors for the ships and asks for a lamp at the tower.\n"),
    ):
        (corpus / f"{id}.md").write_text(
            MATTER.format(id=id, title=title, date=date, **known) + text, encoding="utf-8"
        )
    return Assistant.open(read_settings(home=folder / "home", corpus=corpus))


@pytest.mark.parametrize(("asked", "missing"), [
    ("What does resolution 14 of the Council say about ships?", "resolution 14"),
    ("What does Law No. 42 say about the fees of the harbour?", "Law No. 42"),
    ("What does Article 2 of the Lantern Pact say about ships?", "Lantern Pact"),
    ("What did the mayors say about ships on 4 July 1904?", "4 July 1904"),
    ("What did the Council say about ships on July 4th, 1904?", "4 July 1904"),
    ("What was said about ships on 1904-07-04?", "4 July 1904"),
])
def test_a_text_or_a_day_of_which_no_source_is_or_speaks_is_told(
    assistant: Assistant, asked: str, missing: str
) -> None:
    answer = assistant.ask(asked)
    assert answer.outcome == "not_in_corpus"
    assert any(f"“{missing}”" in notice for notice in answer.notices), answer.notices


@pytest.mark.parametrize("asked", [
    "What does resolution 12 of the Council say about ships?",
    "Which fees of the harbour does Law 41 of the city of Ardal set?",
    "What does Article 1 of the Harbour Charter say about ships?",
    "What does Article 1 of the Charter of 1904 say about ships?",
    "What does Article 1 of the Ostrava Treaty say about ships?",
    "What does article 7 of the Treaty of Brod say about the mayors of the cities?",
    "How many ships does each city keep, by the charter of 3 May 1904?",
    "Did the mayors of the cities meet on 9 June 1904?",
    "What did the Council ask for after 4 July 1904, a lamp at the tower?",
    "How many ships did each city keep in the harbour in July 1904?",
])
def test_what_a_source_is_or_speaks_of_is_answered(assistant: Assistant, asked: str) -> None:
    assert assistant.ask(asked).outcome == "answered"


def test_a_named_source_of_another_day_is_answered(assistant: Assistant) -> None:
    asked = "How many ships does each city keep by the Harbour Charter of 3 May 1905?"
    assert assistant.ask(asked).outcome == "answered"


def test_the_day_of_a_question_before_is_not_that_of_this_one(
    bundled: Assistant, settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    from assistant.types import Turn

    before = [Turn("user", "What did Putin announce on 24 February 2022?"), Turn("assistant", "…")]
    asked = "And what did he say in his speech of 30 September 2022?"
    assert bundled.ask(asked, before).outcome == "not_in_corpus"
