"""The report of `assistant eval` in a real browser, from the disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.evaluation.report import report_html
from assistant.evaluation.running import Result, Run
from assistant.evaluation.scoring import score
from assistant.evaluation.suite import Group
from tests.test_metrics import TWELVE, prompt

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def _result(group: str, id: str, wanted: str) -> Result:
    asked = prompt(id=id, facts=[{"vital": [wanted]}])
    return Result(
        group=Group.model_validate({"name": group, "title": group, "prompts": [asked]}),
        prompt=asked, model="quotes", asked=datetime(2026, 1, 2, tzinfo=UTC), answer=TWELVE,
        score=score(asked, TWELVE),
    )


@pytest.mark.browser
def test_failures_are_filtered_offline_and_without_a_script(
    browser: Browser, tmp_path: Path
) -> None:
    results = (_result("ships", "a", "twelve"), _result("ships", "b", "ninety"),
               _result("lamps", "c", "ninety"))
    file = tmp_path / "report.html"
    file.write_text(report_html(Run(results=results, before=(), corpus_version="1"), "Ships"),
                    encoding="utf-8")
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    assert page.locator("article:visible").count() == 3
    page.check("#only-fails")
    assert page.locator("article:visible").count() == 2
    page.check("#group-1")
    assert page.locator("article:visible").count() == 1
    assert requests == [file.as_uri()]
    context.close()
