"""Which models a reader may pick on the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.render import say_model
from assistant.settings import Settings
from assistant.web import models

Make = Callable[..., Settings]
LOCAL = "http://127.0.0.1:8080/v1#any"


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "find_local", lambda: ("ollama/llama3.1",))


def test_offered_are_no_model_the_configured_one_and_those_found(settings_for: Make) -> None:
    assert models.offered(settings_for()) == ("quotes", "ollama/llama3.1")
    assert models.offered(settings_for(model="gpt-4o")) == ("quotes", "gpt-4o", "ollama/llama3.1")


def test_a_password_in_the_setting_is_not_shown_and_the_entry_still_works(
    settings_for: Make,
) -> None:
    settings = settings_for(model="http://me:secret@127.0.0.1:8080/v1#any")
    assert models.offered(settings)[1] == LOCAL
    assert models.choose(settings, LOCAL, free=False) == settings.model


def test_the_folder_of_a_model_s_file_is_not_shown(settings_for: Make, tmp_path: Path) -> None:
    file = tmp_path / "secret folder" / "small.gguf"
    file.parent.mkdir()
    file.write_bytes(b"GGUF" + bytes(60))
    settings = settings_for(model=f"gguf:{file}")
    assert models.offered(settings)[1] == "gguf:small.gguf"
    assert models.choose(settings, "gguf:small.gguf", free=False) == settings.model
    assert say_model(settings.model) == "small"


def test_a_free_entry_is_taken_where_it_may_be(settings_for: Make) -> None:
    assert models.choose(settings_for(), f" {LOCAL} ", free=True) == LOCAL


@pytest.mark.parametrize("entry", [LOCAL, "gpt-4o", "gguf:/etc/passwd", "", "ollama/llama3.2"])
def test_elsewhere_nothing_is_taken_but_what_is_offered(entry: str, settings_for: Make) -> None:
    with pytest.raises(SettingsError) as caught:
        models.choose(settings_for(), entry, free=False)
    assert caught.value.next_step == "Pick one of: quotes, ollama/llama3.1."


@pytest.mark.parametrize("entry", ["quotes", "ollama/llama3.1"])
def test_what_is_offered_is_taken_everywhere(entry: str, settings_for: Make) -> None:
    assert models.choose(settings_for(), entry, free=False) == entry


def test_a_wrong_entry_is_told_with_the_next_step(settings_for: Make) -> None:
    with pytest.raises(SettingsError) as caught:
        models.choose(settings_for(), "qotes", free=True)
    assert caught.value.next_step == "Did you mean 'quotes'?"
    shown = models.fault_html(SettingsError("<b>", "<i>", variable="ASSISTANT_MODEL"))
    assert "&lt;b&gt;" in shown and "&lt;i&gt;" in shown


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.1:7860", "::1", "[::1]:7860"])
def test_these_addresses_are_this_machine(host: str) -> None:
    assert models.is_loopback(host)


@pytest.mark.parametrize("host", [
    "0.0.0.0", "::", "192.168.1.2", "example.org:80", "", "127.0.0.1.example.org", "[x",
])
def test_these_are_not(host: str) -> None:
    assert not models.is_loopback(host)


@pytest.mark.parametrize(("listening", "headers", "own"), [
    ("127.0.0.1", {"host": "127.0.0.1:7860"}, True),
    ("localhost", {"host": "localhost:7860"}, True),
    ("0.0.0.0", {"host": "127.0.0.1:7860"}, False),
    ("127.0.0.1", {"host": "strangers.example:7860"}, False),
    ("127.0.0.1", {"host": "127.0.0.1:7860", "x-forwarded-for": "203.0.113.5"}, False),
    ("127.0.0.1", {}, False),
])
def test_only_a_browser_at_the_machine_itself_may_type_an_entry(
    listening: str, headers: dict[str, str], own: bool
) -> None:
    assert models.at_the_machine(listening, headers) is own


def test_how_to_add_a_model_is_told_only_where_there_is_none() -> None:
    assert "ollama/NAME" in models.told_html(("quotes",), free=True)
    assert "ASSISTANT_MODEL" in models.told_html(("quotes",), free=False)
    assert models.told_html(("quotes", "gpt-4o"), free=True) == ""
