"""Models over real HTTP, the good and the bad, and what of theirs reaches the reader."""

from __future__ import annotations

import inspect
import math
import re
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import openai
import pytest

from assistant import endpoints
from assistant.answering import Assistant, Event, Finished, Quoted
from assistant.errors import (
    ContextOverflow,
    ModelError,
    Overloaded,
    Refused,
    SettingsError,
    Stalled,
    Unreachable,
)
from assistant.models import Model, Prompt, open_model, with_model
from assistant.models.endpoint import Endpoint
from assistant.settings import Settings
from assistant.settings import bundled as bundled_folder
from assistant.types import Answer, Statement
from assistant.verify import open_judge
from assistant.verify.judges import Examiner
from tests.stub_server import COUNTED, RETRY_AFTER, SHORT, StubServer, bounded, stub_server

PROMPT = Prompt("Report what the sources say.", "How many ships?")
FOUNDING_ACT = "What did Russia ask about the 1997 Founding Act?"
KEY = "sk-very-secret-5309"
# With `model_timeout=1` the quotes must stand alone soon after that second.
_SOON = 1.8

HARBOUR = (
    "Article 2 of the Harbour Treaty says that each city shall keep no more than 1,200 ships in "
    "the harbour. The harbour must stay open to all traders without toll."
)
SHIPS = "How many ships shall each city keep in the harbour?"

MISBEHAVIOURS: dict[str, tuple[type[ModelError], str]] = {
    "401": (Refused, "does not accept the key"),
    "404": (Refused, "no model 'stub'"),
    "429": (Overloaded, "no more requests"),
    "500": (Overloaded, "failed"),
    "context": (ContextOverflow, "does not fit"),
    "parameter": (Refused, ""),
    "stall": (Stalled, "sent nothing for 1 s"),
    "silent": (Stalled, "sent nothing for 1 s"),
    "pings": (Stalled, "sent nothing for 1 s"),
    "garbage": (Refused, "not understood"),
    "badjson": (Refused, "not understood"),
    "oddjson": (Refused, "not understood"),
    "failing": (ModelError, ""),
    "cut": (Unreachable, ""),
}

# What each exception of the `openai` package means. A new one must be thought about.
MEANINGS: dict[str, type[ModelError]] = {
    "OpenAIError": Refused,  # the client raises it when it finds no key
    "APIError": Refused,
    "APIStatusError": Refused,
    "APIResponseValidationError": Refused,
    "APIConnectionError": Unreachable,
    "APITimeoutError": Stalled,
    "AuthenticationError": Refused,
    "OAuthError": Refused,
    "PermissionDeniedError": Refused,
    "NotFoundError": Refused,
    "BadRequestError": Refused,
    "ConflictError": Refused,
    "UnprocessableEntityError": Refused,
    "RateLimitError": Overloaded,
    "InternalServerError": Overloaded,
    "LengthFinishReasonError": Refused,
    "ContentFilterFinishReasonError": Refused,
    "WebSocketConnectionClosedError": Refused,
    "WebSocketQueueFullError": Refused,
}
OPENAI_ERRORS = [
    kind for name in openai.__all__
    if inspect.isclass(kind := getattr(openai, name)) and issubclass(kind, openai.OpenAIError)
]

SettingsFor = Callable[..., Settings]
WriteSource = Callable[..., Path]


@pytest.fixture
def model_at(stub: StubServer, settings_for: SettingsFor) -> Callable[..., Model]:
    """The model at one of the stub's addresses."""

    def open_it(behaviour: str, **settings: object) -> Model:
        spec = f"{stub.at(behaviour)}#stub"
        model = open_model(settings_for(model=spec, **{"model_timeout": 1, **settings}))
        assert model is not None
        return model

    return open_it


@pytest.fixture
def harbour(write_source: WriteSource, settings_for: SettingsFor, stub: StubServer,
            tmp_path: Path) -> Callable[[str], Answer]:
    """Ask how many ships there may be while the model writes the given text."""
    write_source("harbour", f"## Article 2\n\n{HARBOUR}\n")

    def ask(text: str) -> Answer:
        stub.text = text
        model = f"{stub.at('ok')}#stub"
        return Assistant.open(settings_for(corpus=tmp_path / "corpus", model=model)).ask(SHIPS)

    return ask


