"""Metrics against examples worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from assistant.evaluation.metrics import (
    BY_NAME,
    METRICS,
    compare,
    figure,
    paired_bootstrap,
    percentiles,
    say,
    wilson,
)
from assistant.evaluation.scoring import Score, citations_judged, score
from assistant.evaluation.suite import TestPrompt
from assistant.render import (
    AnswerJson,
    CitationJson,
    EvidenceJson,
    StatementJson,
    WithheldJson,
)
from assistant.types import EVERYTHING, Origin, Outcome, TextKind, Tokens


def citation(
    number: int, quote: str, source: str = "harbour", voice: str = "Mayor",
    text_kind: TextKind = "original",
) -> CitationJson:
    return CitationJson(
        number=number, source=source, title=f"Title of {source}", anchor=f"Article {number}",
        quote=quote, start=0, end=len(quote), voice=voice, kind="speech", date="1904-05-03",
        status="issued", text_kind=text_kind, checked="full_text", address=None, proposed=[],
        original=None, original_wording="",
    )


def statement(
    text: str, *citations: int, origin: Origin = "quote", lead: str = ""
) -> StatementJson:
    return StatementJson(
        text=text, lead=lead, citations=list(citations), support="full", origin=origin
    )


def answer(
    *statements: StatementJson, citations: Sequence[CitationJson] = (),
    outcome: Outcome = "answered", withheld: int = 0, evidence: Sequence[EvidenceJson] = (),
    premise: str = "", notices: Sequence[str] = (), total: float = 0.1,
) -> AnswerJson:
    return AnswerJson.model_validate({
        **AnswerJson.model_construct(
            question="?", understood="?", scope=EVERYTHING, outcome=outcome, text="",
            statements=list(statements), citations=list(citations), evidence=list(evidence),
            withheld=[WithheldJson(text="x", reason="y")] * withheld, nearest=[], premise=premise,
            notices=list(notices), model="quotes", corpus_version="1",
            timings={"first_text": 0.05, "total": total}, tokens=Tokens(),
        ).model_dump(),
    })


def prompt(**fields: object) -> TestPrompt:
    return TestPrompt.model_validate(
        {"id": "ships", "question": "How many?", "expect": ["answered"], **fields}
    )


SHIPS = citation(1, "Each city keeps twelve ships.")
TWELVE = answer(statement("Each city keeps twelve ships.", 1), citations=[SHIPS])


def test_an_answer_with_all_that_is_wanted_passes() -> None:
    got = score(prompt(facts=[{"vital": ["twelve", "12"]}], must_cite=["harbour"]), TWELVE)
    assert got.faults == ()
    assert (got.vital, got.sources) == ((True,), 1.0)


def test_what_an_answer_lacks_is_named() -> None:
    wanted = prompt(
        facts=[{"vital": ["thirteen"]}, {"okay": ["city"]}], must_cite=["treaty"],
        must_not=["twelve ships"],
    )
    assert score(wanted, TWELVE).faults == (
        "lacks “thirteen”", "cites none of the wanted sources", "asserts “twelve ships”"
    )


def test_facts_are_weighted_vital_one_okay_a_half() -> None:
    facts = [{"vital": ["twelve"]}, {"vital": ["lamp"]}, {"okay": ["city"]}]
    got = score(prompt(facts=facts), TWELVE)
    assert BY_NAME["vital_facts"].value(got) == 1 / 2
    assert BY_NAME["facts"].value(got) == pytest.approx((1 + 0.5) / 2.5)


def test_one_of_two_sides_cited_is_half_of_the_sources() -> None:
    got = score(prompt(sides=[["harbour", "other"], ["treaty"]]), TWELVE)
    assert got.sources == 1 / 2
    assert "cites one side only" in got.faults


def test_a_fact_in_a_notice_alone_is_not_told() -> None:
    got = score(prompt(facts=[{"vital": ["thirteen"]}]), answer(
        statement("Each city keeps twelve ships.", 1), citations=[SHIPS], notices=["thirteen"]
    ))
    assert got.vital == (False,)


def test_what_is_put_against_a_false_premise_is_told() -> None:
    got = score(
        prompt(expect=["premise_not_supported"], facts=[{"vital": ["never signed"]}]),
        answer(outcome="premise_not_supported", premise="The draft was never signed."),
    )
    assert got.passed


def abstentions() -> dict[str, Score]:
    """Six prompts: three without an answer (two abstained), two with one (one refused), and one
    where both is right (abstained)."""
    silent = answer(outcome="not_in_corpus")
    nothing, either = prompt(expect=["not_in_corpus"]), prompt(expect=["answered", "not_in_corpus"])
    return {
        "a": score(nothing, silent), "b": score(nothing, silent), "c": score(nothing, TWELVE),
        "d": score(prompt(), TWELVE), "e": score(prompt(), silent), "f": score(either, silent),
    }


@pytest.mark.parametrize(
    ("name", "mean", "cases"),
    [
        ("abstention_precision", 3 / 4, 4),  # a, b, e, f abstained; e should not have
        ("abstention_recall", 2 / 3, 3),
        ("false_refusals", 1 / 2, 2),
        ("outcome", 4 / 6, 6),
    ],
)
def test_abstention_is_counted_on_both_sides(name: str, mean: float, cases: int) -> None:
    got = figure(BY_NAME[name], abstentions().values())
    assert got.mean == pytest.approx(mean)
    assert got.cases == cases


def test_an_abstention_of_the_wrong_kind_is_an_abstention_with_the_wrong_outcome() -> None:
    got = score(prompt(expect=["document_silent"]), answer(outcome="not_in_corpus"))
    assert (got.right, got.abstained, got.abstention_fits) == (False, True, True)


def test_facts_are_not_wanted_of_an_abstention_that_is_right() -> None:
    either = prompt(expect=["answered", "not_in_corpus"], facts=[{"vital": ["x"]}],
                    must_cite=["treaty"])
    assert score(either, answer(outcome="not_in_corpus")).passed


def words_in(premise: str, claim: str) -> bool:
    """A judge for the tests: every word of the claim stands in the premise."""
    return set(claim.split()) <= set(premise.split())


def test_citation_recall_and_precision_are_those_of_alce() -> None:
    """First statement: 1 alone supports it, so 2 is not needed: recall 1, precise 1 of 2.
    Second: only 2 and 3 together: recall 1, precise 2 of 2. Third: not supported: 0, 0 of 1.
    Fourth: cites nothing: 0."""
    got = citations_judged(
        answer(
            statement("red green", 1, 2), statement("blue white", 2, 3), statement("black", 1),
            statement("grey"),
            citations=[citation(1, "red green"), citation(2, "red blue"), citation(3, "white")],
        ),
        words_in,
    )
    assert got.recall == 2 / 4
    assert got.precision == 3 / 5
    assert got.unsupported == ("black", "grey")


def test_the_passage_is_the_premise_where_it_is_known() -> None:
    evidence = EvidenceJson(
        passage="p", source="harbour", anchor="Article 1", score=1.0, text="red green blue"
    )
    one = answer(statement("blue", 1), citations=[citation(1, "red")], evidence=[evidence])
    assert citations_judged(one, words_in).recall == 1
    assert citations_judged(
        answer(statement("blue", 1), citations=[citation(1, "red")]), words_in
    ).recall == 0


def test_without_a_judge_nothing_is_said_of_support() -> None:
    got = score(prompt(), TWELVE)
    assert got.cited is None
    assert say(figure(BY_NAME["citation_recall"], [got])) == "–"


@pytest.mark.parametrize(
    ("text", "quote", "kind", "verbatim"),
    [
        ("“twelve  ships”", "Each keeps twelve ships.", "original", (True,)),
        ("“twelve ships”", "Each keeps twelve old ships.", "original", (False,)),
        ("“shall keep”", "Each should keep.", "original", (False,)),
        ("“welve ship”", "Each keeps twelve ships.", "original", (False,)),
        ("“Each keeps twelve ships”", "Each keeps twelve ships.", "digest", (False,)),
        ("“twelve ships”", 'Each keeps "twelve ships" here.', "digest", (True,)),
        ("Each keeps twelve ships.", "Each keeps twelve ships.", "digest", ()),
    ],
)
def test_a_quotation_is_the_sources_own_words(
    text: str, quote: str, kind: TextKind, verbatim: tuple[bool, ...]
) -> None:
    one = answer(statement(text, 1), citations=[citation(1, quote, text_kind=kind)])
    assert score(prompt(), one).quotations == verbatim


def test_a_quotation_that_is_asked_for_has_to_be_there() -> None:
    assert "quotes nothing" in score(prompt(quotation=True), TWELVE).faults
    quoting = answer(statement("“twelve ships”", 1), citations=[SHIPS])
    assert score(prompt(quotation=True), quoting).passed


@pytest.mark.parametrize(
    ("text", "strangers"),
    [("Mayor says that ships sail.", 0), ("Lavrov said that ships sail.", 1),
     ("Ships sail.", 0)],
)
def test_a_speaker_that_no_citation_knows_is_an_error_of_attribution(
    text: str, strangers: int
) -> None:
    one = answer(statement(text, 1, origin="model"), citations=[citation(1, "Ships sail.")])
    got = score(prompt(), one)
    assert len(got.misattributed) == strangers
    assert got.passed is not strangers


def test_the_gates_own_figure_counts_only_a_models_sentences() -> None:
    one = answer(statement("a", 1), statement("b", 1, origin="model"), citations=[SHIPS],
                 withheld=3)
    assert score(prompt(), one).gate == 1 / 4
    assert score(prompt(), TWELVE).gate is None


def test_wilsons_interval() -> None:
    got = wilson(8, 10)
    assert [round(v, 3) for v in got[:3]] == [0.8, 0.490, 0.943]
    assert [round(v, 3) for v in wilson(0, 10)[:3]] == [0.0, 0.0, 0.278]
    assert math.isnan(wilson(0, 0).mean)


def test_seconds_are_told_as_median_and_95th_percentile() -> None:
    got = percentiles([float(second) for second in range(101)])
    assert (got.mean, got.high) == (50, 95)
    assert say(got, BY_NAME["total"]) == "p50 50.00, p95 95.00"


def test_the_bootstrap_finds_a_difference_that_all_prompts_show_and_none_in_noise() -> None:
    better = paired_bootstrap([0.0] * 20, [1.0] * 20)
    assert better[:3] == (1, 1, 1)
    noise = paired_bootstrap([0, 1] * 10, [1, 0] * 10)
    assert noise.mean == 0
    assert noise.low < 0 < noise.high
    # One of four prompts better: by the binomial a resample has none of it with 0.75^4 = 0.32, and
    # three or more with 0.05, four with 0.004: so the percentiles are 0 and 3/4.
    assert paired_bootstrap([0, 0, 0, 0], [0, 0, 0, 1])[:3] == (0.25, 0, 0.75)


def test_runs_are_compared_over_the_prompts_that_both_have() -> None:
    before = abstentions()
    after = {**before, "c": before["a"], "g": before["a"]}
    got = compare(BY_NAME["outcome"], before, after)
    assert got.cases == 6
    assert got.mean == pytest.approx(1 / 6)


def test_every_metric_is_defined_and_has_a_source() -> None:
    assert len(BY_NAME) == len(METRICS)
    assert all(m.definition.endswith(".") and m.source for m in METRICS)
