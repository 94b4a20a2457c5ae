"""The whole path without a model, over the bundled corpus."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from assistant.answering import Assistant, Finished, Found, Quoted, Understood
from assistant.errors import QuestionError
from assistant.models import open_model
from assistant.render import AnswerJson, answer_text, to_json, to_terminal
from assistant.settings import Settings
from assistant.types import Answer, Statement, Turn

FOUNDING_ACT = "What did Russia ask about the 1997 Founding Act?"


def by_source(answer: Answer) -> dict[str, list[Statement]]:
    grouped: dict[str, list[Statement]] = {}
    for statement in answer.statements:
        grouped.setdefault(statement.citations[0].passage.source.id, []).append(statement)
    return grouped


def test_three_different_claims_about_the_founding_act_are_told_apart(bundled: Assistant) -> None:
    answer = bundled.ask(FOUNDING_ACT)
    assert answer.outcome == "answered"
    said = by_source(answer)
    draft = [s for s in said["russia-draft-agreement-nato-2021"]
             if s.citations[0].passage.anchor.startswith("Article 4")]
    assert "27 May 1997" in draft[0].text
    assert "17 December 2021" in draft[0].lead and "draft proposal" in draft[0].lead
    reaction, = said["russia-reaction-2022-02-17"]
    assert "1997" in reaction.text and "17 February 2022" in reaction.lead
    opinion, = said["korybko-2022-02-18"]
    assert "Founding Act" in opinion.text and "opinion" in opinion.lead
    shown = answer_text(answer)
    primary, official, commentary = (
        shown.index(f"{h}:") for h in ("Primary texts", "Official statements",
                                       "Commentary and other texts"))
    assert primary < official < commentary


def test_every_statement_is_the_cited_characters_and_no_digest_is_put_in_quotation_marks(
    bundled: Assistant,
) -> None:
    for question in (FOUNDING_ACT, "What does Article 5 of the North Atlantic Treaty say?",
                     "How many tanks does the CFE Treaty allow each group?"):
        for statement in bundled.ask(question).statements:
            citation, = statement.citations
            passage = citation.passage
            assert statement.text == citation.quote
            assert passage.span.start <= citation.span.start < citation.span.end <= passage.span.end
            assert "digest of" in statement.lead
            assert not statement.text.startswith("“")


def test_an_original_is_quoted_in_quotation_marks(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    write_source("harbour", "## Article 1\n\nEach city keeps twelve ships in the harbour.\n")
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    statement, = assistant.ask("How many ships does each city keep?").statements
    assert statement.text == "“Each city keeps twelve ships in the harbour.”"
    assert statement.citations[0].quote == "Each city keeps twelve ships in the harbour."
    assert "digest" not in statement.lead


@pytest.mark.parametrize("question", [
    "Who won the 2018 World Cup?",
    "What did the Treaty of Westphalia of 1648 lay down about Germany?",
    "What does the AUKUS pact say about nuclear submarines?",
    "How do I bake sourdough bread?",
])
def test_what_the_corpus_does_not_hold_is_not_answered_and_cites_nothing(
    bundled: Assistant, question: str
) -> None:
    answer = bundled.ask(question)
    assert answer.outcome == "not_in_corpus"
    assert answer.statements == () and answer.citations == ()
    assert answer.nearest
    shown = to_terminal(answer)
    assert "does not hold" in shown and answer.nearest[0].title in shown
    assert "[1]" not in shown


def test_a_question_about_a_document_that_was_not_read_says_where_it_is(
    bundled: Assistant,
) -> None:
    answer = bundled.ask("What does Steven Pifer of Brookings think of the drafts?")
    assert answer.outcome == "not_in_corpus" and answer.citations == ()
    notice, = [n for n in answer.notices if "not read" in n]
    assert "Intended for rejection" in notice and "https://www.brookings.edu/" in notice
    assert not any("not read" in n for n in bundled.ask("Who won the 2018 World Cup?").notices)


def test_a_cited_translation_shows_the_original_wording(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    write_source("speech-ru", "Двенадцать судов держит каждый город в гавани. Мэр этим доволен.",
                 status="issued", language="ru")
    write_source("speech-en", "Each city keeps twelve ships in the harbour. The mayor is content.",
                 status="issued\nrelations: [{type: translates, to: speech-ru}]")
    answer = Assistant.open(settings_for(corpus=tmp_path / "corpus")).ask(
        "How many ships does each city keep?"
    )
    citation = json.loads(to_json(answer))["citations"][0]
    assert citation["original"] == "speech-ru"
    assert citation["original_wording"].startswith("Двенадцать судов держит")
    assert "Original wording (paired by length): Двенадцать" in to_terminal(answer)


def test_facts_that_nobody_confirmed_are_said_to_be_so(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    write_source("harbour", "Each city keeps twelve ships in the harbour.",
                 status="issued\nproposed: [voice, date]")
    answer = Assistant.open(settings_for(corpus=tmp_path / "corpus")).ask(
        "How many ships does each city keep?"
    )
    assert "read off the file, not confirmed: speaker, date" in to_terminal(answer)
    assert json.loads(to_json(answer))["citations"][0]["proposed"] == ["voice", "date"]


def test_a_follow_up_is_answered_from_what_came_before(bundled: Assistant) -> None:
    history = [Turn("user", "What does Article 4 of Russia's draft agreement with NATO say?"),
               Turn("assistant", "…")]
    answer = bundled.ask("And Article 5?", history)
    assert answer.question == "And Article 5?"
    assert "draft agreement" in answer.understood
    assert "russia-draft-agreement-nato-2021" in by_source(answer)


def test_a_russian_question_is_answered_from_names_and_numbers_with_a_notice(
    bundled: Assistant,
) -> None:
    answer = bundled.ask("Что Россия предлагала про Основополагающий акт 1997 года?")
    assert answer.outcome == "answered"
    assert any("Russian" in notice for notice in answer.notices)
    assert any("Founding Act" in s.text for s in answer.statements)


def test_events_come_in_order_and_the_last_is_the_answer(bundled: Assistant) -> None:
    events = [type(event) for event in bundled.stream(FOUNDING_ACT)]
    assert events == [Understood, Found, Quoted, Finished]


def test_a_bad_question_is_refused_and_the_next_one_answered(bundled: Assistant) -> None:
    with pytest.raises(QuestionError):
        bundled.ask("")
    assert bundled.ask(FOUNDING_ACT).outcome == "answered"


def test_the_json_has_the_promised_fields_and_agrees_with_the_answer(bundled: Assistant) -> None:
    answer = bundled.ask(FOUNDING_ACT)
    data = json.loads(to_json(answer))
    AnswerJson.model_validate(data)
    assert data["outcome"] == "answered"
    assert data["model"] == "quotes" and data["corpus_version"] == bundled.corpus.version
    numbers = [c["number"] for c in data["citations"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {n for s in data["statements"] for n in s["citations"]} == set(numbers)
    texts = {s.id: s.text for s in bundled.corpus.sources}
    for citation in data["citations"]:
        assert texts[citation["source"]][citation["start"] : citation["end"]] == citation["quote"]
        assert citation["text_kind"] == "digest" and citation["voice"] and citation["checked"]
        assert date.fromisoformat(citation["date"])
    assert all(f"[{n}]" in data["text"] for n in numbers)
    assert {"retrieved", "first_text", "total"} <= data["timings"].keys()


def test_what_another_process_adds_is_answered_from_without_a_restart(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    write_source("harbour", "Each city keeps twelve ships in the harbour.")
    settings = settings_for(corpus=tmp_path / "corpus")
    page = Assistant.open(settings)
    before = page.ask("How many ships does each city keep?").corpus_version
    write_source("letter", "The mayor asks for twenty sailing boats.")
    assert page.ask("What does the mayor ask for?").outcome == "not_in_corpus"
    Assistant.open(settings)  # as `assistant add` does in a process of its own
    answer = page.ask("What does the mayor ask for?")
    assert answer.outcome == "answered"
    assert answer.corpus_version != before


def test_control_characters_of_a_document_do_not_reach_the_terminal(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    write_source("harbour", "Each city keeps \x1b[2Jtwelve ships\u202e in the harbour.")
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    shown = to_terminal(assistant.ask("How many ships does each city keep?"))
    assert "twelve ships" in shown
    assert "\x1b" not in shown and "\u202e" not in shown


def test_a_faulty_prompt_does_not_stop_the_quotes(
    bundled: Assistant, settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    (prompts / "answer-small.txt").write_text("Report.\n---\n$evidance", encoding="utf-8")
    settings = settings_for(prompts=prompts, model="http://127.0.0.1:9/v1#none")
    assistant = Assistant(bundled.corpus, bundled.index, open_model(settings), settings)
    answer = assistant.ask(FOUNDING_ACT)
    assert answer.outcome == "answered"
    assert any("evidance" in n and "$evidence" in n for n in answer.notices)


@pytest.mark.parametrize(("question", "source"), [
    ("How much notice must a party give before withdrawing from the NPT?", "npt-1968"),
    ("How many tanks does the CFE Treaty allow each group?", "cfe-treaty-1990"),
    ("When can a State leave the Open Skies Treaty?", "open-skies-treaty-1992"),
])
def test_the_document_that_is_asked_about_by_name_speaks_first(
    bundled: Assistant, question: str, source: str
) -> None:
    first = bundled.ask(question).statements[0].citations[0].passage.source
    assert first.id == source


def test_the_answer_says_what_was_searched_for_beside_the_users_words(bundled: Assistant) -> None:
    history = [Turn("user", "What does the Founding Act say?"), Turn("assistant", "…")]
    notices = " ".join(bundled.ask("And about nuclear weapons?", history).notices)
    assert "after “What does the Founding Act say?”" in notices
    # only where the sources have no such name
    other = bundled.ask("What happened in Byelorussia?").notices
    assert "The sources say Belarus for “Byelorussia”." in other
    assert not any("searched for" in n or "sources say" in n
                   for n in bundled.ask("What happened in Belarus?").notices)