def failure(model: Model, stub: StubServer) -> ModelError:
    def read() -> ModelError:
        with pytest.raises(ModelError) as caught:
            list(model.stream(PROMPT))
        return caught.value

    return bounded(read, stub)


def of_the_model(answer: Answer) -> list[Statement]:
    return [s for s in answer.statements if s.origin == "model"]


def test_a_model_streams_its_text_in_pieces(
    stub: StubServer, model_at: Callable[..., Model]
) -> None:
    stub.text = "Each city keeps ships [S1]. "
    pieces = list(model_at("ok").stream(PROMPT))
    assert "".join(pieces) == stub.text
    assert len(pieces) > 3 and "[S1]" not in pieces


def test_the_server_is_sent_the_prompt_the_models_name_and_a_limit(
    stub: StubServer, model_at: Callable[..., Model]
) -> None:
    list(model_at("ok").stream(PROMPT))
    request, = stub.requests
    assert request.path == "/ok/v1/chat/completions"
    assert request.body["model"] == "stub"
    assert request.body["messages"] == [
        {"role": "system", "content": PROMPT.system}, {"role": "user", "content": PROMPT.user}
    ]
    assert request.body["stream"] is True and request.body["temperature"] == 0
    assert 0 < request.body["max_tokens"] <= 1000


@pytest.mark.parametrize("behaviour", MISBEHAVIOURS)
def test_a_misbehaving_server_becomes_one_error_with_a_fact_and_a_next_step(
    behaviour: str, stub: StubServer, model_at: Callable[..., Model]
) -> None:
    kind, fact = MISBEHAVIOURS[behaviour]
    error = failure(model_at(behaviour), stub)
    assert isinstance(error, kind)
    assert fact in error.fact and error.fact.endswith(".")
    assert "ASSISTANT_MODEL=quotes" in error.next_step
    assert error.spec == f"{stub.at(behaviour)}#stub"


@pytest.mark.parametrize("behaviour", ["429", "500", "silent", "stall", "cut"])
def test_a_misbehaving_server_is_given_up_soon_after_the_timeout(
    behaviour: str, stub: StubServer, model_at: Callable[..., Model]
) -> None:
    model = model_at(behaviour)
    list(model_at("empty").stream(PROMPT))  # imports the client, which takes a second
    start = time.perf_counter()
    error = failure(model, stub)
    waits = 2 * (error.retry_after or 1.0) if isinstance(error, Overloaded) else 0
    assert time.perf_counter() - start < _SOON + waits


@pytest.mark.parametrize("behaviour", ["429", "500"])
def test_a_request_that_fails_for_a_passing_reason_is_sent_again_twice(
    behaviour: str, stub: StubServer, model_at: Callable[..., Model]
) -> None:
    failure(model_at(behaviour), stub)
    assert len(stub.requests) == 3


@pytest.mark.parametrize("behaviour", ["401", "404", "silent", "stall", "cut"])
def test_what_would_fail_again_is_not_sent_again(
    behaviour: str, stub: StubServer, model_at: Callable[..., Model]
) -> None:
    failure(model_at(behaviour), stub)
    assert len(stub.requests) == 1


def test_a_server_that_is_busy_for_a_moment_is_waited_for(
    stub: StubServer, model_at: Callable[..., Model]
) -> None:
    stub.text = "Yes."
    start = time.perf_counter()
    assert "".join(model_at("busy").stream(PROMPT)) == "Yes."
    assert time.perf_counter() - start >= RETRY_AFTER


def test_options_that_a_server_refuses_are_left_out_from_then_on(
    stub: StubServer, model_at: Callable[..., Model]
) -> None:
    stub.text = "Yes."
    model = model_at("picky")
    assert "".join(model.stream(PROMPT)) == "Yes."
    tries = len(stub.requests)
    assert "".join(model.fresh().stream(PROMPT)) == "Yes."
    assert len(stub.requests) == tries + 1
    kept = stub.requests[-1].body
    assert not {"max_tokens", "temperature", "stream_options"} & kept.keys()
    assert kept["max_completion_tokens"] == stub.requests[0].body["max_tokens"]


