"""The report of a run: one file, offline, and nothing of a document or a model runs in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from lxml import html

from assistant.evaluation.report import report_html
from assistant.evaluation.running import Result, Run
from assistant.evaluation.scoring import Cited, score
from assistant.evaluation.suite import Group
from assistant.render import AnswerJson
from tests.test_metrics import answer, citation, prompt, statement

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>{{ 7 * 7 }}"


def result(
    id: str, said: AnswerJson, model: str = "quotes", cited: Cited | None = None
) -> Result:
    asked = prompt(id=id, question=f"{EVIL} How many?", must_cite=["harbour"], note=EVIL)
    group = Group.model_validate({"name": "ships", "title": f"Ships {EVIL}", "prompts": [asked]})
    return Result(
        group=group, prompt=asked, model=model, asked=datetime(2026, 1, 2, tzinfo=UTC),
        answer=said, score=score(asked, said, cited),
    )


@pytest.fixture
def run() -> Run:
    good = answer(
        statement(f"Twelve ships. {EVIL}", 1, lead=EVIL), notices=[EVIL], withheld=1,
        citations=[citation(1, EVIL, voice=EVIL).model_copy(update={"address": "javascript:x"})],
    )
    good = good.model_copy(update={"text": f"Twelve.\n{EVIL}"})
    bad = answer(outcome="not_in_corpus").model_copy(update={"text": "Nothing is held."})
    cited = Cited(recall=0.0, precision=0.0, unsupported=(good.statements[0].text,))
    return Run(
        results=(result("a", good, cited=cited), result("b", bad)),
        before=(result("a", bad), result("b", bad)), corpus_version="1", judge="reader",
    )


def test_it_loads_nothing_and_runs_no_script(run: Run) -> None:
    page = html.fromstring(report_html(run, EVIL))
    assert page.xpath("//script | //link | //iframe | //img | //object | //@src") == []
    assert page.xpath("//@*[starts-with(name(), 'on')]") == []
    (policy,) = page.xpath("//meta[@http-equiv]/@content")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    (style,) = page.xpath("//style/text()")
    assert not re.search(r"url\(|@import", style)


def test_text_of_documents_and_models_is_shown_as_text(run: Run) -> None:
    page = html.fromstring(report_html(run, EVIL))
    assert page.text_content().count(EVIL) > 8
    assert page.xpath("//title/text()") == [EVIL]


def test_only_web_addresses_are_links(run: Run) -> None:
    assert "javascript:" not in report_html(run, "Ships")
    said = run.results[0].answer
    web = said.citations[0].model_copy(update={"address": "https://example.org/a?b=1&c=2"})
    linked = result("a", said.model_copy(update={"citations": [web]}))
    page = html.fromstring(report_html(Run(results=(linked,), before=(), corpus_version="1"), "S"))
    assert page.xpath("//article//a/@href") == ["https://example.org/a?b=1&c=2"]


def test_failures_and_changes_can_be_filtered(run: Run) -> None:
    page = html.fromstring(report_html(run, "Ships"))
    kinds = [set(article.get("class").split()) for article in page.xpath("//article")]
    assert kinds == [
        {"passes", "group-0", "model-0", "changed", "turned"}, {"fails", "group-0", "model-0"}
    ]
    assert page.xpath("//input[@id='only-fails']")
    assert page.xpath("//del[contains(., 'Nothing is held.')]")
    assert page.xpath("//ins[contains(., 'Twelve.')]")


def test_without_a_run_before_there_is_nothing_to_compare(run: Run) -> None:
    alone = Run(results=run.results, before=(), corpus_version="1")
    page = html.fromstring(report_html(alone, "Ships"))
    assert page.xpath("//input[@id='only-changed'] | //ins | //del") == []


def test_a_statement_that_the_judge_does_not_find_supported_is_marked(run: Run) -> None:
    assert "not supported, says reader" in report_html(run, "Ships")


def test_bars_show_each_share_with_its_interval(run: Run) -> None:
    page = html.fromstring(report_html(run, "Ships"))
    told = page.xpath("//figure[contains(., 'by group')]//text/text()")
    assert told[1] == "1 of 2"
    widths = [float(w) for w in page.xpath("//rect/@width")]
    assert 110.0 in widths
    assert max(widths) <= 220
