"""The assistant with a real small language model behind real HTTP: `make model` fetches it."""

from __future__ import annotations

import json
import os
import shutil
import signal
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
from assistant.errors import Refused
from assistant.models import Prompt, open_model
from assistant.models.local import Local
from assistant.settings import read_settings
from assistant.types import Answer, Draft, Statement
from assistant.verify import Numbering, check
from tests.local_model.get_model import FILE, model_path

pytestmark = pytest.mark.local_model

ROOT = Path(__file__).parents[2]
FOUNDING_ACT = "What did Russia ask about the 1997 Founding Act?"
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
def weights() -> Path:
    if find_spec("xllamacpp") is None:
        pytest.skip("NO LOCAL MODEL TEST RAN: xllamacpp is missing; pip install '.[local]'")
    if not _WEIGHTS.is_file():
        pytest.skip(f"NO LOCAL MODEL TEST RAN: there is no {_WEIGHTS}; make model")
    return _WEIGHTS


@pytest.fixture(scope="session")
def model(weights: Path, home: Path) -> Iterator[Local]:
    """The model, served until the session ends."""
    found = open_model(
        read_settings(home=home, model=f"gguf:{weights}", model_timeout=_MODEL_TIMEOUT)
    )
    assert isinstance(found, Local)
    yield found
    found.stop()


@pytest.fixture(scope="session")
def assistant(bundled: Assistant, model: Local) -> Assistant:
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


def test_the_model_streams_its_text(model: Local) -> None:
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
    assert told.answer.model == f"gguf:{_WEIGHTS.name}"
    assert told.answer.tokens.read > 100 and told.answer.tokens.written > 0
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


def test_the_unchanging_prompt_is_read_once(model: Local) -> None:
    system = {"role": "system", "content": "You count ships. " * 60}
    counted = []
    with model.server.client as client:
        for question in ("How many ships are there in Ardal?", "And how many boats lie in Brack?"):
            reply = client.chat.completions.create(
                model="any", max_tokens=1, messages=[system, {"role": "user", "content": question}]
            )
            counted.append(reply.usage)
    first, second = counted
    assert second.prompt_tokens_details.cached_tokens > 0.8 * first.prompt_tokens


def test_who_has_not_the_key_gets_no_answer(model: Local) -> None:
    server = model.server
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions", data=b"{}",
        headers={"Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 401
    refused.value.close()
    assert str(server.base_url).startswith("http://127.0.0.1:")


def test_a_killed_process_is_started_again(model: Local) -> None:
    prompt = Prompt("You are brief.", "Name an animal that lives in the sea.")
    assert "".join(model.stream(prompt)).strip()
    process = model.process_id
    assert process is not None
    os.kill(process, signal.SIGKILL)
    assert "".join(model.stream(prompt)).strip()
    assert model.process_id not in (None, process)


def test_a_file_that_is_cut_off_is_told(weights: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.gguf"
    with weights.open("rb") as whole, half.open("wb") as part:
        shutil.copyfileobj(whole, part)
        part.truncate(weights.stat().st_size // 2)
    model = open_model(read_settings(model=f"gguf:{half}"))
    assert model is not None
    with pytest.raises(Refused, match="half.gguf cannot be loaded: .*Is the file whole"):
        next(model.stream(Prompt("You are brief.", "Name an animal.")))


def test_a_question_on_the_command_line_is_answered_and_no_process_is_left(
    weights: Path, bundled: Assistant, tmp_path: Path
) -> None:
    named = tmp_path / "a model.gguf"  # a name that no other process has
    named.symlink_to(weights)
    environment = {
        **os.environ, "ASSISTANT_HOME": str(bundled.settings.home),
        "ASSISTANT_MODEL_TIMEOUT": str(_MODEL_TIMEOUT), "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "assistant", "ask", "--json", "--model", f"gguf:{named}",
         FOUNDING_ACT],
        capture_output=True, text=True, check=False, env=environment, timeout=600,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["outcome"] == "answered" and answer["citations"]
    assert answer["model"] == "gguf:a model.gguf" and all(count > 0 for count in answer["tokens"])
    assert all(statement["citations"] for statement in answer["statements"])
    assert not serving(named)


def serving(model: Path) -> list[str]:
    """The processes that have the file among their arguments."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if str(model) in line]