def test_tokens_are_counted_over_all_calls_and_anew_for_each_answer(
    stub: StubServer, model_at: Callable[..., Model]
) -> None:
    model = model_at("ok")
    for _ in range(2):
        list(model.stream(PROMPT))
    assert model.tokens == (2 * COUNTED[0], 2 * COUNTED[1])
    assert model.fresh().tokens == (0, 0)


def test_what_does_not_fit_is_halved_until_it_does(
    bundled: Assistant, settings_for: SettingsFor, stub: StubServer
) -> None:
    stub.text = "NONE"
    settings = settings_for(model=f"{stub.at('short')}#stub")
    answer = Assistant(bundled.corpus, bundled.index, open_model(settings), settings).ask(
        FOUNDING_ACT
    )
    lengths = [len(request.body["messages"][-1]["content"]) for request in stub.requests]
    assert len(lengths) > 1 and lengths[0] > SHORT >= lengths[-1]
    assert answer.tokens == COUNTED
    assert not any("does not fit" in notice for notice in answer.notices)


def test_another_model_can_be_asked_a_single_question(
    bundled: Assistant, stub: StubServer
) -> None:
    stub.text = "NONE"
    spec = f"{stub.at('ok')}#other"
    assert bundled.ask(FOUNDING_ACT, model=spec).model == spec
    assert bundled.ask(FOUNDING_ACT).model == "quotes"


