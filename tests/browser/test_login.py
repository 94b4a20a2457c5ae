"""Logging in on the page, what is said of limits there, and logging out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.answering import Assistant
from tests.browser.test_page import ask, wait_until_answered
from tests.served import PASSWORD, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
FOUNDING_ACT = "What did Russia ask about the 1997 Founding Act?"


def test_a_user_logs_in_asks_is_told_the_limit_and_logs_out(
    browser: Browser, bundled: Assistant, tmp_path: Path
) -> None:
    users = tmp_path / "users.json"
    with served(bundled, auth=f"users:{users}", per_minute=2) as server:
        context = browser.new_context(reduced_motion="reduce")
        page = context.new_page()
        page.goto(f"{server.url}/?view=1")
        assert page.title() == "Log in"
        page.get_by_label("Name").fill("anna")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        assert page.get_by_role("alert").inner_text() == "Name or password is wrong."
        assert page.get_by_label("Name").input_value() == "anna"
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        for _ in range(2):
            ask(page, FOUNDING_ACT)
            wait_until_answered(page)
        page.fill("#question textarea", FOUNDING_ACT)
        page.keyboard.press("Enter")
        told = page.locator("#model-told .fault")
        told.wait_for()
        assert "The limit here is 2 questions a minute. Ask again in" in told.inner_text()
        assert page.input_value("#question textarea") == FOUNDING_ACT
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Password").wait_for()
        page.goto(server.url)
        assert page.title() == "Log in"
        context.close()
