"""What a question takes for granted, and questions of which only a part can be answered."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.render import INSTEAD, answer_text
from assistant.settings import Settings

Write = Callable[..., Path]


@pytest.mark.parametrize(("question", "source", "said"), [
    ("When was Russia's draft treaty with the United States signed?",
     "russia-draft-treaty-us-2021", "was proposed; the corpus holds no sign"),
    ("Why is the INF Treaty still in force?", "inf-treaty-1987", "is terminated"),
    ("When was the Founding Act ratified?", "nato-russia-founding-act-1997",
     "is a political commitment"),
])
def test_a_document_spoken_of_with_a_force_that_it_has_not(
    bundled: Assistant, question: str, source: str, said: str
) -> None:
    answer = bundled.ask(question)
    assert answer.outcome == "premise_not_supported"
    assert said in answer.premise
    assert answer.citations[0].passage.source.id == source
    text = answer_text(answer)
    assert text.startswith(answer.premise) and text.count(f"{INSTEAD}:") == 1


def test_the_replies_to_a_draft_that_was_never_signed_are_named(bundled: Assistant) -> None:
    answer = bundled.ask("When was Russia's draft treaty with the United States signed?")
    assert "Replies: the leaked US reply (26 January 2022)" in answer.premise


@pytest.mark.parametrize("question", [
    "Was Russia's draft treaty with the United States signed?",
    "When was the Founding Act signed?",
    "What would happen if Russia's draft treaty with the United States were signed?",
    "Why did the INF Treaty end?",
    "When did the CFE Treaty enter into force?",
])
def test_what_is_true_or_asked_openly_is_no_false_premise(
    bundled: Assistant, question: str
) -> None:
    assert bundled.ask(question).premise == ""


@pytest.fixture
def harbour(
    write_source: Write, settings_for: Callable[..., Settings], tmp_path: Path
) -> Assistant:
    write_source(
        "harbour", "## Article 1\n\nThe cities may, by common agreement, admit foreign traders to "
        "the harbour.\n\n## Article 2\n\nA city gives six months' notice before it closes the "
        "harbour.\n\n## Article 3\n\nThe mayor of Ardal refused to inspect the lighthouse.\n\n"
        "## Article 4\n\nThe bread charter of Ardal has not entered into force. Drafts of a salt "
        "treaty between Ardal and Brack lie on the table.\n",
        title="Harbour Treaty of Ardal",
    )
    return Assistant.open(settings_for(corpus=tmp_path / "corpus"))


@pytest.mark.parametrize(("question", "said"), [
    ("Why does the Harbour Treaty oblige the cities to admit foreign traders to the harbour?",
     "a duty is left open"),
    ("Since a city gives twelve months' notice before it closes the harbour, what happens next?",
     "the number is 6, not 12"),
    ("Why did the mayor of Ardal inspect the lighthouse?", "refused to inspect"),
    ("What did the mayor of Ardal see when he inspected the lighthouse?", "refused to inspect"),
    ("Since the bread charter of Ardal came into force, who bakes?", "not entered into force"),
    ("On which day did Ardal and Brack sign the salt treaty?", "Drafts of a salt treaty"),
])
def test_a_premise_that_the_sentence_turns_round_is_told(
    harbour: Assistant, question: str, said: str
) -> None:
    answer = harbour.ask(question)
    assert answer.outcome == "premise_not_supported" and said in answer.premise


@pytest.mark.parametrize("question", [
    "Why can the cities admit foreign traders to the harbour?",
    "Since a city gives six months' notice before it closes the harbour, what happens next?",
    "Why did the mayor of Ardal refuse to inspect the lighthouse?",
    "Does the Harbour Treaty oblige the cities to admit foreign traders?",
    "What happens when a city closes the harbour?",
    "On which day did Ardal and Brack draft the salt treaty?",
])
def test_a_premise_that_holds_is_answered(harbour: Assistant, question: str) -> None:
    assert harbour.ask(question).premise == ""


def test_of_two_questions_the_one_without_an_answer_is_named(harbour: Assistant) -> None:
    answer = harbour.ask(
        "Who may admit foreign traders to the harbour, and how many bakeries did the governor "
        "paint?"
    )
    assert answer.outcome == "partly_answered" and answer.statements
    assert answer.notices[-1] == (
        "No source found here speaks of this part: “how many bakeries did the governor paint”."
    )
    both = harbour.ask("Who may admit foreign traders, and when does a city close the harbour?")
    assert both.outcome == "answered"


def test_a_part_that_leans_on_an_open_one_is_open_too(harbour: Assistant) -> None:
    answer = harbour.ask(
        "How many sailors drowned with the steamer Albatross, and which city inspected it?"
    )
    assert answer.outcome == "not_in_corpus" and not answer.citations
