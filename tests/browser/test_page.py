"""What a reader does on the page, and what must never happen there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import OpenPage, serving
from tests.browser.slow_model import slow_model

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Locator, Page

pytestmark = pytest.mark.browser

FOUNDING_ACT, _, _, BUCHAREST, WORLD_CUP = range(5)
LOCAL = ("127.0.0.1", "")


def click_example(page: Page, number: int) -> None:
    heading = page.locator("#examples .label-wrap")
    # by its class: while the page mounts, what is open may not be visible yet
    if "open" not in (heading.get_attribute("class") or "").split():
        heading.click()
    page.click(f"#example-{number}")


def ask(page: Page, text: str) -> None:
    turns = page.locator(".asked").count()
    page.fill("#question textarea", text)
    page.press("#question textarea", "Enter")
    page.wait_for_function("n => document.querySelectorAll('.asked').length > n", arg=turns)


def wait_until_answered(page: Page) -> None:
    """Until every question has its whole reply: "Ask" stands there before one starts, too."""
    page.wait_for_function(
        """() => {
          const asked = document.querySelectorAll(".asked").length;
          const replies = document.querySelectorAll("[data-testid=bot] .reply, .problem").length;
          return asked > 0 && replies === asked;
        }"""
    )
    page.wait_for_selector("#question .submit-button")


def lies_in_view(locator: Locator) -> bool:
    """Whether the top of an element is inside the window and inside the pane around it."""
    inside: bool = locator.evaluate(
        """element => {
          const box = element.getBoundingClientRect();
          const hit = document.elementFromPoint(box.left + box.width / 2, box.top + 12);
          return box.top >= 0 && box.top + 12 < innerHeight && element.contains(hit);
        }"""
    )
    return inside


def test_a_clicked_example_is_answered_with_marks_and_a_card_for_each(open_page: OpenPage) -> None:
    page = open_page()
    click_example(page, FOUNDING_ACT)
    page.wait_for_selector("a.cite")
    wait_until_answered(page)
    assert page.inner_text(".asked") == "What did Russia ask about the 1997 Founding Act?"
    marks = page.locator("a.cite").all_inner_texts()
    numbers = page.locator(".card .number").all_inner_texts()
    assert marks[0] == "[1]"
    assert sorted({m.strip("[]") for m in marks}, key=int) == numbers
    assert "Founding Act" in page.inner_text(".answer")


@pytest.mark.parametrize("key", ["click", "Enter"])
def test_a_mark_brings_its_card_into_view_and_the_cited_characters_are_marked(
    open_page: OpenPage, key: str
) -> None:
    page = open_page()
    click_example(page, FOUNDING_ACT)
    wait_until_answered(page)
    before = page.url
    mark = page.locator("a.cite", has_text="[2]").first
    if key == "click":
        mark.click()
    else:
        mark.press("Enter")
    card = page.locator("#card-1-2")
    page.wait_for_function("document.activeElement.id === 'card-1-2'")
    assert lies_in_view(card)
    assert lies_in_view(card.locator("mark"))
    said = mark.evaluate("mark => mark.closest('p.said').firstChild.textContent")
    assert card.locator("mark").text_content() == said.strip().strip("“”")
    assert page.url == before
    assert len(page.context.pages) == 1


def test_what_the_corpus_does_not_hold_is_said_and_no_card_is_shown(open_page: OpenPage) -> None:
    page = open_page()
    click_example(page, WORLD_CUP)
    page.wait_for_selector("aside.absent")
    assert "The corpus does not hold an answer to this." in page.inner_text(".absent")
    assert "Nearest: " in page.inner_text(".absent")
    assert page.locator(".card").count() == 0
    assert page.locator("a.cite").count() == 0


@pytest.mark.parametrize("markup", [
    "Founding Act <img src=x onerror=\"window.__xss=1;alert(1)\">",
    "Founding Act <script>window.__xss=1</script><b>bold</b>",
    "Founding Act **bold** _em_ `code` $x^2$ $$y$$ [link](javascript:window.__xss=1) # head",
    "Founding Act ${window.__xss=1} {{constructor}} <a href=\"javascript:window.__xss=1\">x</a>",
    "Founding Act\n\n<div onclick=window.__xss=1>later</div>\n\n# heading\n\n    code",
])
def test_markup_in_a_question_is_shown_as_typed_and_never_runs(
    open_page: OpenPage, markup: str
) -> None:
    page = open_page()
    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    ask(page, markup)
    wait_until_answered(page)
    assert page.locator(".asked").text_content() == markup
    assert page.locator(".asked *").count() == 0
    ask(page, "What is the CFE Treaty?")  # now the first question stands in the pane as well
    wait_until_answered(page)
    assert page.locator(".earlier summary *:not(.quiet)").count() == 0
    assert page.evaluate("window.__xss") is None
    assert dialogs == []


def test_a_far_too_long_question_gets_a_sentence_and_the_next_one_an_answer(
    open_page: OpenPage,
) -> None:
    page = open_page()
    ask(page, "tank " * 20_000)
    page.wait_for_selector(".problem")
    assert "The question has 99,999 characters; at most 4,000 are read." in page.inner_text(
        ".problem"
    )
    ask(page, "How many tanks does the CFE Treaty allow each group?")
    page.wait_for_selector("a.cite")
    assert "CFE Treaty" in page.locator(".answer").last.inner_text()


def test_an_empty_question_gets_a_sentence(open_page: OpenPage) -> None:
    page = open_page()
    page.click("#question .submit-button")
    page.wait_for_selector(".problem")
    assert page.inner_text(".problem").startswith("The question is empty.")


def test_no_request_leaves_this_machine(browser: Browser, address: str) -> None:
    page = browser.new_context().new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(address)
    page.wait_for_selector("#question textarea")
    click_example(page, FOUNDING_ACT)
    page.wait_for_selector("a.cite")
    wait_until_answered(page)
    page.wait_for_timeout(1_000)  # late requests; Gradio's own stream keeps the network busy
    page.context.close()
    assert len(requested) > 5
    assert [url for url in requested if (urlsplit(url).hostname or "") not in LOCAL] == []


def test_the_cards_of_an_earlier_turn_stay_within_reach(open_page: OpenPage) -> None:
    page = open_page()
    click_example(page, FOUNDING_ACT)
    wait_until_answered(page)
    first = page.locator("#card-1-1").text_content()
    ask(page, "What did NATO say about Ukraine and Georgia at Bucharest?")
    page.wait_for_selector("#card-2-1")
    wait_until_answered(page)
    assert not page.locator("#card-1-1").is_visible()
    page.locator("a.cite[href$='#card-1-1']").click()
    page.wait_for_function("document.activeElement.id === 'card-1-1'")
    assert lies_in_view(page.locator("#card-1-1"))
    assert page.locator("#card-1-1").text_content() == first


def test_links_to_official_texts_open_apart_and_tell_nothing(open_page: OpenPage) -> None:
    page = open_page()
    click_example(page, FOUNDING_ACT)
    wait_until_answered(page)
    links = page.locator("a.official")
    assert links.count() > 0
    for link in links.all():
        assert (link.get_attribute("href") or "").startswith(("https://", "http://"))
        assert link.get_attribute("target") == "_blank"
        assert link.get_attribute("rel") == "noopener noreferrer"


def test_a_new_conversation_forgets_the_old_one(open_page: OpenPage) -> None:
    page = open_page()
    click_example(page, FOUNDING_ACT)
    wait_until_answered(page)
    page.click("#anew")
    page.wait_for_function("document.querySelectorAll('.asked, .card').length === 0")
    page.wait_for_selector(f"#example-{BUCHAREST}")
    click_example(page, BUCHAREST)
    page.wait_for_selector("#card-1-1")
    assert page.locator(".earlier").count() == 0


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_scrolls_down_only_and_shows_the_sources_below(
    open_page: OpenPage, width: int
) -> None:
    page = open_page(width, 844)
    click_example(page, FOUNDING_ACT)
    wait_until_answered(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    chat, pane = page.locator("#chat").bounding_box(), page.locator("#pane").bounding_box()
    assert chat and pane and pane["y"] >= chat["y"] + chat["height"]
    page.locator("a.cite", has_text="[2]").first.click()
    page.wait_for_function("document.activeElement.id === 'card-1-2'")
    assert lies_in_view(page.locator("#card-1-2"))
    page.locator("#card-1-2 a.back").click()
    assert lies_in_view(page.locator("a.cite", has_text="[2]").first)


def test_quotes_stay_while_a_model_writes_and_after_it_is_stopped(
    open_page: OpenPage, home: Path
) -> None:
    with slow_model() as model, serving(home, ASSISTANT_MODEL=f"{model}#slow") as address:
        page = open_page(at=address)
        click_example(page, BUCHAREST)
        page.wait_for_selector(".primary a.cite")
        quoted = page.inner_text(".primary")
        page.wait_for_selector(".short a.cite")
        assert "In short (written by slow" in page.inner_text(".short h4")
        page.click("#question .stop-button")
        page.wait_for_selector("text=Stopped. What is shown was checked")
        wait_until_answered(page)
        assert page.inner_text(".primary") == quoted
        assert page.locator(".short a.cite").count() > 0
        assert page.locator("#card-1-1").count() == 1
        assert page.locator(".waiting").count() == 0
