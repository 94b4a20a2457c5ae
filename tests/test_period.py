"""Questions about what was said at a time."""

from datetime import date as Day

import pytest

from assistant.answering import Assistant
from assistant.days import Occasion, occasions
from assistant.period import Period, period


@pytest.mark.parametrize(("asked", "start", "end"), [
    ("What did Ardal say before 2014?", None, Day(2014, 1, 1)),
    ("What did Ardal say until 2014?", None, Day(2015, 1, 1)),
    ("What did Ardal say since March 1999?", Day(1999, 3, 1), None),
    ("What did Ardal say after December 1999?", Day(2000, 1, 1), None),
    ("What did Ardal say after the 26 January 2022 talks?", None, None),
    ("What did Ardal say after 31 January 2022?", Day(2022, 2, 1), None),
])
def test_a_time_is_read_from_the_question(asked: str, start: Day | None, end: Day | None) -> None:
    found = period(asked, [])
    if start is None and end is None:
        assert found is not None and found.start == Day(2022, 1, 27)
    else:
        assert found == Period(found.words if found else "", start, end)


def test_a_question_without_a_time_has_none() -> None:
    assert period("What did Ardal say in 2014 about ships?", []) is None


def test_who_said_what_before_a_year_is_answered_from_texts_of_that_time(
    bundled: Assistant,
) -> None:
    answer = bundled.ask("What did Russia say about NATO enlargement before 2010?")
    assert answer.statements
    days = [c.passage.source.date for c in answer.citations]
    assert all(day and day < Day(2010, 1, 1) for day in days)
    assert any("“before 2010”" in notice for notice in answer.notices)


def test_after_a_document_counts_from_its_date(bundled: Assistant) -> None:
    answer = bundled.ask("What did Russia say after Russia's draft treaty with the United States?")
    days = [c.passage.source.date for c in answer.citations]
    assert answer.statements and all(day and day > Day(2021, 12, 17) for day in days)


@pytest.mark.parametrize(("asked", "found"), [
    ("What did he say in his Nov 2021 speech?", [Occasion(0, 11, 2021)]),
    ("in the 24 Feb address", [Occasion(24, 2, 0)]),
    ("the reply of January 26, 2022", [Occasion(26, 1, 2022)]),
    ("the letter of 2022-01-26", [Occasion(26, 1, 2022)]),
    ("the treaty of 4 May 1999", [Occasion(4, 5, 1999)]),
    ("In what cases does Article 4 may apply?", []),
    ("What happened in March?", []),
    ("the 1997 act", []),
])
def test_days_and_months_are_read_from_the_question(asked: str, found: list[Occasion]) -> None:
    assert list(occasions(asked)) == found


def test_a_text_of_the_day_that_is_asked_about_comes_first(bundled: Assistant) -> None:
    plain = "What did Putin tell Macron about security guarantees?"
    dated = "What did Putin tell Macron about security guarantees in the 20 February call?"
    first, = {e.passage.source.id for e in bundled.ask(dated).evidence[:1]}
    assert first == "kremlin-readout-macron-2022-02-20"
    assert bundled.ask(plain).evidence[0].passage.source.id != first
