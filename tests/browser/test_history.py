"""What is kept on the page: after a reload and a restart, in the list, rated and shared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.evaluation.drafting import drafts
from assistant.evaluation.suite import open_suite
from assistant.records import Records
from tests.browser.conftest import OpenPage, free_port, serving, to_tab
from tests.browser.test_page import ask, lies_in_view, wait_until_answered

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

FOUNDING = "What did Russia ask about the 1997 Founding Act?"
FOLLOW_UP = "And who replied to it?"
TANKS = "How many tanks does the CFE Treaty allow each group?"


def open_list(page: Page) -> None:
    to_tab(page, "Conversations")
    page.wait_for_selector("#conversations .quiet")


def listed(page: Page) -> list[str]:
    return page.locator("#conversations .open").all_inner_texts()


def test_a_conversation_is_there_again_after_a_reload_and_a_restart(
    open_page: OpenPage, home: Path
) -> None:
    port = free_port()
    with serving(home, port) as address:
        page = open_page(at=address)
        ask(page, FOUNDING)
        wait_until_answered(page)
        ask(page, FOLLOW_UP)
        wait_until_answered(page)
        page.wait_for_selector(".rating >> nth=1")
        chat, pane = page.inner_text("#chat"), page.text_content("#pane")
        page.reload()
        page.wait_for_selector(".asked >> nth=1")
        assert (page.inner_text("#chat"), page.text_content("#pane")) == (chat, pane)
        page.locator("a.cite[href$='#card-2-1']").first.click()
        page.wait_for_function("document.activeElement.id === 'card-2-1'")
        assert lies_in_view(page.locator("#card-2-1 mark"))
    with serving(home, port):  # the page stays open meanwhile
        ask(page, TANKS)
        wait_until_answered(page)
        page.reload()
        page.wait_for_selector(".asked >> nth=2")
        assert page.locator(".asked").all_inner_texts() == [FOUNDING, FOLLOW_UP, TANKS]
        assert chat.replace("Correct this", "")[:1000] in page.inner_text("#chat")
        page.click("#anew")
        page.wait_for_selector(".asked", state="detached")
        page.reload()
        page.wait_for_selector("#example-0")
        page.wait_for_timeout(500)
        assert page.locator(".asked").count() == 0


def test_a_rating_and_a_link_are_given_and_taken_back(
    open_page: OpenPage, home: Path, tmp_path: Path
) -> None:
    page = open_page()
    ask(page, FOUNDING)
    wait_until_answered(page)
    ask(page, TANKS)
    wait_until_answered(page)
    row = page.locator(".rating").last
    row.wait_for()
    places = "() => [...document.querySelectorAll('#chat .turn *')].map((e) => e.offsetTop)"
    before = page.evaluate(places)
    row.locator("[name=up]").click()
    row.locator(".thanks").wait_for(state="visible")
    assert row.locator("[name=up]").get_attribute("aria-pressed") == "true"
    assert page.evaluate(places) == before
    row.locator("[name=down]").click()
    row.locator(".remark").click()
    page.fill("dialog textarea", "<b>Which</b> groups?")
    page.click("dialog .main")
    first = page.locator(".rating").first
    first.locator("[name=up]").click()
    first.locator("[name=up]").click()  # taken back
    first.locator("[name=up]").click()
    page.wait_for_timeout(500)
    page.reload()
    page.wait_for_selector(".rating.rated >> nth=1")
    assert page.locator(".chosen").evaluate_all("b => b.map((e) => e.name)") == ["up", "down"]
    assert page.locator(".remark").last.get_attribute("title") == "<b>Which</b> groups?"

    mine = [r for r in Records(home / "records.sqlite3").ratings() if r.remark or r.verdict == "up"]
    path = tmp_path / "drafts.yaml"
    path.write_text(drafts([r for r in mine if r.verdict == "up"][-1:]), encoding="utf-8")
    assert open_suite(str(path))[0].prompts[0].question == FOUNDING
    assert mine[-1].kept.answer and mine[-1].kept.answer.citations

    page.locator(".rating .share").last.click()
    page.click("dialog >> text=Make a link")
    page.wait_for_selector("dialog input:not([hidden])")
    link = page.input_value("dialog input")
    other = open_page(at=link.rpartition("shared/")[0])
    assert other.locator(".asked").count() == 0
    other.goto(link)
    assert other.inner_text("h1") == TANKS
    assert "Founding" not in other.inner_text("body")
    assert other.locator("li.card mark").count() > 0
    page.keyboard.press("Escape")
    open_list(page)
    page.click("#shares >> text=Revoke")
    page.wait_for_selector("#shares >> text=Nothing is shared")
    answer = other.goto(link)
    assert answer and answer.status == 404

    beside = page.context.new_page()
    beside.goto(link.rpartition("shared/")[0])
    open_list(beside)
    beside.click("#conversations >> text=Delete all")
    beside.click("text=Delete all for good")
    beside.wait_for_selector("#conversations >> text=can be found again")
    to_tab(page, "Ask")
    row.locator("[name=up]").click()
    row.locator(".told >> text=no longer kept here").wait_for()
    assert row.locator(".chosen").count() == 0


def test_conversations_are_searched_renamed_opened_and_deleted_by_their_reader_only(
    open_page: OpenPage,
) -> None:
    page, other = open_page(), open_page(390, 844)
    for question in (FOUNDING, TANKS):
        ask(page, question)
        wait_until_answered(page)
        page.wait_for_selector(".rating")
        page.click("#anew")
        page.wait_for_selector(".asked", state="detached")
    open_list(page)
    page.wait_for_selector("#conversations .open >> nth=1")
    assert listed(page) == [TANKS, FOUNDING]
    page.fill("#find-conversation input", "ASK Founding")
    page.wait_for_function("document.querySelectorAll('#conversations .open').length === 1")
    page.click("#conversations >> text=Rename")
    page.fill("#conversations form input", "What Russia wanted")
    page.click("#conversations form button")
    page.wait_for_selector(".open >> text=What Russia wanted")
    page.click(".open >> text=What Russia wanted")
    page.wait_for_selector("#chat .asked")
    assert page.inner_text(".asked") == FOUNDING
    page.wait_for_selector("#card-1-1")
    open_list(page)
    page.wait_for_selector("#conversations [aria-current]")
    page.fill("#find-conversation input", "")
    page.wait_for_selector("#conversations .open >> nth=1")
    current = page.locator("#conversations [aria-current]")
    current.locator("summary >> text=Delete").click()
    current.locator("text=Delete for good").click()
    page.wait_for_function("document.querySelectorAll('#conversations .open').length === 1")
    assert listed(page) == [TANKS]
    to_tab(page, "Ask")
    assert page.locator(".asked").count() == 0
    open_list(other)
    assert listed(other) == []
    assert other.evaluate("document.documentElement.scrollWidth") <= 390
