"""Choosing a model and sources, asking again and otherwise, and what an answer tells of itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assistant.models.finding import PORTS, find_local
from tests.browser.conftest import OpenPage, serving
from tests.browser.slow_model import slow_model
from tests.browser.test_page import BUCHAREST, ask, click_example, wait_until_answered

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

FOUNDING = "What did Russia ask about the 1997 Founding Act?"
# Layout shifts that no click or key of the last half second explains, and every place at which
# the first words of the answer stood while it grew.
WATCH = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (!entry.hadRecentInput) window.shifts.push(entry.value);
    }
  }).observe({ type: "layout-shift", buffered: false });
  window.places = {};
  const look = () => {
    document.querySelectorAll("#chat p.said").forEach((said) => {
      const top = Math.round(said.getBoundingClientRect().top);
      const words = said.firstChild.textContent.slice(0, 80);
      const key = (said.closest(".short") ? "model: " : "quote: ") + words;
      (window.places[key] ??= []).push(top);
    });
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@pytest.fixture(scope="module")
def with_model(browser: Browser, home: Path) -> Iterator[str]:
    """The page with a model that writes slowly and comes to an end."""
    with slow_model(ends=True) as model, serving(home, ASSISTANT_MODEL=f"{model}#slow") as address:
        yield address


def type_model(page: Page, entry: str) -> None:
    page.click("#model input")
    page.keyboard.press("Control+A")
    page.keyboard.type(entry)
    page.keyboard.press("Enter")


def open_filters(page: Page) -> None:
    page.click("#only .label-wrap")
    page.wait_for_selector("#only-until textarea")


def pick(page: Page, field: str, words: str) -> None:
    page.click(f"#only-{field} input")
    page.keyboard.type(words)
    page.locator("[role=option]", has_text=words).first.click()
    page.keyboard.press("Escape")


def test_without_a_model_one_quiet_line_tells_how_to_add_one(open_page: OpenPage) -> None:
    page = open_page()
    if not find_local():  # someone who runs the tests may have one
        page.wait_for_selector("#model-told .quiet")
        assert "ollama/NAME" in page.inner_text("#model-told")
    assert page.input_value("#model input") == "No model: the sources themselves"


def test_a_model_that_answers_on_a_well_known_port_is_offered_and_answers(
    open_page: OpenPage,
) -> None:
    with slow_model(ends=True, ports=PORTS[1:]) as model:
        page = open_page()
        page.wait_for_selector("#model-told .quiet", state="detached")
        page.click("#model input")
        page.locator("[role=option]", has_text=f"{model}#slow").click()
        click_example(page, BUCHAREST)
        wait_until_answered(page)
        assert "In short (written by slow" in page.inner_text(".short h4")


def test_a_wrong_entry_is_told_where_it_was_typed_and_nothing_is_asked(
    open_page: OpenPage,
) -> None:
    page = open_page()
    type_model(page, "qotes<img src=x>")
    page.wait_for_selector("#model-told .fault")
    assert "There is no model 'qotes<img src=x>'." in page.inner_text("#model-told")
    page.fill("#question textarea", FOUNDING)
    page.press("#question textarea", "Enter")
    page.wait_for_timeout(500)
    assert page.locator(".asked").count() == 0
    assert page.input_value("#question textarea") == FOUNDING
    type_model(page, "quotes")
    page.wait_for_selector("#model-told .fault", state="detached")


def test_a_typed_model_answers_this_reader_only(open_page: OpenPage) -> None:
    with slow_model(ends=True) as model:
        page, other = open_page(), open_page()
        type_model(page, f"{model}#typed")
        page.wait_for_selector("#model-told .quiet", state="detached")
        click_example(page, BUCHAREST)
        click_example(other, BUCHAREST)
        wait_until_answered(page)
        wait_until_answered(other)
        assert "In short (written by typed" in page.inner_text(".short h4")
        assert other.locator(".short").count() == 0


def test_a_page_that_others_reach_takes_no_typed_model(browser: Browser, home: Path) -> None:
    """A proxy's header tells that the reader is not at this machine."""
    with serving(home) as address:
        port = address.rstrip("/").rpartition(":")[2]
        context = browser.new_context(extra_http_headers={"X-Forwarded-For": "203.0.113.5"})
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("#model-told .quiet")
        assert "who runs the page" in page.inner_text("#model-told")
        context.close()


def test_a_model_s_answer_tells_who_wrote_it_and_what_it_took(
    open_page: OpenPage, with_model: str
) -> None:
    page = open_page(at=with_model)
    click_example(page, BUCHAREST)
    wait_until_answered(page)
    assert page.inner_text(".by") == "2 sentences written by slow, below the sources' own"
    details = page.locator(".details")
    assert details.get_attribute("open") is None
    details.locator("summary").click()
    told = details.inner_text()
    for fact in ("Written by: slow", "First text: after ", "First sentence of the model: after ",
                 "Whole answer: after ", "Tokens: 321 read, 45 written", "Corpus version: "):
        assert fact in told
    page.click(".to-short")
    box = page.locator(".short").bounding_box()
    assert box and box["y"] < 850
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_while_a_model_writes_nothing_told_moves(open_page: OpenPage, with_model: str) -> None:
    page = open_page(at=with_model)
    page.evaluate(WATCH)
    ask(page, "What did NATO say about Ukraine and Georgia at Bucharest?")
    page.wait_for_selector(".short p.said")
    quoted = page.locator(".primary").first.inner_text()
    wait_until_answered(page)
    page.wait_for_timeout(300)
    assert page.locator(".primary").first.inner_text() == quoted
    places: dict[str, list[int]] = page.evaluate("window.places")
    moved = {words: sorted(set(tops)) for words, tops in places.items() if len(set(tops)) > 1}
    assert len(places) > 4
    assert moved == {}
    assert sum(page.evaluate("window.shifts")) < 0.002  # a line put above the quotes: 0.013


