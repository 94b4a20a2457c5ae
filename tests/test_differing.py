"""Accounts that differ in a number or a date are put side by side."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.settings import Settings


@pytest.fixture
def assistant(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> Assistant:
    write_source(
        "gazette", "The lighthouse of Ardal was lit on 5 May 1903. The council sent twelve ships "
        "to the regatta of Ardal.", title="Gazette", kind="article", voice="Maria Winter",
        date="1903-06-01",
    )
    write_source(
        "memoir", "On 7 May 1903 the lighthouse of Ardal was lit. The council sent 14 ships to the "
        "regatta of Ardal.", title="Memoir", kind="article", voice="Otto Summer", date="1910-01-01",
    )
    write_source(
        "letter", "The lighthouse of Ardal was lit in May 1903, we write on 9 September 1904.",
        title="Letter", kind="official_statement", voice="Brack", date="1904-09-09",
    )
    return Assistant.open(settings_for(corpus=tmp_path / "corpus"))


@pytest.mark.parametrize(("question", "told"), [
    ("When was the lighthouse of Ardal lit?",
     ["“5 May 1903” (Gazette, 1 June 1903)", "“7 May 1903” (Memoir, 1 January 1910)"]),
    ("How many ships did the council send to the regatta of Ardal?",
     ["“12 ships” (Gazette, 1 June 1903)", "“14 ships” (Memoir, 1 January 1910)"]),
])
def test_differing_answers_stand_side_by_side(
    question: str, told: list[str], assistant: Assistant
) -> None:
    answer = assistant.ask(question)
    notice, = answer.notices
    assert notice.startswith("The sources differ") and all(one in notice for one in told)
    assert "letter" not in notice.lower()  # it agrees with both, and its own day is no answer
    assert {"gazette", "memoir"} <= {c.passage.source.id for c in answer.citations}


@pytest.mark.parametrize("question", [
    "Who lit the lighthouse of Ardal?", "When was the regatta of Ardal?",
    "How many guns did the council send to the regatta of Ardal?",
])
def test_what_is_not_asked_for_does_not_differ(question: str, assistant: Assistant) -> None:
    assert not any("differ" in notice for notice in assistant.ask(question).notices)
