from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.corpus.catalogue import read_document
from assistant.corpus.passages import split
from assistant.types import Draft, Passage, Span, Statement, Withheld
from assistant.verify import Numbering, check

TEXT = (
    "Article 2 of the Harbour Treaty, signed by Ardal and Brack, says that each city shall keep "
    "no more than 1,200 ships. The harbour “must stay open” to all traders—without toll."
)


@pytest.fixture
def passage(write_source: Callable[..., Path]) -> Passage:
    return split(read_document(write_source(
        "harbour", f"## Article 2\n\n{TEXT}\n", title="Harbour Treaty"
    )).source)[0]


def said(text: str, passage: Passage, **more: object) -> Statement | Withheld:
    draft = Draft(text=text, cited=((passage, passage.span),), origin="model", **more)  # type: ignore[arg-type]
    return check(draft, Numbering())


def reason(result: Statement | Withheld) -> str:
    assert isinstance(result, Withheld)
    return result.reason


@pytest.mark.parametrize("text", [
    "Article 2 of the Harbour Treaty says that each city shall keep no more than 1200 ships.",
    "Article 2, signed by Ardal and Brack, says that a city shall keep no more than 1,200 ships.",
    "The harbour “must stay open” to all traders.",
    'The harbour "must stay open".',
    "The harbour “must … open” to all traders.",
])
def test_a_sentence_in_the_passages_words_passes(text: str, passage: Passage) -> None:
    statement = said(text, passage)
    assert isinstance(statement, Statement), statement
    assert statement.citations[0].number == 1
    assert statement.citations[0].quote in TEXT


@pytest.mark.parametrize(("text", "why"), [
    ("Each city shall keep no more than 1,300 ships.", "number 1300"),
    ("Article 3 says that each city shall keep no more than 1,200 ships.", "Article 3"),
    ("Under Paragraph 2 each city shall keep no more than 1,200 ships.", "Paragraph 2"),
    ("Each city, says Oslo, shall keep no more than 1,200 ships.", "name Oslo"),
    ("Each city shall keep more than 1,200 ships.", "negation"),
    ("Each city should keep no more than 1,200 ships.", "modal"),
    ("The Harbour Treaty, signed by Brack and Brack, says that each city shall keep ships.",
     "“brack” is not what the sentence"),
    ("All traders must open the harbour.", "stand in this order"),
    ("The Harbour Treaty, Article 2.", "states nothing"),
    ("The answer is:", "states nothing"),
    ("Each city shall keep 1,200 ships.", "no"),
    ("The harbour “shall stay open” to all traders.", "is altered: the source has “must stay open"),
    ("The harbour “must stay open without toll” to all traders.", "is altered"),
    ("Each city “shall keep no more than must stay open to all traders” there.", "is stitched"),
    ("Each city “may sink every boat” there.", "is not in what it cites"),
    ("The harbour “without toll … must stay open” to all.", "quotation"),
    ("Bakers sell fresh bread beside the railway every morning.", "“bakers” is not in the"),
    ("The harbour must stay open to some traders.", "“some” is not what the sentence"),
    ("The harbour must stay open from all traders.", "“from” is not what the sentence"),
    ("The harbour must stay closed to all traders.", "“closed” is not in the sentence"),
    ("Each harbour shall keep no more than 1,200 ships.", "“harbour” is not what the sentence"),
])
def test_a_changed_sentence_is_withheld_with_the_reason(
    text: str, why: str, passage: Passage
) -> None:
    assert why in reason(said(text, passage))


def test_a_sentence_that_cites_nothing_or_an_unknown_id_is_withheld(passage: Passage) -> None:
    bare = Draft(text="Each city keeps ships.", cited=(), origin="model")
    assert "cites nothing" in reason(check(bare, Numbering()))
    unknown = Draft(text="Each city keeps ships.", cited=(), origin="model", unknown=("S99",))
    assert "S99" in reason(check(unknown, Numbering()))


