"""The real page in a real Chromium: the program as a subprocess, the browser in this one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
# The first start builds the index, which may take a minute on a small machine.
_START_SECONDS = 180
CHROMIUM_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]

OpenPage = Callable[..., "Page"]


@pytest.fixture(scope="session")
def address(browser: Browser, home: Path) -> Iterator[str]:
    """Where the page is served, without a model. Needs the browser first: no page without one."""
    with serving(home) as address:
        yield address


def to_tab(page: Page, name: str) -> None:
    """In a narrow window the last tabs stand in Gradio's menu "…"."""
    page.wait_for_selector("[role=tab]")
    tab = page.get_by_role("tab", name=name)
    if not tab.is_visible():
        page.locator(".overflow-menu > button").click()
        tab = page.locator(".overflow-dropdown button", has_text=name)
    tab.click()


@contextmanager
def serving(home: Path, port: int = 0, **settings: str) -> Iterator[str]:
    """`python app.py` on the port, or a free one, until the block ends."""
    port = port or free_port()
    address = f"http://127.0.0.1:{port}/"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_")}
    environment |= {"ASSISTANT_HOME": str(home), **settings}
    log = home / f"app-{port}.log"
    with log.open("w", encoding="utf-8") as output:
        program = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "--port", str(port)],
            cwd=home, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(address, program, log)
            yield address
        finally:
            program.terminate()
            program.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(address: str, program: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if program.poll() is not None:
            pytest.fail(f"app.py ended before the page was ready:\n{_read(log)}")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"No page at {address} after {_START_SECONDS} s:\n{_read(log)}")


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8")


def chromium_path() -> str:
    """Where Chromium is, or would usually be."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = chromium_path()
    if not Path(chromium).exists():
        pytest.skip(f"NO BROWSER TEST RAN: there is no Chromium at {chromium}; set CHROMIUM")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("NO BROWSER TEST RAN: playwright is not installed; pip install '.[test]'")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Open the page in a fresh context; every request, dialog and script error is kept."""
    contexts = []

    def open_it(width: int = 1280, height: int = 850, at: str = address) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(at)
        page.wait_for_selector("#question textarea")
        return page

    yield open_it
    for context in contexts:
        context.close()
