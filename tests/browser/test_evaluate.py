"""The tab "Evaluate": a run watched, stopped, gone on with, and its report read in the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from assistant.answering import Assistant
from assistant.errors import PromptError
from assistant.evaluation.report import REPORT
from assistant.evaluation.running import RESULTS, Run, folder_of
from assistant.settings import Settings
from assistant.web.evaluate import Told, asking, is_shown, report_html, suites
from tests.browser.conftest import OpenPage
from tests.test_running import SUITE, TEXT

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def assistant(
    tmp_path: Path, write_source: Callable[..., Path], settings_for: Callable[..., Settings]
) -> Assistant:
    write_source("harbour", TEXT)
    return Assistant.open(settings_for(corpus=tmp_path / "corpus"))


@pytest.fixture
def suite(tmp_path: Path) -> str:
    file = tmp_path / "ships.yaml"
    file.write_text(SUITE, encoding="utf-8")
    return str(file)


def test_a_run_ends_with_its_report(assistant: Assistant, suite: str) -> None:
    *_, run = asking(assistant, suite, ["quotes"], Event())
    assert isinstance(run, Run) and len(run.results) == 4
    shown = report_html(assistant.settings, suite)
    assert shown.count("<iframe") == 1 and "<script" not in shown
    frame = re.search(r'sandbox="([^"]*)" srcdoc="([^"]*)"', shown)
    assert frame and "allow-scripts" not in frame[1] and "allow-same-origin" not in frame[1]
    assert "How many ships does each city keep?" in frame[2]


def test_a_stopped_run_keeps_what_was_answered(assistant: Assistant, suite: str) -> None:
    stopping = Event()
    events = asking(assistant, suite, ["quotes", "quotes"], stopping)
    # the first answer of a process is slow enough for a look at it
    told = next(events)
    stopping.set()
    rest = list(events)
    folder = folder_of(assistant.settings, suite)
    kept = (folder / RESULTS).read_text(encoding="utf-8").splitlines()
    assert kept and (isinstance(told, Run) or isinstance(told, Told))
    assert not any(isinstance(event, Run) for event in rest)
    assert (folder / REPORT).exists() == isinstance(told, Run)


def test_without_a_model_nothing_is_run(assistant: Assistant, suite: str) -> None:
    with pytest.raises(PromptError, match="at least one"):
        list(asking(assistant, suite, [], Event()))


@pytest.mark.parametrize(("value", "host", "shown"), [
    ("auto", "127.0.0.1", True), ("auto", "0.0.0.0", False), ("on", "0.0.0.0", True),
    ("off", "127.0.0.1", False),
])
def test_who_serves_others_says_so_to_have_the_tab(
    settings_for: Callable[..., Settings], value: str, host: str, shown: bool
) -> None:
    assert is_shown(settings_for(eval=value), host) is shown


def test_every_group_of_the_bundled_prompts_can_be_picked() -> None:
    shown = suites()
    assert shown[0][1] == "bundled" and ("Quotation requests (10)", "quotations") in shown


@pytest.mark.browser
def test_a_run_is_watched_and_its_report_read(open_page: OpenPage) -> None:
    page = open_tab(open_page())
    page.get_by_label("Test prompts").click()
    page.get_by_role("option", name=re.compile("^Quotation")).click()
    page.click("#evaluate-run")
    report = page.frame_locator("#report iframe")
    report.get_by_role("heading", name=re.compile("^Test prompts: ")).wait_for()
    shown = report.locator("article:visible").count()
    assert shown >= 8
    report.locator("#only-fails").check()
    assert report.locator("article:visible").count() < shown
    with page.expect_download() as saving:
        page.click("#evaluate-save")
    saved = Path(saving.value.path()).read_text(encoding="utf-8")
    assert saved.startswith("<!doctype html>") and saved.count("<article") == shown
    page.reload()
    open_tab(page)
    assert page.locator("#report iframe").count() == 0  # the report of all prompts: none was run


def open_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Evaluate").click()
    page.wait_for_selector("#evaluate-run")
    return page
