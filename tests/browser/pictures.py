"""The pictures of the page, made anew: `python -m tests.browser.pictures docs/pictures`.

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
from typing import TYPE_CHECKING, Literal

import pypdfium2
from playwright.sync_api import sync_playwright

from tests.browser.conftest import serving
from tests.browser.test_compare import download

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ASKED = "What did Russia ask about the 1997 Founding Act?"
SIDES = "What did Russia and the United States each say about missiles in Europe?"
ABSENT = "Who won the 1998 football world cup?"
_DESKTOP, _PHONE = (1280, 850), (390, 844)


@contextmanager
def _page(
    browser: Browser, address: str, size: tuple[int, int] = _DESKTOP,
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Page]:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce",
        device_scale_factor=1, accept_downloads=True,
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#question textarea")
    yield page
    context.close()


def _ask(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    page.wait_for_selector(".reply", timeout=60_000)
    page.wait_for_timeout(800)  # until the answer has come to rest at the top


def _exported(page: Page, folder: Path) -> bytes | None:
    """The first page of the Word file, as LibreOffice shows it; `None` without LibreOffice."""
    office = shutil.which("soffice")
    if office is None:
        return None
    document = folder / "answer.docx"
    document.write_bytes(download(page, "save-answers", "Word")[1])
    subprocess.run(
        [office, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(document)],
        check=True, capture_output=True, timeout=120,
    )
    picture = folder / "answer.png"
    pypdfium2.PdfDocument(folder / "answer.pdf")[0].render(scale=1.3).to_pil().save(picture)
    return picture.read_bytes()


def make(browser: Browser, address: str, folder: Path, work: Path) -> None:
    def keep(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png")

    for name, size, scheme in (
        ("answer-light", _DESKTOP, "light"), ("answer-dark", _DESKTOP, "dark"),
        ("answer-phone", _PHONE, "light"),
    ):
        with _page(browser, address, size, "dark" if scheme == "dark" else "light") as page:
            _ask(page, ASKED)
            if size == _DESKTOP:
                page.locator("a.cite").first.click()
                page.wait_for_timeout(300)
            keep(page, name)
            if name == "answer-light":
                page.locator(".card.current a.open-source").first.click()
                page.wait_for_selector("#reader .reading mark")
                page.wait_for_timeout(500)
                keep(page, "source-open")
    for name, question in (("disagreement", SIDES), ("abstention", ABSENT)):
        with _page(browser, address) as page:
            _ask(page, question)
            keep(page, name)
    with _page(browser, address) as page:
        _ask(page, ASKED)
        if exported := _exported(page, work):
            (folder / "export-word.png").write_bytes(exported)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as work, serving(Path(work)) as address, \
            sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        make(browser, address, folder, Path(work))
        browser.close()


if __name__ == "__main__":
    main()
