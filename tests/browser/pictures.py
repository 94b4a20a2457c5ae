"""The pictures of the page, made anew: `python -m tests.browser.pictures docs`.

The exported answer is shown as LibreOffice opens it, where that is installed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypdfium2
from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM_FLAGS, chromium_path, serving
from tests.browser.test_compare import download
from tests.browser.test_page import ask, wait_until_answered

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUESTION = "What did Russia ask about the 1997 Founding Act?"
SIDES = "What did Russia and the United States each say about missiles in Europe?"
ABSENT = "Who won the 1998 football world cup?"
_PHONE = {"width": 390, "height": 844}


@contextmanager
def _answered(browser: Browser, address: str, question: str, **context: Any) -> Iterator[Page]:
    """A page of its own with the answer on it, in a window and colours as `context` says."""
    window = {"viewport": {"width": 1280, "height": 850}, "reduced_motion": "reduce", **context}
    page = browser.new_page(**window)
    page.goto(address)
    page.wait_for_selector("#question textarea")
    ask(page, question)
    wait_until_answered(page)
    page.wait_for_timeout(800)  # until the answer has come to rest at the top
    yield page
    page.close()


def _open_card(page: Page) -> None:
    page.locator("a.cite").first.click()
    page.wait_for_selector(".card.current:not(.flash)")


def _open_source(page: Page) -> None:
    page.locator(".card.current a.open-source").click()
    page.wait_for_selector("#reader .reading:focus mark")
    page.wait_for_selector("#timeline-plot :is(canvas, svg)")  # drawn last
    page.wait_for_timeout(500)  # and the mark under the tab moves


def _picture_export(page: Page, picture: Path) -> None:
    """The first page of the Word file, as LibreOffice shows it."""
    office = shutil.which("soffice")
    if office is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "answer.docx"
        document.write_bytes(download(page, "save-answers", "Word")[1])
        subprocess.run(
            [office, "--headless", "--convert-to", "pdf", "--outdir", folder, str(document)],
            check=True, capture_output=True, timeout=120,
        )
        with pypdfium2.PdfDocument(document.with_suffix(".pdf")) as pdf:
            pdf[0].render(scale=1.3).to_pil().save(picture)


def make(browser: Browser, address: str, docs: Path) -> None:
    more = docs / "pictures"
    with _answered(browser, address, QUESTION) as page:
        _open_card(page)
        page.screenshot(path=docs / "screenshot.png")
        _picture_export(page, more / "export-word.png")
        _open_source(page)
        page.screenshot(path=more / "source-open.png")
    with _answered(browser, address, QUESTION, color_scheme="dark") as page:
        _open_card(page)
        page.screenshot(path=more / "answer-dark.png")
    with _answered(browser, address, QUESTION, viewport=_PHONE) as page:
        page.screenshot(path=more / "answer-phone.png")
    with _answered(browser, address, SIDES) as page:
        page.screenshot(path=more / "two-sides.png")
    with _answered(browser, address, ABSENT) as page:
        page.screenshot(path=more / "abstention.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    (folder / "pictures").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as address, \
            sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=CHROMIUM_FLAGS
        )
        make(browser, address, folder)
        browser.close()


if __name__ == "__main__":
    main()
