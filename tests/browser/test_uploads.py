"""Documents dropped on the page, in a real browser; and a page that takes none."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.answering import Assistant
from assistant.settings import Settings
from assistant.web import uploads
from tests.browser.conftest import OpenPage, serving, to_tab
from tests.browser.test_sources import open_tab
from tests.files import write_docx

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Write = Callable[..., Path]
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
def assistant(
    tmp_path: Path, settings_for: Callable[..., Settings], write_source: Write
) -> Assistant:
    write_source("harbour", "Each city keeps twelve ships in the harbour.")
    return Assistant.open(settings_for(corpus=tmp_path / "corpus"))


def text_file(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_what_the_reader_corrects_is_what_is_kept(assistant: Assistant, tmp_path: Path) -> None:
    file = text_file(tmp_path, "1905-06-09-letter.txt", "Ada Stone: Twenty boats, please.")
    table, button, told, read = uploads.look([file])
    assert table["visible"] and button["visible"] and told == ""
    row = table["value"].values.tolist()[0]
    assert row == ["1905-06-09-letter.txt", "Letter", "Ada Stone", "1905-06-09", "reference", ""]
    said = uploads.add(assistant, read, [[*row[:2], "Mayor", "", "official_statement", "issued"]])
    assert "added as 1905-06-09-letter" in said
    source, = [s for s in assistant.corpus.sources if s.id != "harbour"]
    assert (source.voice, source.date, source.proposed) == ("Mayor", None, ())
    assert assistant.ask("What about the twenty boats?").outcome == "answered"


def test_each_file_that_cannot_be_read_or_kept_has_its_reason(
    assistant: Assistant, tmp_path: Path
) -> None:
    broken = tmp_path / f"{HOSTILE.replace('/', '')}.pdf"
    broken.write_bytes(b"%PDF-1.7 nothing more")
    good = text_file(tmp_path, "letter.txt", "Twenty boats, please.")
    same = text_file(tmp_path, "copy.txt", "Each city keeps twelve ships in the harbour.")
    table, _, told, read = uploads.look([str(broken), good, same])
    assert "PDF is damaged" in told and str(tmp_path) not in told and "<img" not in told
    rows = table["value"].values.tolist()
    rows[0][4] = "treety"
    said = uploads.add(assistant, read, rows)
    assert "kind" in said and "held as" in said and str(tmp_path) not in said
    assert [s.id for s in assistant.corpus.sources] == ["harbour"]
    assert uploads.look(None)[0]["visible"] is False


@pytest.fixture
def page(
    browser: Browser, open_page: OpenPage, tmp_path: Path, write_source: Write
) -> Iterator[Page]:
    write_source("harbour", "Each city keeps twelve ships in the harbour.")
    corpus = str(tmp_path / "corpus")
    with serving(tmp_path, ASSISTANT_CORPUS=corpus, ASSISTANT_UPLOADS="on") as address:
        yield open_tab(open_page(at=address))


@pytest.mark.browser
def test_a_dropped_document_is_added_listed_and_quoted(page: Page, tmp_path: Path) -> None:
    page.get_by_text("Add documents").click()
    letter = text_file(tmp_path, "letter.txt", "The mayor asks for twenty sailing boats.")
    write_docx(tmp_path / "treaty.docx")
    page.set_input_files("#drop input[type=file]", [letter, str(tmp_path / "treaty.docx")])
    page.get_by_role("button", name="Add to the corpus").click()
    page.wait_for_selector("#told li >> nth=1")
    assert "added as letter." in page.inner_text("#told")
    assert "3 sources in" in page.inner_text(".about")
    assert "3 sources" in page.inner_text(".masthead")
    assert page.locator("table.sources tbody tr").count() == 3
    page.locator("table.sources tbody tr", has_text="Letter").first.click()
    page.wait_for_selector(".reading >> text=twenty sailing boats")
    to_tab(page, "Ask")
    page.fill("#question textarea", "What does the mayor ask for?")
    page.keyboard.press("Enter")
    page.wait_for_selector(".card")
    assert "twenty sailing boats" in page.inner_text(".card mark")


@pytest.mark.browser
def test_without_the_setting_the_page_takes_no_file(address: str, open_page: OpenPage) -> None:
    page = open_tab(open_page())
    assert page.get_by_text("Add documents").count() == 0
    part = b"Content-Disposition: form-data; name=\"files\"; filename=\"a.txt\"\r\n\r\na"
    body = b"--x\r\n" + part + b"\r\n--x--"
    for path in ("gradio_api/upload", "gradio_api/upload/"):
        request = urllib.request.Request(
            address + path, body, {"Content-Type": "multipart/form-data; boundary=x"}
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        with caught.value as refusal:
            assert refusal.code == 403
