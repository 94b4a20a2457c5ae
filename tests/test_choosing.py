"""A model that points to the quotes that answer, in place of writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from assistant.answering import Assistant, Finished, Quoted, Stated
from assistant.models import Abilities, Prompt, write_abilities
from assistant.render import answer_text
from assistant.settings import Settings
from assistant.types import Tokens
from tests.stub_server import StubServer

SettingsFor = Callable[..., Settings]
QUESTION = "Who pays the harbour toll?"


class Discerning:
    """A model that finds an answer only where it sees the given words."""

    name = "discerning"
    tokens = Tokens()
    loaded = True

    def __init__(self, words: str) -> None:
        self.words = words
        self.prompts: list[Prompt] = []

    def stream(self, prompt: Prompt, temperature: float = 0.0) -> Iterator[str]:
        raise AssertionError("it is not asked to write")

    def margin(self, prompt: Prompt) -> float:
        self.prompts.append(prompt)
        return 1.0 if self.words in prompt.user else -1.0

    def fresh(self) -> Discerning:
        return self

    def load(self) -> float:
        return 0.0


@pytest.fixture
def harbour(write_source: Callable[..., Path], tmp_path: Path) -> Path:
    write_source("treaty", "## Article 2\n\nThe harbour toll is paid by all ships that enter.\n")
    write_source("letter", "## Page 1\n\nThe mayor says the harbour toll is paid by nobody.\n")
    write_source("report", "## Page 1\n\nThe harbour toll was raised, and it is paid in crowns.\n")
    return tmp_path / "corpus"


def test_the_two_likeliest_quotes_stand_on_top_and_all_stay_below(
    harbour: Path, settings_for: SettingsFor
) -> None:
    settings = settings_for(corpus=harbour, model_use="choose")
    plain = Assistant.open(settings)
    model = Discerning("nobody")
    assistant = Assistant(plain.corpus, plain.index, model, settings)
    events = list(assistant.stream(QUESTION))
    quoted, = [e for e in events if isinstance(e, Quoted)]
    chosen = [e.statement for e in events if isinstance(e, Stated)]
    last = events[-1]
    assert isinstance(last, Finished)
    assert len(quoted.statements) == 3 == len(model.prompts)
    assert last.answer.statements == (*quoted.statements, *chosen)
    assert [s.origin for s in chosen] == ["choice", "choice"]
    assert chosen[0].citations[0].passage.source.id == "letter"
    assert chosen[0].citations[0] in {s.citations[0] for s in quoted.statements}
    text = answer_text(last.answer)
    assert text.startswith("In short (chosen by discerning from what the sources say)")


def test_the_question_stands_before_what_changes_so_that_a_server_keeps_it(
    harbour: Path, settings_for: SettingsFor
) -> None:
    settings = settings_for(corpus=harbour, model_use="choose")
    plain, model = Assistant.open(settings), Discerning("nobody")
    Assistant(plain.corpus, plain.index, model, settings).ask(QUESTION)
    first, *others = model.prompts
    head = first.user[: first.user.index(QUESTION) + len(QUESTION)]
    assert all(p.system == first.system and p.user.startswith(head) for p in others)


@pytest.mark.parametrize(("judges", "chosen"), [(0.95, True), (0.55, False), (None, False)])
def test_what_was_measured_decides_unless_the_setting_does(
    judges: float | None, chosen: bool, harbour: Path, settings_for: SettingsFor,
    stub: StubServer,
) -> None:
    settings = settings_for(corpus=harbour, model=f"{stub.at('unsure')}#stub")
    measured = Abilities(spec=settings.model, checked=date.today(), judges=judges)
    write_abilities(settings, measured)
    answer = Assistant.open(settings).ask(QUESTION)
    assert any(s.origin == "choice" for s in answer.statements) is chosen
    asked = settings.model_copy(update={"model_use": "choose"})
    answer = Assistant.open(asked).ask(QUESTION)
    assert any(s.origin == "choice" for s in answer.statements)


def test_a_server_that_tells_no_likelihoods_leaves_the_quotes_and_says_so(
    harbour: Path, settings_for: SettingsFor, stub: StubServer
) -> None:
    spec = f"{stub.at('plain')}#stub"
    answer = Assistant.open(settings_for(corpus=harbour, model=spec, model_use="choose")).ask(
        QUESTION
    )
    assert answer.outcome == "answered" and {s.origin for s in answer.statements} == {"quote"}
    assert any("how likely its words are" in notice for notice in answer.notices)