def test_the_key_goes_with_no_model_of_another_server(
    settings_for: SettingsFor, stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_API_KEY", KEY)
    settings = settings_for(model="http://127.0.0.1:9/v1#own")
    assert with_model(settings, "http://127.0.0.1:9/v1#second").api_key == settings.api_key
    model = open_model(with_model(settings, f"{stub.at('ok')}#other"))
    assert model
    list(model.stream(PROMPT))
    assert KEY not in str(stub.requests)


def test_an_overloaded_server_says_when_to_come_back(
    stub: StubServer, model_at: Callable[..., Model]
) -> None:
    error = failure(model_at("429"), stub)
    assert isinstance(error, Overloaded)
    assert error.retry_after == RETRY_AFTER and error.retryable


def test_no_server_at_the_address_is_said_with_the_address(settings_for: SettingsFor) -> None:
    with stub_server() as gone:
        address = gone.at("ok")
    model = open_model(settings_for(model=f"{address}#stub"))
    assert model
    with pytest.raises(Unreachable, match="No model answers at http://127.0.0.1"):
        list(model.stream(PROMPT))


@pytest.mark.parametrize("behaviour", [*MISBEHAVIOURS, "empty"])
def test_the_quotes_are_the_answer_when_the_model_fails(
    behaviour: str, bundled: Assistant, settings_for: SettingsFor, stub: StubServer
) -> None:
    settings = settings_for(model=f"{stub.at(behaviour)}#stub", model_timeout=1)
    assistant = Assistant(bundled.corpus, bundled.index, open_model(settings), settings)
    answer = bounded(lambda: assistant.ask(FOUNDING_ACT), stub)
    alone = bundled.ask(FOUNDING_ACT)
    assert answer.outcome == "answered"
    assert answer.statements == alone.statements and answer.statements
    assert answer.citations == alone.citations
    notice, = answer.notices
    assert "sources" in notice
    if behaviour != "empty":
        assert "ASSISTANT_MODEL=quotes" in notice


def test_the_quotes_come_before_the_model_is_asked(
    bundled: Assistant, settings_for: SettingsFor, stub: StubServer
) -> None:
    settings = settings_for(model=f"{stub.at('silent')}#stub", model_timeout=1)
    assistant = Assistant(bundled.corpus, bundled.index, open_model(settings), settings)
    asked_by: list[tuple[type[Event], int]] = []
    for event in assistant.stream(FOUNDING_ACT):
        asked_by.append((type(event), len(stub.requests)))
    assert (Quoted, 0) in asked_by
    last, requests = asked_by[-1]
    assert last is Finished and requests > 0


def test_a_question_outside_the_corpus_is_never_sent_to_the_model(
    bundled: Assistant, settings_for: SettingsFor, stub: StubServer
) -> None:
    settings = settings_for(model=f"{stub.at('ok')}#stub")
    assistant = Assistant(bundled.corpus, bundled.index, open_model(settings), settings)
    assert assistant.ask("How do I bake sourdough bread?").outcome == "not_in_corpus"
    assert stub.requests == []


@pytest.mark.parametrize("behaviour", ["endless", "babble"])
def test_a_model_that_never_stops_is_stopped(
    behaviour: str, bundled: Assistant, settings_for: SettingsFor, stub: StubServer
) -> None:
    settings = settings_for(model=f"{stub.at(behaviour)}#stub", model_timeout=1)
    assistant = Assistant(bundled.corpus, bundled.index, open_model(settings), settings)
    answer = bounded(lambda: assistant.ask(FOUNDING_ACT), stub)
    assert answer.outcome == "answered"
    assert len(answer.notices) == 1
    assert stub.left.wait(5), "the connection is still open"


def test_a_reader_who_leaves_ends_the_request(
    stub: StubServer, model_at: Callable[..., Model]
) -> None:
    stream = model_at("endless").stream(PROMPT)
    next(stream)
    del stream
    assert stub.left.wait(5)


def test_a_cited_sentence_in_the_sources_words_is_shown(harbour: Callable[[str], Answer]) -> None:
    said = "Each city shall keep no more than 1,200 ships in the harbour"
    answer = harbour(f"{said} [S1].")
    statement, = of_the_model(answer)
    assert statement.text == f"{said}."
    citation, = statement.citations
    assert said.removeprefix("Each") in citation.quote
    assert answer.outcome == "answered" and answer.notices == () and answer.withheld == ()
    assert answer.timings["first_text"] <= answer.timings["first_model_sentence"]


@pytest.mark.parametrize(("text", "why"), [
    ("Each city shall keep no more than 1,300 ships in the harbour.", "cites nothing"),
    ("Each city shall keep no more than 1,300 ships in the harbour [S99].", "S99"),
    ("Each city shall keep no more than 1,300 ships in the harbour [S1].", "number"),
    ("Article 3 says that each city shall keep no more than 1,200 ships [S1].", "Article 3"),
    ("Each city shall keep more than 1,200 ships in the harbour [S1].", "negation"),
    ("The harbour must not stay open to all traders [S1].", "negation"),
    ("Each city should keep no more than 1,200 ships in the harbour [S1].", "modal"),
    ("Each city, says Oslo, shall keep no more than 1,200 ships [S1].", "name"),
    ("Each city “may keep 1,200 ships” in the harbour [S1].", "is not in what it cites"),
])
def test_what_the_source_does_not_say_is_withheld_with_the_reason(
    text: str, why: str, harbour: Callable[[str], Answer]
) -> None:
    answer = harbour(text)
    withheld, = answer.withheld
    assert why in withheld.reason
    assert of_the_model(answer) == []
    assert answer.outcome == "answered" and answer.statements
    assert len(answer.notices) == 1


def test_a_true_sentence_beside_the_point_is_withheld(
    write_source: WriteSource, settings_for: SettingsFor, stub: StubServer, tmp_path: Path
) -> None:
    bread = "The bakers of Brack sell rye bread on every second Monday morning."
    write_source("harbour", f"## Article 2\n\n{HARBOUR} {bread}\n")
    stub.text = f"{bread[:-1]} [S1]. Each city shall keep no more than 1,200 ships [S1]."
    settings = settings_for(corpus=tmp_path / "corpus", model=f"{stub.at('ok')}#stub")
    answer = Assistant.open(settings).ask(SHIPS)
    assert [s.text for s in of_the_model(answer)] == [
        "Each city shall keep no more than 1,200 ships."
    ]
    withheld, = answer.withheld
    assert withheld.text == bread and "does not bear on the question" in withheld.reason


def test_a_withheld_sentence_does_not_take_the_next_one_with_it(
    harbour: Callable[[str], Answer]
) -> None:
    answer = harbour(
        "Each city shall keep no more than 900 ships [S1]. "
        "Each city shall keep no more than 1,200 ships [S1]."
    )
    assert [s.text for s in of_the_model(answer)] == [
        "Each city shall keep no more than 1,200 ships."
    ]
    assert len(answer.withheld) == 1 and answer.notices == ()


def test_an_unknown_id_beside_a_known_one_is_dropped(harbour: Callable[[str], Answer]) -> None:
    statement, = of_the_model(harbour("The harbour must stay open to all traders [S1][S99]."))
    assert statement.text == "The harbour must stay open to all traders."
    assert [c.passage.source.id for c in statement.citations] == ["harbour"]


def test_a_model_that_repeats_itself_is_not_read_further(
    harbour: Callable[[str], Answer]
) -> None:
    said = "The harbour must stay open to all traders [S1]. "
    answer = harbour(said + said + "Each city shall keep no more than 1,200 ships [S1].")
    assert [s.text for s in of_the_model(answer)] == ["The harbour must stay open to all traders."]


def test_a_preface_copied_from_the_list_is_no_part_of_the_sentence(
    harbour: Callable[[str], Answer]
) -> None:
    quoted = harbour("NONE").statements[0]
    text = "The harbour must stay open to all traders."
    statement, = of_the_model(harbour(f"{quoted.lead}: {text}"))
    assert statement.text == text and statement.lead == quoted.lead


@pytest.mark.parametrize("text", ["NONE", "None."])
def test_none_is_no_sentence(text: str, harbour: Callable[[str], Answer]) -> None:
    answer = harbour(text)
    assert answer.withheld == () and of_the_model(answer) == []


def test_a_sentence_that_breaks_off_is_withheld(harbour: Callable[[str], Answer]) -> None:
    withheld, = harbour("The harbour must stay open to all").withheld
    assert withheld.reason == "it breaks off"


@pytest.mark.parametrize("mark", ["", " [S99]", " [S1]"])
def test_a_true_sentence_is_shown_with_the_passage_that_carries_it_whatever_its_mark(
    harbour: Callable[[str], Answer], mark: str
) -> None:
    statement, = of_the_model(harbour(f"The harbour must stay open to all traders{mark}."))
    assert [c.passage.source.id for c in statement.citations] == ["harbour"]


@pytest.mark.parametrize("behaviour", ["401", "404", "429", "500", "context", "parameter"])
def test_the_key_goes_to_the_server_and_into_no_error_or_notice(
    behaviour: str, bundled: Assistant, settings_for: SettingsFor, stub: StubServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASSISTANT_API_KEY", KEY)
    settings = settings_for(model=f"{stub.at(behaviour)}#stub", model_timeout=1)
    model = open_model(settings)
    assert isinstance(model, Endpoint)
    error = failure(model, stub)
    answer = Assistant(bundled.corpus, bundled.index, model, settings).ask(FOUNDING_ACT)
    assert stub.requests[0].headers["authorization"] == f"Bearer {KEY}"
    shown = [str(error), repr(error), *answer.notices, repr(answer), repr(settings), repr(model)]
    assert not any(KEY in text for text in shown)


def test_the_key_of_openai_is_sent_to_no_other_server(
    stub: StubServer, model_at: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {"OPENAI_API_KEY": KEY, "OPENAI_ORG_ID": "org-5309", "OPENAI_PROJECT_ID": "proj-5309"}
    for variable, value in secrets.items():
        monkeypatch.setenv(variable, value)
    list(model_at("ok").stream(PROMPT))
    request, = stub.requests
    assert not set(secrets.values()) & set(request.headers.values())
    assert KEY not in str(request)


def test_a_server_on_this_machine_is_not_asked_for_through_a_proxy(
    stub: StubServer, model_at: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    stub.text = "Yes."
    assert "".join(model_at("ok").stream(PROMPT)) == "Yes."


def test_the_key_of_openai_is_read_for_openai(
    stub: StubServer, settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", stub.at("ok"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    stub.text = "Yes."
    model = open_model(settings_for(model="gpt-4o-mini"))
    assert model and "".join(model.stream(PROMPT)) == "Yes."
    request, = stub.requests
    assert request.body["model"] == "gpt-4o-mini"
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_openai_without_a_key_says_which_variable_to_set(settings_for: SettingsFor) -> None:
    model = open_model(settings_for(model="gpt-4o-mini"))
    assert model
    with pytest.raises(Refused, match="no key.*OPENAI_API_KEY.*ASSISTANT_MODEL=quotes"):
        list(model.stream(PROMPT))


@pytest.mark.parametrize("kind", OPENAI_ERRORS, ids=lambda kind: kind.__name__)
def test_every_exception_of_the_client_means_something(
    kind: type[openai.OpenAIError], model_at: Callable[..., Model]
) -> None:
    model = model_at("ok")
    assert isinstance(model, Endpoint)
    assert kind.__name__ in MEANINGS, "a new exception: decide what it means in endpoints.py"
    translated = model.server.translate(made(kind))
    assert type(translated) is MEANINGS[kind.__name__]
    assert isinstance(translated, ModelError) and translated.fact
    assert "ASSISTANT_MODEL=quotes" in translated.next_step


def made(kind: type[openai.OpenAIError]) -> openai.OpenAIError:
    """An instance, each parameter filled with something that it takes."""
    request = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
    status = getattr(kind, "status_code", 418)
    fitting: dict[str, Any] = {
        "message": "it failed", "request": request, "body": None, "unsent_messages": [],
        "response": httpx2.Response(
            status if isinstance(status, int) else 418, request=request, headers={}
        ),
        "completion": SimpleNamespace(usage=None),
    }
    wanted = inspect.signature(kind.__init__).parameters
    return kind(**{name: value for name, value in fitting.items() if name in wanted})


def test_what_is_no_error_of_the_client_stays_a_bug(model_at: Callable[..., Model]) -> None:
    model = model_at("ok")
    assert isinstance(model, Endpoint)
    bug = ZeroDivisionError()
    assert model.server.translate(bug) is bug


def test_quotes_are_no_model(settings_for: SettingsFor) -> None:
    assert open_model(settings_for(model="quotes")) is None


def test_an_ollama_model_is_asked_for_by_its_own_name(
    stub: StubServer, settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "OLLAMA", stub.at("ok"))
    model = open_model(settings_for(model="ollama/llama3.2:3b"))
    assert model and model.name == "ollama/llama3.2:3b"
    list(model.stream(PROMPT))
    request, = stub.requests
    assert request.body["model"] == "llama3.2:3b"


@pytest.mark.parametrize("spec", [
    "gpt-4o-mini", "gpt-5", "chatgpt-4o-latest", "o3", "o4-mini", "ollama/qwen3:0.6b",
    "http://127.0.0.1:8080/v1#small", "https://example.org/v1#org/model-7b",
])
def test_each_form_of_a_model_is_opened_without_a_connection(
    spec: str, settings_for: SettingsFor
) -> None:
    model = open_model(settings_for(model=spec))
    assert model and model.name == spec


@pytest.mark.parametrize(("spec", "suggestion"), [
    ("quote", "Did you mean 'quotes'?"),
    ("Quotes", "Did you mean 'quotes'?"),
    ("gtp-4o-mini", "Did you mean 'gpt-4o-mini'?"),
    ("olama/llama3", "ollama/NAME"),
    ("ollama", "Did you mean 'ollama/NAME'?"),
    ("http://localhost:8080/v1", "http://host:port/v1#NAME"),
    ("http://localhost:8080/v1#", "http://host:port/v1#NAME"),
    ("xyzzy", "Write one of: quotes, gpt-4o-mini, ollama/NAME, http://host:port/v1#NAME, "
     "gguf:PATH."),
    ("~/models/small.gguf", "Did you mean 'gguf:~/models/small.gguf'?"),
    ("gguf", "Did you mean 'gguf:PATH'?"),
])
def test_an_unknown_model_is_answered_with_a_suggestion(
    spec: str, suggestion: str, settings_for: SettingsFor
) -> None:
    with pytest.raises(SettingsError) as caught:
        open_model(settings_for(model=spec))
    assert repr(spec) in caught.value.fact
    assert suggestion in caught.value.next_step
    assert caught.value.variable == "ASSISTANT_MODEL" and caught.value.value == spec


def test_every_form_that_the_setting_describes_is_opened(
    settings_for: SettingsFor, tmp_path: Path
) -> None:
    (tmp_path / "PATH").write_bytes(b"GGUF")
    described = Settings.model_fields["model"].description or ""
    forms = described.split("`")[1::2]
    assert "quotes" in forms and len(forms) >= 4
    for form in forms:
        open_model(settings_for(model=form.replace("port", "8080")))


def test_the_margin_is_that_of_yes_over_no_however_written(model_at: Callable[..., Model]) -> None:
    margin = model_at("unsure").margin(Prompt("You judge.", "Yes or no?"))
    assert margin == pytest.approx(math.log(0.6 / 0.2))


def test_a_server_that_tells_no_likelihoods_cannot_judge(model_at: Callable[..., Model]) -> None:
    with pytest.raises(Refused, match="how likely"):
        model_at("plain").margin(Prompt("You judge.", "Yes or no?"))
    judge = Examiner(model_at("plain"), bundled_folder("prompts"))
    assert judge.support("evidence", "statement") < judge.threshold


def test_a_language_model_must_be_named_to_judge(settings_for: SettingsFor) -> None:
    settings = settings_for(verify="model")
    with pytest.raises(SettingsError, match="ASSISTANT_VERIFY=model needs a language model"):
        open_judge(settings, None)
    assert open_judge(settings_for(), None) is None


# A model in ONNX's form whose logit is the length of the statement in tokens; its threshold is 8.
LENGTH = b64decode(
    "CAg67gEKNQoOdG9rZW5fdHlwZV9pZHMKBGF4ZXMSAW4iCVJlZHVjZVN1bSoPCghrZWVwZGltcxgBoAECChwKAW4SBmxv"
    "Z2l0cyIEQ2FzdCoJCgJ0bxgBoAECEgZsZW5ndGgqDQgBEAc6AQFCBGF4ZXNaHQoJaW5wdXRfaWRzEhAKDggHEgoKAxIB"
    "cAoDEgF0WiIKDmF0dGVudGlvbl9tYXNrEhAKDggHEgoKAxIBcAoDEgF0WiIKDnRva2VuX3R5cGVfaWRzEhAKDggHEgoK"
    "AxIBcAoDEgF0YhkKBmxvZ2l0cxIPCg0IARIJCgMSAXAKAggBQgQKABANcg4KCXRocmVzaG9sZBIBOA=="
)


def test_a_trained_checker_judges_the_statement_beside_the_evidence(
    settings_for: SettingsFor, tmp_path: Path
) -> None:
    weights = tmp_path / "checker.onnx"
    weights.write_bytes(LENGTH)
    judge = open_judge(settings_for(verify=f"checker:{weights}"), None)
    assert judge is not None and judge.threshold == 8
    # with the mark at its end
    assert judge.support("The treaty entered into force.", "It did.") == 4
    assert judge.support("A.", "The treaty entered into force in 1992, it says.") == 12


@pytest.mark.parametrize(("value", "told"), [
    ("lenient", "'lenient' is not valid"),
    ("checker:", "'checker:' is not valid"),
    ("checker:missing.onnx", "The checker missing.onnx cannot be used"),
    ("checker:README.md", "The checker README.md cannot be used"),
])
def test_an_unfit_checker_is_told(value: str, told: str, settings_for: SettingsFor) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)) as caught:
        open_judge(settings_for(verify=value), None)
    assert "strict" in caught.value.next_step


@pytest.mark.parametrize(("text", "reason"), [
    ("В гавани стоит не больше 1200 кораблей [S1].", "it is in Russian"),
    ("Each city shall keep no more than 1,300 ships [S1].", "the number 1300"),
    ("Each city shall keep", "it breaks off"),
])
def test_what_is_withheld_says_why(
    text: str, reason: str, harbour: Callable[[str], Answer]
) -> None:
    answer = harbour(text)
    withheld, = answer.withheld
    assert reason in withheld.reason and not of_the_model(answer)
    assert any("Nothing the model wrote could be shown" in notice for notice in answer.notices)


@pytest.mark.parametrize("text", ["NONE", "NONE.", ""])
def test_a_model_that_finds_no_answer_is_told_of(
    text: str, harbour: Callable[[str], Answer]
) -> None:
    answer = harbour(text)
    assert answer.withheld == () and answer.outcome == "answered"
    assert answer.notices == ("The model wrote no answer; the sources answer themselves.",)
