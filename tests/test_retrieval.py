from collections.abc import Callable
from pathlib import Path

from assistant.answering import Assistant
from assistant.places import places
from assistant.question import understand
from assistant.retrieval import retrieve
from assistant.settings import Settings
from assistant.types import Retrieved, Turn


def found(bundled: Assistant, text: str) -> Retrieved:
    return retrieve(understand(text), bundled.index)


def test_an_article_asked_for_by_number_and_treaty_comes_first(bundled: Assistant) -> None:
    first = found(bundled, "What does Article 5 of the North Atlantic Treaty say?").evidence[0]
    assert (first.passage.source.id, first.passage.anchor) == (
        "north-atlantic-treaty-1949", "Article 5",
    )


def test_the_party_that_is_asked_about_speaks_before_others(bundled: Assistant) -> None:
    evidence = found(bundled, "What did Russia propose about missiles?").evidence
    assert evidence[0].passage.source.voice == "Russian Federation"


def test_one_source_does_not_crowd_out_the_others(bundled: Assistant) -> None:
    evidence = found(bundled, "What is said about indivisible security?").evidence
    assert len({e.passage.source.id for e in evidence}) >= 5


def test_best_sentences_lie_inside_their_passage(bundled: Assistant) -> None:
    for e in found(bundled, "What did Russia ask about the 1997 Founding Act?").evidence:
        for span in e.best:
            assert e.passage.span.start <= span.start < span.end <= e.passage.span.end


def test_a_name_that_no_source_has_makes_the_question_unanswerable(bundled: Assistant) -> None:
    retrieved = found(bundled, "What did NATO say about Quentin Zarathustrov in 1997?")
    assert not retrieved.answerable
    assert retrieved.missing == ("Quentin Zarathustrov",)


def test_a_misspelt_name_is_still_known(bundled: Assistant) -> None:
    retrieved = found(bundled, "What did NATO promise Georgia and Ukaine at Bucharest?")
    assert retrieved.missing == ()
    assert retrieved.answerable
    meant = found(bundled, "What is the Budapset Memorandum?")
    assert meant.evidence[0].passage.source.id == "budapest-memorandum-1994"


def test_shouting_and_lower_case_are_answered_alike(bundled: Assistant) -> None:
    shouted = found(bundled, "WHAT DOES ARTICLE 5 OF THE NORTH ATLANTIC TREATY SAY?")
    quiet = found(bundled, "what does article 5 of the north atlantic treaty say?")
    assert shouted.answerable and quiet.answerable
    assert shouted.evidence[0].passage == quiet.evidence[0].passage


def test_a_follow_up_is_searched_for_with_the_questions_before_it(bundled: Assistant) -> None:
    before = [Turn("user", "What does the Budapest Memorandum say?"), Turn("assistant", "…")]
    asked = "Which states confirmed to Ukraine the independence and borders?"
    first = retrieve(understand(asked, before), bundled.index).evidence[0]
    assert first.passage.source.id == "budapest-memorandum-1994"


def test_a_new_subject_is_not_drowned_by_the_questions_before_it(bundled: Assistant) -> None:
    before = [Turn("user", "What does the Budapest Memorandum say about Ukraine?"),
              Turn("user", "And about nuclear weapons?")]
    asked = understand("What does Article 5 of the North Atlantic Treaty say?", before)
    assert asked.standalone == asked.text
    first = retrieve(asked, bundled.index).evidence[0]
    assert (first.passage.source.id, first.passage.anchor) == (
        "north-atlantic-treaty-1949", "Article 5",
    )


def test_a_roman_number_finds_the_article_that_the_text_numbers_so(bundled: Assistant) -> None:
    for asked in ("What does Article VI of the NPT say?", "What does article 6 of the NPT say?"):
        first = found(bundled, asked).evidence[0].passage
        assert (first.source.id, set(places(first.anchor))) == ("npt-1968", {("article", "6")})


def ships(write_source: Callable[..., Path], settings: Settings, names: str) -> Assistant:
    write_source("harbour", "The port of Zubrava keeps sixty ships.", title="Harbour Treaty")
    write_source("tower", "The tower of Kestrel is white and tall.", title="Tower Treaty")
    write_source("gate", "The Grey Gate League met in spring.", title="Gate Record")
    (settings.corpus / "names.yaml").write_text(names, encoding="utf-8")
    return Assistant.open(settings)


def test_a_name_finds_the_texts_that_use_another_for_the_same(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = settings_for(corpus=tmp_path / "corpus")
    assistant = ships(write_source, settings, "- [Zubrava, Soubrawa]\n- [GGL, Grey Gate League]\n")
    answer = assistant.ask("How many ships does Soubrawa keep?")
    assert answer.outcome == "answered"
    assert answer.evidence[0].passage.source.id == "harbour"
    first = assistant.ask("When did the GGL meet?").evidence[0]
    assert first.passage.source.id == "gate" and first.best
    refused = assistant.ask("How many ships does Vostrawa keep?")
    assert refused.outcome == "not_in_corpus" and not refused.statements


def test_a_name_in_capitals_is_no_common_word() -> None:
    names = [("US", "United States"), ("Kyiv", "Kiev")]
    assert understand("What did they tell us about the talks?", names=names).also_called == ()
    name, others = understand("What did the US say?", names=names).also_called[0]
    assert (name, others) == ("US", ("United States",))
    assert understand("what did kiev say?", names=names).also_called[0].others == ("Kyiv",)


def test_a_list_of_names_of_another_form_is_a_fault_that_names_the_file(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = settings_for(corpus=tmp_path / "corpus")
    fault, = ships(write_source, settings, "- Zubrava\n").corpus.faults
    assert "names.yaml" in str(fault) and "- [Kyiv, Kiev]" in str(fault)


def test_the_bundled_names_are_each_in_one_group(bundled: Assistant) -> None:
    names = [name.casefold() for group in bundled.corpus.names for name in group]
    assert len(names) == len(set(names)) > 50


def test_of_two_copies_the_one_nearest_to_the_act_is_shown_alone(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    text = (
        "Each city keeps sixty ships in the harbour of Zubrava, repairs them every spring before "
        "the thaw, and reports their number to the other cities on the first day of May. "
    )
    write_source("print", f"{text} So the book.", kind="article", title="Ships of Zubrava")
    write_source("harbour", text, title="Treaty")
    write_source("second", text, title="Second Treaty")
    write_source("reprint", text, kind="article", title="Ships of Zubrava again")
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    evidence = assistant.ask("How many ships does each city keep in Zubrava?").evidence
    # two treaties in the same words are two facts
    assert {e.passage.source.id for e in evidence} == {"harbour", "second"}
