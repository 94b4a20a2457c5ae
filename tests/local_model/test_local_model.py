"""The assistant with a real small language model behind real HTTP: `make model` fetches it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from assistant.answering import Assistant, Event, Finished, Quoted, Stated
from assistant.models import Model, Prompt, open_model
from assistant.types import Answer, Draft, Statement
from assistant.verify import Numbering, check
from tests.local_model.get_model import FILE, model_path

pytestmark = pytest.mark.local_model

FOUNDING_ACT = "What did Russia ask about the 1997 Founding Act?"
_START_SECONDS = 60
# A small machine reads a prompt slowly: this long without a word is still no fault.
_MODEL_TIMEOUT = 240
# The environment is cleaned before each test; what names the model is read once, here.
_WEIGHTS = model_path()
# SmolLM2 seldom cites. Of any larger model at least one sentence must reach the reader.
_LARGER = _WEIGHTS.name != FILE


class Told(NamedTuple):
    """One answer with its events and when each came, in seconds."""

    answer: Answer
    events: tuple[tuple[float, Event], ...]

    def when(self, kind: type[Event]) -> list[float]:
        return [seconds for seconds, event in self.events if isinstance(event, kind)]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the model is served, until the session ends."""
    if find_spec("xllamacpp") is None:
        pytest.skip("NO LOCAL MODEL TEST RAN: xllamacpp is missing; pip install '.[local]'")
    if not _WEIGHTS.is_file():
        pytest.skip(f"NO LOCAL MODEL TEST RAN: there is no {_WEIGHTS}; make model")
    port = _free_port()
    log = tmp_path_factory.mktemp("local-model") / "server.log"
    serve = Path(__file__).with_name("serve.py")
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            [sys.executable, str(serve), str(_WEIGHTS), str(port)],
            stdout=output, stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(port, server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"The model is not served:\n{log.read_text(encoding='utf-8', errors='replace')}")


@pytest.fixture(scope="session")
def model(address: str, bundled: Assistant) -> Model:
    found = open_model(bundled.settings.model_copy(
        update={"model": f"{address}#local", "model_timeout": _MODEL_TIMEOUT}
    ))
    assert found is not None
    return found


@pytest.fixture(scope="session")
def assistant(bundled: Assistant, model: Model) -> Assistant:
    return Assistant(bundled.corpus, bundled.index, model, bundled.settings)


@pytest.fixture(scope="session")
def told(assistant: Assistant) -> Told:
    """The answer that most tests look at; the model writes it once."""
    start = time.perf_counter()
    events = tuple(
        (time.perf_counter() - start, event) for event in assistant.stream(FOUNDING_ACT)
    )
    last = events[-1][1]
    assert isinstance(last, Finished)
    return Told(last.answer, events)


def of_the_model(answer: Answer) -> list[Statement]:
    return [s for s in answer.statements if s.origin == "model"]


def test_the_model_streams_its_text(model: Model) -> None:
    prompt = Prompt("You are brief.", "Name three animals that live in the sea.")
    times = []
    pieces = []
    for piece in model.stream(prompt):
        times.append(time.perf_counter())
        pieces.append(piece)
    assert len(pieces) > 1 and "".join(pieces).strip()
    assert times[-1] > times[0]


def test_the_question_is_answered(told: Told) -> None:
    assert told.answer.outcome == "answered"
    assert told.answer.model.endswith("#local")
    assert told.answer.statements
    assert not any("ASSISTANT_MODEL" in notice for notice in told.answer.notices)


def test_the_quotes_are_there_before_the_model_has_finished(told: Told) -> None:
    quoted, = told.when(Quoted)
    finished, = told.when(Finished)
    assert quoted < 1.0 < finished
    assert all(quoted < stated <= finished for stated in told.when(Stated))
    first = next(event for _, event in told.events if isinstance(event, Quoted))
    assert first.statements == told.answer.statements[: len(first.statements)]


def test_every_sentence_of_the_model_that_is_shown_passes_the_check_again(told: Told) -> None:
    for statement in of_the_model(told.answer):
        assert statement.citations
        again = check(
            Draft(text=statement.text, origin="model",
                  cited=tuple((c.passage, c.span) for c in statement.citations)),
            Numbering(),
        )
        assert isinstance(again, Statement), again


def test_what_the_model_wrote_is_shown_with_a_citation_or_counted_as_withheld(told: Told) -> None:
    shown, withheld = of_the_model(told.answer), told.answer.withheld
    assert shown or (withheld and not _LARGER)
    assert all(statement.citations for statement in shown)
    assert all(sentence.text and sentence.reason for sentence in withheld)
    assert bool(told.answer.notices) is not bool(shown)


def test_a_question_outside_the_corpus_does_not_wait_for_the_model(assistant: Assistant) -> None:
    start = time.perf_counter()
    answer = assistant.ask("How do I bake sourdough bread?")
    assert time.perf_counter() - start < 1.0
    assert answer.outcome == "not_in_corpus"
    assert "first_model_sentence" not in answer.timings