def test_asked_again_without_the_model_both_answers_stand_side_by_side(
    open_page: OpenPage, with_model: str
) -> None:
    page = open_page(at=with_model)
    click_example(page, BUCHAREST)
    wait_until_answered(page)
    type_model(page, "quotes")
    page.click("#again >> text=Ask again without a model")
    page.wait_for_selector(".version >> nth=1 >> .details")
    assert page.locator(".asked").count() == 1
    names = page.locator(".version > h4").all_inner_texts()
    assert names == ["With slow", "The sources themselves"]
    left, right = (page.locator(".version").nth(n).bounding_box() for n in (0, 1))
    assert left and right and left["x"] + left["width"] <= right["x"] and left["y"] == right["y"]
    page.locator(".version a.cite[href='#card-2-1']").first.click()
    page.wait_for_function("document.activeElement.id === 'card-2-1'")
    page.set_viewport_size({"width": 390, "height": 844})
    left, right = (page.locator(".version").nth(n).bounding_box() for n in (0, 1))
    assert left and right and right["y"] >= left["y"] + left["height"]


def test_an_edited_question_takes_the_place_of_the_last(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, FOUNDING)
    wait_until_answered(page)
    ask(page, "And who replied to it?")
    wait_until_answered(page)
    page.click("#edit")
    page.wait_for_function(
        "document.querySelector('#question textarea').value === 'And who replied to it?'"
    )
    page.fill("#question textarea", "And what of missiles?")
    page.press("#question textarea", "Enter")
    page.wait_for_selector(".asked >> text=And what of missiles?")
    wait_until_answered(page)
    assert page.locator(".asked").all_inner_texts() == [FOUNDING, "And what of missiles?"]
    page.click("#edit")
    page.click("#edit >> text=keep it")
    page.wait_for_selector("#edit >> text=Edit the question")
    assert page.input_value("#question textarea") == ""


def test_how_a_question_was_understood_is_shown_and_can_be_corrected(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, FOUNDING)
    wait_until_answered(page)
    assert page.locator(".understood").count() == 0
    ask(page, "And who replied to it?")
    wait_until_answered(page)
    assert f"Understood as “{FOUNDING} And who replied to it?”" in page.inner_text(".understood")
    page.click("a.correct")
    page.wait_for_function(
        "document.querySelector('#question textarea').value.endsWith('replied to it?')"
    )
    page.fill("#question textarea", "Who replied to Russia's draft agreement with NATO?")
    page.press("#question textarea", "Enter")
    page.wait_for_selector(".asked >> text=Who replied to Russia's draft")
    wait_until_answered(page)
    assert page.locator(".asked").count() == 2
    assert page.locator(".understood").count() == 0


def test_filters_show_as_chips_and_the_answer_tells_what_it_was_asked_of(
    open_page: OpenPage,
) -> None:
    page = open_page()
    open_filters(page)
    pick(page, "kinds", "official reply")
    page.fill("#only-until textarea", "2022-01")
    page.keyboard.press("Tab")
    page.wait_for_selector(".chip >> nth=1")
    assert [c.strip("×\n") for c in page.locator(".chip").all_inner_texts()] == [
        "official reply", "as of 2022-01"
    ]
    page.click("#only .label-wrap")
    ask(page, "What was said about missiles?")
    wait_until_answered(page)
    told = page.locator(".reply").inner_text()
    assert "sources only: kind official reply; until 31 January 2022" in told
    page.locator(".chip button").first.click()
    page.wait_for_selector(".chip >> nth=1", state="detached")
    page.click("#again")
    page.wait_for_selector(".version >> nth=1 >> .details")
    assert "sources only: until 31 January 2022" in page.locator(".version").nth(1).inner_text()


def test_a_filter_that_cannot_be_is_told_beside_it(open_page: OpenPage) -> None:
    page = open_page()
    open_filters(page)
    page.fill("#only-since textarea", "last year")
    page.keyboard.press("Tab")
    page.wait_for_selector("#only-told .fault")
    assert "Write it as 2022" in page.inner_text("#only-told")
    page.fill("#only-since textarea", "2021")
    page.keyboard.press("Tab")
    page.wait_for_selector("#only-told .fault", state="detached")


def test_a_filter_and_the_model_reach_a_phone(open_page: OpenPage) -> None:
    page = open_page(390, 844)
    open_filters(page)
    box: dict[str, Any] | None = page.locator("#only-until textarea").bounding_box()  # type: ignore[assignment]
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
