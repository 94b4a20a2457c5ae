"""The tab "Compare", and files to keep of a comparison and of a conversation."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import docx
import pytest

from tests.browser.conftest import OpenPage, to_tab
from tests.browser.test_asking import FOUNDING
from tests.browser.test_page import ask, lies_in_view, wait_until_answered

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

DRAFT = "Russia's draft treaty with the United States"
GRID = "#compare-table table.comparison"


def open_tab(page: Page) -> None:
    to_tab(page, "Compare")
    page.wait_for_selector("#compare-suggested button")


def download(page: Page, saving: str, kind: str) -> tuple[str, bytes]:
    """The file's name and content."""
    page.click(f"#{saving}-as input")
    page.locator("[role=option]", has_text=kind).click()
    with page.expect_download() as saved:
        page.click(f"#{saving}-now")
    return saved.value.suggested_filename, saved.value.path().read_bytes()


def test_a_suggested_comparison_shows_answers_absences_and_opens_their_places(
    open_page: OpenPage,
) -> None:
    page = open_page()
    open_tab(page)
    page.locator("#compare-suggested button", has_text=DRAFT).click()
    page.wait_for_selector(GRID)
    heads = page.locator(f"{GRID} thead th").all_inner_texts()
    assert len(heads) == 4 and heads[1].startswith(DRAFT)
    assert "leaked, not officially released" in heads[2] and "digest" in heads[2]
    table = page.get_by_role("table", name=DRAFT)
    assert table.get_by_role("rowheader").count() == page.locator(f"{GRID} tbody tr").count() > 8
    row = page.locator(f"{GRID} tbody tr", has=page.locator("th", has_text="Article 2"))
    assert "our digest shows none" in row.locator("td .none").first.inner_text()
    name, written = download(page, "save-comparison", "Word")
    assert name == "comparison.docx"
    assert len(docx.Document(io.BytesIO(written)).tables[0].columns) == 3
    link = page.locator(f"{GRID} td .place a").first
    words = page.locator(f"{GRID} td .place + .words").first.text_content()
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".reading mark")
    marked = page.locator(".reading mark")
    assert words and words.strip("“”") == marked.text_content()
    assert lies_in_view(marked)
    to_tab(page, "Compare")
    assert page.locator(GRID).is_visible()


def test_texts_are_chosen_a_wrong_choice_is_told_and_a_phone_shows_cards(
    open_page: OpenPage,
) -> None:
    page = open_page()
    open_tab(page)
    page.click("#compare-go")
    page.wait_for_selector("#compare-told .fault")
    assert "No text is chosen for the rows." in page.inner_text("#compare-told")
    for field, words in (("first", "Protocol on the results"), ("others", "Package of Measures")):
        page.click(f"#compare-{field} input")
        page.keyboard.type(words)
        page.locator("[role=option]", has_text=words).first.click()
    page.keyboard.press("Escape")
    page.click("#compare-go")
    page.wait_for_selector(GRID)
    assert page.locator("#compare-told .fault").count() == 0
    row = page.locator(f"{GRID} tbody tr", has=page.locator("th", has_text="Point 6 (amnesty)"))
    assert "Point 5 (amnesty)" in row.locator("td .place").inner_text()
    page.set_viewport_size({"width": 400, "height": 850})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    above, below = (row.locator("td").nth(n).bounding_box() for n in (0, 1))
    assert above and below and below["y"] >= above["y"] + above["height"] - 1
    assert page.get_by_role("cell").count() > 20


def test_a_conversation_is_saved_in_each_form_and_copied(open_page: OpenPage) -> None:
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, FOUNDING)
    wait_until_answered(page)
    name, written = download(page, "save-answers", "Markdown")
    text = written.decode()
    assert name == "answers.md" and text.startswith(f"# {FOUNDING}")
    assert text.count("[^1-1]") == 2
    told = json.loads(download(page, "save-answers", "JSON")[1])
    assert told["answers"][0]["question"] == FOUNDING and told["references"]
    name, written = download(page, "save-answers", "Word")
    assert name == "answers.docx"
    assert docx.Document(io.BytesIO(written)).paragraphs[0].text == FOUNDING
    assert "word/footnotes.xml" in zipfile.ZipFile(io.BytesIO(written)).namelist()
    assert download(page, "save-answers", "BibTeX")[1].count(b"@misc{") >= 1
    page.click("#copy")
    page.wait_for_selector("#copy >> text=Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(FOUNDING) and "\n[1] " in copied
