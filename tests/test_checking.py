"""What the check of a model measures, and what the program says of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import pytest
from typer.testing import CliRunner

from assistant.checking import check_model
from assistant.checking.context import context_of
from assistant.checking.measuring import cited_rightly
from assistant.checking.tasks import CITING, FINDING, JUDGING
from assistant.cli import app
from assistant.cli.models import verdict
from assistant.compose.marks import Marked
from assistant.errors import Refused
from assistant.models import Abilities, Prompt, open_model, read_abilities, write_abilities
from assistant.models.endpoint import Endpoint
from assistant.models.finding import find_servers
from assistant.settings import Settings, read_settings
from assistant.types import Tokens
from tests.stub_server import StubServer, stub_server

SettingsFor = Callable[..., Settings]

KNOWING = Abilities(
    spec="gguf:small.gguf", checked=date(1904, 5, 3), context=4096, reads=70, writes=20, cites=0.2,
    judges=0.6, finds=0.9,
)


class Double:
    """A model that does as it is asked to, unless one of its faults is named."""

    name = "double"

    def __init__(self, *faults: str) -> None:
        self.tokens = Tokens()
        self.loaded = True
        self.faults = faults

    def fresh(self) -> Double:
        return Double(*self.faults)

    def load(self) -> float:
        return 0.0

    def stream(self, prompt: Prompt, temperature: float = 0.0) -> Iterator[str]:
        task = next((task for task in CITING if task.question in prompt.user), None)
        if task is None:
            time.sleep(0.02)
            for word in "Once upon a time there was a lantern .".split():
                time.sleep(0.001)
                yield f"{word} "
            self.tokens = Tokens(500, 9)
            return
        texts = [source.partition("): ")[2] for source in task.sources]
        sentences = [(text, n) for n, text in enumerate(texts, start=1)]
        if "mixes marks up" in self.faults:
            sentences = [(text, n % len(texts) + 1) for text, n in sentences]
        if prompt.schema and "ignores schemas" not in self.faults:
            items = [{"sources": [f"S{n}"], "text": text} for text, n in sentences]
            yield json.dumps({"sentences": items})
        else:
            yield " ".join(f"{text[:-1]} [S{n}]." for text, n in sentences)

    def margin(self, prompt: Prompt) -> float:
        if "tells no likelihoods" in self.faults:
            raise Refused("It does not tell.", "Ask another.", spec=self.name)
        if "always says yes" in self.faults:
            return 1.0
        true = [*(judged.true for judged in JUDGING), *(found.answers for found in FINDING)]
        return 1.0 if any(text in prompt.user for text in true) else -1.0


def test_a_model_that_does_as_asked_is_found_capable(settings_for: SettingsFor) -> None:
    told: list[tuple[int, int]] = []
    checked = check_model(Double(), settings_for(), lambda done, total: told.append((done, total)))
    found = checked.abilities
    assert (found.cites, found.schema, found.judges, found.finds) == (1.0, True, 1.0, 1.0)
    assert found.capable and checked.streams and found.spec == "double"
    assert found.reads is not None and 5_000 < found.reads <= 25_000
    assert found.writes is not None and found.writes > 50
    assert [done for done, _ in told] == list(range(told[-1][1] + 1))


@pytest.mark.parametrize(("fault", "field", "value"), [
    ("mixes marks up", "cites", 0.0),
    ("mixes marks up", "schema", False),
    ("ignores schemas", "schema", False),
    ("always says yes", "judges", 0.5),
    ("always says yes", "finds", 0.5),
    ("tells no likelihoods", "judges", None),
    ("tells no likelihoods", "finds", None),
])
def test_each_fault_is_measured(
    fault: str, field: str, value: object, settings_for: SettingsFor
) -> None:
    found = check_model(Double(fault), settings_for()).abilities
    assert getattr(found, field) == value
    assert found.capable is (fault != "mixes marks up")


def test_a_mark_is_right_only_if_its_source_says_so() -> None:
    task = CITING[0]
    sentences = [
        Marked("Farmers of the valley may use the mill.", (1,)),
        Marked("Farmers of the valley may use the mill.", (2,)),
        Marked("Farmers of the valley may use the mill.", (1, 3)),
        Marked("Farmers of the valley may use the mill.", (9,)),
        Marked("Farmers of the valley may use the mill.", ()),
        Marked("I hope that this helps.", (1,)),
    ]
    assert cited_rightly(sentences, task) == [True, False, False, False, False, False]


def test_the_keys_of_a_source_are_its_own() -> None:
    for task in CITING:
        for number, key in enumerate(task.keys):
            holding = [bool(re.search(key, text, re.IGNORECASE)) for text in task.sources]
            assert holding == [place == number for place in range(len(task.sources))], key


@pytest.mark.parametrize(("pages", "listed", "context"), [
    ({"/props": {"default_generation_settings": {"n_ctx": 8192}}}, {}, 8192),
    ({}, {"max_model_len": 32768}, 32768),
    ({"/api/v0/models": {"data": [{"id": "stub", "loaded_context_length": 4096,
                                   "max_context_length": 131072}]}}, {}, 4096),
    ({"/api/ps": {"models": [{"name": "stub", "context_length": 16384}]}}, {}, 16384),
    ({"/api/show": {"parameters": "num_ctx   2048\nstop x", "model_info": {}}}, {}, 2048),
    ({"/api/show": {"model_info": {"llama.context_length": 131072}}}, {}, 4096),
    ({"/api/show": {"model_info": {"llama.context_length": 1024}}}, {}, 1024),
    ({"/props": [], "/api/ps": {"models": 1}, "/api/show": {"model_info": None}}, {}, None),
    ({}, {}, None),
])
def test_the_context_is_read_as_each_server_tells_it(
    pages: dict[str, object], listed: dict[str, int], context: int | None, stub: StubServer
) -> None:
    stub.pages = pages
    stub.listing = (200, json.dumps({"data": [{"id": "stub", **listed}]}))
    model = open_model(read_settings(model=f"{stub.url}/v1#stub"))
    assert isinstance(model, Endpoint)
    assert context_of(model.server) == context


def test_the_context_of_a_server_that_is_gone_is_not_known() -> None:
    with stub_server() as gone:
        address = gone.at("ok")
    model = open_model(read_settings(model=f"{address}#stub"))
    assert isinstance(model, Endpoint) and context_of(model.server) is None


@pytest.mark.parametrize(("abilities", "said"), [
    (KNOWING, "points to the quotes that answer"),
    (replace(KNOWING, finds=None), "under the short prompt"),
    (replace(KNOWING, cites=0.95, reads=900), "with marks, under the prompt for capable models"),
    (replace(KNOWING, cites=0.95, reads=900, schema=True), "in JSON, under the prompt for capable"),
])
def test_the_verdict_says_what_the_program_does(abilities: Abilities, said: str) -> None:
    assert said in verdict(abilities)


def test_a_file_is_known_by_its_name_wherever_it_lies(settings_for: SettingsFor) -> None:
    settings = settings_for()
    write_abilities(settings, KNOWING)
    assert read_abilities(settings, "gguf:~/models/small.gguf") == KNOWING
    assert read_abilities(settings, "gguf:other.gguf") is None


def test_a_password_in_an_address_is_not_kept(settings_for: SettingsFor) -> None:
    settings = settings_for()
    spec = "https://me:secret@example.org/v1#small"
    write_abilities(settings, replace(KNOWING, spec=spec))
    assert "secret" not in (settings.home / "models.json").read_text(encoding="utf-8")
    assert read_abilities(settings, spec) is not None


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["models", *arguments], catch_exceptions=False)
    return done.exit_code, done.stdout


@pytest.fixture
def found(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> StubServer:
    """The stub as the only server that is looked for."""
    monkeypatch.setattr(
        "assistant.models.finding.find_servers", lambda: find_servers([stub.server_port])
    )
    return stub


def test_a_check_prints_what_it_found_and_the_list_tells_it_again(found: StubServer) -> None:
    found.text = "Nobody knows. "
    status, told = run("check", f"{found.at('ok')}#stub")
    assert status == 0
    assert re.search(r"^cites +0%", told, re.MULTILINE)
    assert re.search(r"^judges +not told", told, re.MULTILINE)
    assert "under the short prompt" in told
    status, told = run()
    assert status == 0
    assert f"{found.url}/v1#stub\n    answers\n" in told
    assert f"{found.at('ok')}#stub\n    checked before; does not answer now; cites 0%" in told


def test_the_list_begins_with_what_is_set(
    found: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "quotes\n    set; no model" in run()[1]
    monkeypatch.setenv("ASSISTANT_MODEL", f"{found.at('ok')}#stub")
    assert f"{found.at('ok')}#stub\n    set; answers\n" in run()[1]
    monkeypatch.setenv("ASSISTANT_MODEL", "http://127.0.0.1:9/v1#stub")
    assert "127.0.0.1:9/v1#stub\n    set; does not answer\n" in run()[1]


def test_a_server_with_a_lock_and_one_without_models_are_told(found: StubServer) -> None:
    found.listing = (401, '{"error": "no key"}')
    assert "#NAME\n    asks for a key: ASSISTANT_API_KEY" in run()[1]
    found.listing = (200, '{"data": []}')
    assert "#NAME\n    has no language model yet" in run()[1]


def test_without_a_server_the_list_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.models.finding.find_servers", tuple)
    told = run()[1]
    assert "No model server answers" in told and "gguf:PATH" in told


def test_a_model_that_cannot_be_reached_ends_the_check(capsys: pytest.CaptureFixture[str],
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.cli import main

    monkeypatch.setattr("sys.argv", ["assistant", "models", "check", "http://127.0.0.1:9/v1#x"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "Is the server running?" in capsys.readouterr().err
