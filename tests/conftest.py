"""What all tests share: a clean environment, the bundled corpus, small corpora written in place."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.embeddings import BundledEmbedder, Embedder
from assistant.settings import PREFIX, Settings, read_settings
from tests.chroma_server import ChromaServer, chroma_server, free_port
from tests.served import Served, served
from tests.stub_server import StubServer, stub_server
from tests.web_server import WebServer, web_server

MATTER = """---
id: {id}
title: {title}
kind: {kind}
voice: {voice}
date: {date}
status: {status}
language: {language}
text_kind: {text_kind}
checked: full_text
---
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--forbid-skips", action="store_true", help="a skipped test fails (for CI)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("forbid_skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which --forbid-skips does not allow: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine's, no `.env` of the checkout's."""
    for variable in os.environ:
        if variable.startswith((PREFIX, "OPENAI_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return BundledEmbedder()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all that asks the bundled corpus, so that its index is built once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def bundled(home: Path) -> Iterator[Assistant]:
    """The assistant over the bundled corpus, without a model."""
    patch = pytest.MonkeyPatch()
    for variable in [v for v in os.environ if v.startswith(PREFIX)]:
        patch.delenv(variable)
    yield Assistant.open(read_settings(home=home))
    patch.undo()


@pytest.fixture(scope="session")
def open_server(bundled: Assistant) -> Iterator[Served]:
    """All doors over the bundled corpus, for everybody; the tests play a proxy before it."""
    with served(bundled, trust="127.0.0.1", per_minute=5) as server:
        yield server


@pytest.fixture(scope="session")
def team_server(bundled: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same for three users."""
    users = tmp_path_factory.mktemp("users") / "users.json"
    with served(bundled, auth=f"users:{users}", trust="127.0.0.1") as server:
        yield server


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    def make(**overrides: object) -> Settings:
        return read_settings(**{"home": tmp_path / "home", **overrides})

    return make


@pytest.fixture
def write_source(tmp_path: Path) -> Callable[..., Path]:
    """Write a document with front matter into `tmp_path/corpus` and return its path."""

    def write(id: str, text: str, **fields: str) -> Path:
        known = {
            "id": id, "title": f"Title of {id}", "kind": "treaty", "voice": "Parties",
            "date": "1904-05-03", "status": "in_force", "text_kind": "original", "language": "en",
            **fields,
        }
        path = tmp_path / "corpus" / f"{id}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(MATTER.format(**known) + text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def running_chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    with chroma_server(tmp_path_factory.mktemp("chroma"), free_port()) as server:
        yield server


@pytest.fixture
def chroma(running_chroma: ChromaServer) -> ChromaServer:
    """A Chroma server that holds nothing of a corpus in a folder `corpus`."""
    running_chroma.of("corpus").clear()
    return running_chroma


@pytest.fixture
def stub() -> Iterator[StubServer]:
    """A model server that behaves as the path says."""
    with stub_server() as server:
        yield server


@pytest.fixture
def web() -> Iterator[WebServer]:
    """A web server that behaves as the path says."""
    with web_server() as server:
        yield server