def test_what_somebody_only_says_is_not_told_as_a_fact(
    write_source: Callable[..., Path],
) -> None:
    text = (
        "Maria Winter claimed that Brack had burnt every ship in the harbour. It is untrue that "
        "the lighthouse was sold to a baker in the spring. Unless the winter is mild, the council "
        "of Ardal opens the harbour to fishing boats."
    )
    path = write_source("gazette", text, title="Harbour Gazette", voice="Otto Summer",
                        kind="article")
    article = split(read_document(path).source)[0]
    burnt = said("Brack had burnt every ship in the harbour.", article)
    assert "leaves out “claimed”" in reason(burnt)
    assert "leaves out “untrue”" in reason(
        said("The lighthouse was sold to a baker in the spring.", article)
    )
    opens = said("The council of Ardal opens the harbour to fishing boats.", article)
    assert "leaves out “unless”" in reason(opens)
    assert "states nothing" in reason(said("Had Brack burnt every ship in the harbour?", article))
    whole = said("Maria Winter claimed that Brack had burnt every ship in the harbour.", article)
    assert isinstance(whole, Statement)


def test_what_is_told_of_somebody_is_not_told_without_him(
    write_source: Callable[..., Path],
) -> None:
    text = (
        "East Brack signed a treaty to become a member state of the league in May 1904, which is "
        "before its own council now. On a cold morning in East Brack the mayor sold the tower."
    )
    path = write_source("gazette", text, title="Harbour Gazette", kind="article")
    article = split(read_document(path).source)[0]
    whose = said(
        "The treaty to become a member state of the league in May 1904, which is before its own "
        "council now.", article,
    )
    assert "leaves out “East Brack”" in reason(whose)
    assert isinstance(said("The mayor sold the tower.", article), Statement)


def test_a_digests_own_words_are_no_quotation(write_source: Callable[..., Path]) -> None:
    path = write_source("digest", f"## Article 2\n\n{TEXT}", text_kind="digest")
    digest, = split(read_document(path).source)
    formula = said("The harbour “must stay open” to all traders.", digest)
    assert isinstance(formula, Statement)
    ours = said("Each city “shall keep no more than 1,200 ships”.", digest)
    assert "is not in what it cites" in reason(ours)


def test_a_quote_must_be_the_cited_characters(passage: Passage) -> None:
    span = Span(passage.span.start, passage.span.start + 9)
    exact = Draft(text="“Article 2”", cited=((passage, span),), origin="quote")
    assert isinstance(check(exact, Numbering()), Statement)
    altered = Draft(text="“Article 3”", cited=((passage, span),), origin="quote")
    assert isinstance(check(altered, Numbering()), Withheld)
    outside = Span(0, 9)
    elsewhere = Draft(text=passage.source.text[:9], cited=((passage, outside),), origin="quote")
    assert isinstance(check(elsewhere, Numbering()), Withheld)


def test_numbers_count_by_first_use_and_a_part_keeps_the_number(passage: Passage) -> None:
    numbering = Numbering()
    start, end = passage.span
    assert numbering.cite(passage, Span(start, start + 50)).number == 1
    assert numbering.cite(passage, Span(start + 60, end)).number == 2
    assert numbering.cite(passage, Span(start + 10, start + 20)).number == 1
    assert numbering.cite(passage, Span(start, start + 50)).number == 1


@pytest.fixture
def letter(write_source: Callable[..., Path]) -> Passage:
    text = "The mayor of Ardal wrote in 1905 that “twenty boats are enough” for every trader."
    return split(read_document(write_source("letter", text, title="A letter")).source)[0]


def test_a_sentence_without_a_mark_gets_the_passage_that_carries_it(
    passage: Passage, letter: Passage
) -> None:
    offered = ((letter, letter.span), (passage, passage.span))
    draft = Draft(text="Each city shall keep no more than 1,200 ships.", cited=(), origin="model",
                  offered=offered)
    statement = check(draft, Numbering())
    assert isinstance(statement, Statement)
    assert [c.passage for c in statement.citations] == [passage]
    invented = replace(draft, text="Each city shall keep no more than 1,300 ships.")
    assert "cites nothing" in reason(check(invented, Numbering()))


def test_a_wrong_mark_is_corrected_and_a_quotation_of_another_source_adds_it(
    passage: Passage, letter: Passage
) -> None:
    offered = ((letter, letter.span), (passage, passage.span))
    wrong = Draft(text="Each city shall keep no more than 1,200 ships.", origin="model",
                  cited=((letter, letter.span),), offered=offered, unknown=("S9",))
    statement = check(wrong, Numbering())
    assert isinstance(statement, Statement)
    assert [c.passage for c in statement.citations] == [passage]
    quoted = replace(wrong, text="The mayor of Ardal wrote “twenty boats are enough”.",
                     cited=((passage, passage.span),))
    corrected = check(quoted, Numbering())
    assert isinstance(corrected, Statement)
    assert [c.passage for c in corrected.citations] == [letter]
    both = replace(wrong, text="Each city shall keep no more than 1,200 ships, and “twenty boats "
                   "are enough” for every trader.", cited=((passage, passage.span),))
    joined = check(both, Numbering())
    assert isinstance(joined, Statement), joined
    assert [c.passage for c in joined.citations] == [passage, letter]


