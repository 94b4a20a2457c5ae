"""Answers as files to keep."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from assistant.answering import Assistant
from assistant.export import say_reference, to_json, to_markdown
from assistant.settings import Settings

FOUNDING = "What did Russia ask about the 1997 Founding Act?"


def test_every_mark_in_markdown_has_its_footnote_with_the_quote(bundled: Assistant) -> None:
    answers = [bundled.ask(FOUNDING), bundled.ask("What does the CFE Treaty say on tanks?")]
    text = to_markdown(answers)
    marks = re.findall(r"(\[\^\d-\d+\])(?!:)", text)
    notes = re.findall(r"^(\[\^\d-\d+\]):", text, re.MULTILINE)
    assert set(marks) == set(notes)
    assert len(notes) == sum(len(answer.citations) for answer in answers)
    assert answers[0].citations[0].quote[:60].split(".")[0] in text
    assert f"Corpus version: {bundled.corpus.version}" in text


def test_an_answer_that_is_none_says_so(bundled: Assistant) -> None:
    text = to_markdown([bundled.ask("Who won the 2018 World Cup?")])
    assert "**The corpus does not hold an answer to this.**" in text
    assert "Outcome: not in corpus" in text


def test_a_reference_names_who_what_when_and_where(bundled: Assistant) -> None:
    answer = bundled.ask("What did NATO say about Ukraine and Georgia at Bucharest?")
    assert say_reference(answer.citations[0]).startswith(
        "NATO heads of State and Government, “Bucharest Summit Declaration,” 3 April 2008, "
    )


def test_json_holds_the_answers_and_each_source_once(bundled: Assistant) -> None:
    answer = bundled.ask(FOUNDING)
    read = json.loads(to_json([answer, answer]))
    assert [a["question"] for a in read["answers"]] == [FOUNDING, FOUNDING]
    cited = {c.passage.source.id for c in answer.citations}
    assert {r["id"] for r in read["references"]} == cited
    assert len(read["references"]) == len(cited)
    assert all(r["author"] and r["issued"]["date-parts"] for r in read["references"])


def test_nothing_of_a_document_is_obeyed_by_markdown(
    settings_for: Callable[..., Settings], write_source: Callable[..., Path], tmp_path: Path
) -> None:
    write_source(
        "harbour", "# The harbour\n\nEach city keeps <b>twelve</b> *ships* [here](http://x) in "
        "the harbour.", title="'Harbour <img src=x> *Act*'",
    )
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    text = to_markdown([assistant.ask("How many ships does each city keep in the harbour?")])
    assert "twelve" in text
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\[here", text)
    assert "\\*ships\\*" in text