@pytest.mark.parametrize(("text", "named"), [
    ("The Harbour Treaty says that each city shall keep no more than 1,200 ships.", True),
    ("Each city shall keep no more than 1,200 ships.", False),
])
def test_a_sentence_that_does_not_say_whose_words_it_reports_is_told_whose(
    text: str, named: bool, passage: Passage
) -> None:
    statement = said(text, passage)
    assert isinstance(statement, Statement)
    assert statement.lead == ("" if named else
                              "Harbour Treaty (Parties, 3 May 1904, in force; Article 2)")


def test_of_a_sentence_carried_in_part_that_part_is_shown(passage: Passage) -> None:
    statement = said(
        "Each city shall keep no more than 1,200 ships, and the mayors drink coffee.", passage
    )
    assert isinstance(statement, Statement) and statement.support == "partial"
    assert statement.text == "Each city shall keep no more than 1,200 ships."


def test_a_part_that_another_takes_back_is_not_shown_alone(passage: Passage) -> None:
    result = said("Each city shall keep no more than 1,200 ships, but only if it rains.", passage)
    assert isinstance(result, Withheld)


class Says:
    """A judge of one opinion that remembers what it was shown."""

    name = "judge"
    threshold = 0.0

    def __init__(self, opinion: float) -> None:
        self.opinion = opinion
        self.shown: list[str] = []

    def support(self, evidence: str, statement: str) -> float:
        self.shown.append(evidence)
        return self.opinion


REWORDED = "Under what Ardal and Brack arranged, no more than 1,200 vessels belong to a city."


@pytest.mark.parametrize(("opinion", "passes"), [(1.0, True), (-1.0, False)])
def test_of_a_sentence_in_other_words_a_judge_decides(
    opinion: float, passes: bool, passage: Passage
) -> None:
    draft = Draft(text=REWORDED, cited=((passage, passage.span),), origin="model")
    assert isinstance(check(draft, Numbering()), Withheld)
    judge = Says(opinion)
    result = check(draft, Numbering(), judge)
    assert isinstance(result, Statement) is passes
    assert judge.shown[0].startswith("Harbour Treaty (Parties, 3 May 1904, in force; Article 2): ")


@pytest.mark.parametrize("text", [
    REWORDED.replace("1,200", "1,300"), REWORDED.replace("Brack", "Oslo"),
    REWORDED.replace("belong to", "“belong to”"),
])
def test_a_judge_is_not_asked_about_what_words_refute(text: str, passage: Passage) -> None:
    judge = Says(1.0)
    draft = Draft(text=text, cited=((passage, passage.span),), origin="model")
    assert isinstance(check(draft, Numbering(), judge), Withheld)
    assert judge.shown == []


@pytest.fixture
def talk(write_source: Callable[..., Path]) -> Passage:
    return split(read_document(write_source(
        "talk", "I want to stress that all responsibility for the fire will lie wholly with the "
        "guild. I will not sell the ships of the city. The guild burned the mill at night. Article "
        "5 of the Harbour Treaty was read out.\n",
        title="Speech on the fire", kind="speech", voice="Ada Stone, Mayor", status="issued",
    )).source)[0]


@pytest.mark.parametrize(("text", "why"), [
    ("Ada Stone burned the mill at night.", "said by Stone, not of Stone"),
    ("The guild, with Stone, burned the mill at night.", "said by Stone, not of Stone"),
    ("Article 5 is the Harbour Treaty.", "does not say what is “harbour”"),
    ("The guild is the night.", "does not say what is “night”"),
])
def test_who_speaks_is_not_the_one_of_whom_it_is_said(text: str, why: str, talk: Passage) -> None:
    assert why in reason(said(text, talk))


@pytest.mark.parametrize("text", [
    "Stone says that all responsibility for the fire will lie with the guild.",
    "Stone says that the guild burned the mill at night.",
    "Stone will not sell the ships of the city.",
    "Article 5 of the Harbour Treaty was read out.",
])
def test_who_speaks_may_be_named_and_stands_for_i(text: str, talk: Passage) -> None:
    assert isinstance(said(text, talk), Statement), said(text, talk)
