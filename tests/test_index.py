import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import filelock
import pytest

from assistant.answering import Assistant
from assistant.corpus.catalogue import read_corpus
from assistant.corpus.passages import split
from assistant.embeddings import Embedder, Progress, Vectors, open_embedder
from assistant.errors import IndexInUse, IndexUnavailable, OutdatedIndex, Overloaded
from assistant.index import PassageIndex, Update, is_whole, open_index, store
from assistant.settings import Settings
from assistant.types import Source
from tests.stub_server import StubServer

Write = Callable[..., Path]


class CountingEmbedder:
    """The real embedder, remembering what it was asked to embed."""

    def __init__(self, embedder: Embedder, name: str | None = None) -> None:
        self.name = name or embedder.name
        self.texts: list[str] = []
        self._embedder = embedder

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.texts += texts
        return self._embedder.embed(texts, progress)


@pytest.fixture
def corpus(write_source: Write, tmp_path: Path) -> Path:
    write_source("harbour", "## Article 1\n\nEach city keeps twelve ships in the harbour.\n")
    write_source("tower", "## Article 1\n\nThe watch tower is painted white every spring.\n")
    return tmp_path / "corpus"


def sources_in(folder: Path) -> tuple[Source, ...]:
    return read_corpus(folder).sources


def stored_ids(index: PassageIndex) -> list[str]:
    return sorted(index._store.client.get(include=[])["ids"])


def assert_whole(index: PassageIndex, sources: Sequence[Source]) -> None:
    """Chroma and the passages agree with the sources, nothing lost or doubled."""
    wanted = sorted(p.id for s in sources for p in split(s))
    assert sorted(index.passages) == wanted
    assert stored_ids(index) == wanted


def test_both_searches_find_the_passage(corpus: Path, tmp_path: Path, embedder: Embedder) -> None:
    index = open_index(tmp_path / "index", sources_in(corpus), embedder)
    assert index.dense("boats in port", 2)[0].passage.source.id == "harbour"
    assert index.bm25("white tower", 2)[0].passage.source.id == "tower"
    assert index.bm25("zebra", 2) == []


def test_earlier_texts_are_searched_for_with_less_weight(
    corpus: Path, tmp_path: Path, embedder: Embedder
) -> None:
    index = open_index(tmp_path / "index", sources_in(corpus), embedder)
    for search in (index.dense, index.bm25):
        for now, before in (("tower", "harbour"), ("harbour", "tower")):
            hits = search(now, 2, [before])
            assert [hit.passage.source.id for hit in hits] == [now, before]
    assert [hit.passage.source.id for hit in index.bm25("tower", 2)] == ["tower"]


def test_an_unchanged_corpus_embeds_nothing(
    corpus: Path, tmp_path: Path, embedder: Embedder
) -> None:
    open_index(tmp_path / "index", sources_in(corpus), embedder)
    counting = CountingEmbedder(embedder)
    index = open_index(tmp_path / "index", sources_in(corpus), counting)
    assert counting.texts == []
    assert index.update == Update(added=0, changed=0, removed=0, unchanged=2)


def test_only_a_changed_source_is_embedded_again_and_its_old_passages_go(
    corpus: Path, tmp_path: Path, embedder: Embedder, write_source: Write
) -> None:
    before = open_index(tmp_path / "index", sources_in(corpus), embedder)
    write_source("harbour", "## Article 1\n\nEach city keeps nine barges.\n")
    counting = CountingEmbedder(embedder)
    after = open_index(tmp_path / "index", sources_in(corpus), counting)
    assert len(counting.texts) == 1 and "nine barges" in counting.texts[0]
    assert after.update == Update(added=0, changed=1, removed=0, unchanged=1)
    assert after.version != before.version
    assert_whole(after, sources_in(corpus))
    assert after.bm25("twelve ships", 5) == []


def test_only_the_changed_passages_of_a_source_are_embedded_again(
    corpus: Path, tmp_path: Path, embedder: Embedder, write_source: Write
) -> None:
    masts = "## Article 1\n\nA mast is of pine.\n\n## Article 2\n\nA sail is {}.\n"
    for colour, count in (("red", 2), ("green", 1)):
        write_source("masts", masts.format(colour))
        counting = CountingEmbedder(embedder)
        index = open_index(tmp_path / "index", sources_in(corpus), counting)
        assert sum("masts" in text for text in counting.texts) == count
    assert_whole(index, sources_in(corpus))
    write_source("masts", masts.format("green"), title="Of masts")  # it is embedded with the title
    counting = CountingEmbedder(embedder)
    assert_whole(open_index(tmp_path / "index", sources_in(corpus), counting), sources_in(corpus))
    assert len(counting.texts) == 2


def test_a_removed_source_disappears(corpus: Path, tmp_path: Path, embedder: Embedder) -> None:
    open_index(tmp_path / "index", sources_in(corpus), embedder)
    (corpus / "tower.md").unlink()
    index = open_index(tmp_path / "index", sources_in(corpus), embedder)
    assert index.update.removed == 1
    assert_whole(index, sources_in(corpus))
    assert is_whole(tmp_path / "index", embedder.name)
    assert all(hit.passage.source.id == "harbour" for hit in index.dense("white tower", 5))


def test_another_embedding_model_rebuilds(
    corpus: Path, tmp_path: Path, embedder: Embedder
) -> None:
    open_index(tmp_path / "index", sources_in(corpus), embedder)
    other = CountingEmbedder(embedder, name="another")
    index = open_index(tmp_path / "index", sources_in(corpus), other)
    assert len(other.texts) == 2
    assert_whole(index, sources_in(corpus))


def test_progress_is_told_up_to_the_last_passage(
    corpus: Path, tmp_path: Path, embedder: Embedder
) -> None:
    told: list[tuple[int, int]] = []
    open_index(tmp_path / "index", sources_in(corpus), embedder,
               lambda done, total: told.append((done, total)))
    assert told[-1] == (2, 2)


def test_an_index_of_an_older_version_is_refused_and_can_be_rebuilt(
    corpus: Path, tmp_path: Path, embedder: Embedder
) -> None:
    open_index(tmp_path / "index", sources_in(corpus), embedder)
    manifest = tmp_path / "index" / "manifest.json"
    manifest.write_text(json.dumps({"format": 0}), encoding="utf-8")
    with pytest.raises(OutdatedIndex, match="assistant index --rebuild"):
        open_index(tmp_path / "index", sources_in(corpus), embedder)
    index = open_index(tmp_path / "index", sources_in(corpus), embedder, rebuild=True)
    assert_whole(index, sources_in(corpus))


def test_vectors_that_were_lost_are_written_again(
    corpus: Path, tmp_path: Path, embedder: Embedder
) -> None:
    index = open_index(tmp_path / "index", sources_in(corpus), embedder)
    manifest = tmp_path / "index" / "manifest.json"
    index._store.delete("tower")
    data = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**data, "pending": ["tower"]}), encoding="utf-8")
    assert_whole(open_index(tmp_path / "index", sources_in(corpus), embedder), sources_in(corpus))


def test_a_second_writer_is_told_to_wait(
    corpus: Path, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_LOCK_SECONDS", 0.1)
    (tmp_path / "index").mkdir()
    with filelock.FileLock(tmp_path / "index" / "index.lock"):
        with pytest.raises(IndexInUse, match="Another process"):
            open_index(tmp_path / "index", sources_in(corpus), embedder)


def test_a_file_in_place_of_the_folder_is_told(
    corpus: Path, tmp_path: Path, embedder: Embedder
) -> None:
    (tmp_path / "index").write_text("", encoding="utf-8")
    with pytest.raises(IndexUnavailable, match="ASSISTANT_CHROMA"):
        open_index(tmp_path / "index", sources_in(corpus), embedder)


def test_a_read_only_folder_is_told(corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    folder.mkdir(mode=0o555)
    command = [sys.executable, "-m", "assistant", "index"]
    if os.geteuid() == 0:  # root may write anywhere unless it gives that up
        drop = shutil.which("setpriv")
        assert drop, "setpriv is part of util-linux"
        command = [drop, "--bounding-set=-dac_override", "--inh-caps=-dac_override", *command]
    run = subprocess.run(
        command, env={**os.environ, "ASSISTANT_CORPUS": str(corpus), "ASSISTANT_CHROMA":
                      str(folder)}, capture_output=True, text=True, check=False,
    )
    assert run.returncode == 1
    assert "cannot be used" in run.stderr and "Traceback" not in run.stderr


def test_a_run_killed_in_the_middle_is_finished_by_the_next(
    tmp_path: Path, write_source: Write, embedder: Embedder
) -> None:
    for number in range(40):
        articles = [f"## Article {n}\n\nCity {number} keeps {n} ships of kind {n * 7}.\n"
                    for n in range(1, 31)]
        write_source(f"source-{number}", "\n".join(articles))
    environment = {**os.environ, "ASSISTANT_CORPUS": str(tmp_path / "corpus"),
                   "ASSISTANT_CHROMA": str(tmp_path / "index")}
    run = subprocess.Popen([sys.executable, "-m", "assistant", "index"], env=environment)
    manifest = tmp_path / "index" / "manifest.json"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:  # killed once some sources are whole and others are not
        if manifest.exists() and 0 < manifest.read_text(encoding="utf-8").count('"hash"') < 40:
            break
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    data = json.loads(manifest.read_text(encoding="utf-8"))
    assert 0 < len(data["sources"]) < 40 and data["pending"]
    (tmp_path / "corpus" / "source-39.md").unlink()  # one that may have been half written
    sources = sources_in(tmp_path / "corpus")
    counting = CountingEmbedder(embedder)
    index = open_index(tmp_path / "index", sources, counting)
    assert len(counting.texts) == (39 - len(data["sources"])) * 30
    assert_whole(index, sources)


def parts_of(folder: Path) -> list[str]:
    """The kinds of what lies in an index folder."""
    return sorted(path.name.partition("-")[0] for path in folder.iterdir())


def test_another_models_index_is_built_beside_the_old_one_and_resumed_where_it_broke_off(
    corpus: Path, tmp_path: Path, embedder: Embedder, write_source: Write, stub: StubServer,
    settings_for: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "_PASSAGES_AT_ONCE", 1)
    for number in range(3):
        write_source(f"mast-{number}", f"## Article 1\n\nMast {number} carries a lantern.\n")
    folder = tmp_path / "index"
    before = open_index(folder, sources_in(corpus), embedder)
    other = open_embedder(settings_for(embedding=f"{stub.at('ok')}#stub"))
    stub.most = 3
    with pytest.raises(Overloaded, match="failed.*ASSISTANT_EMBEDDING=bundled"):
        open_index(folder, sources_in(corpus), other)
    assert is_whole(folder, embedder.name) and not is_whole(folder, other.name)

    counting = CountingEmbedder(embedder)
    old = open_index(folder, sources_in(corpus), counting)
    assert counting.texts == [] and old.version == before.version
    assert old.dense("boats in port", 1)[0].passage.source.id == "harbour"
    write_source("tower", "## Article 1\n\nThe watch tower is painted red.\n")
    open_index(folder, sources_in(corpus), counting)  # an update of the old one meanwhile
    assert len(counting.texts) == 2  # the question and the tower

    stub.most = None
    stub.requests.clear()
    new = open_index(folder, sources_in(corpus), other)
    asked = [text for request in stub.requests for text in request.body["input"]]
    assert len(asked) == 2 and len(set(asked)) == 2
    assert_whole(new, sources_in(corpus))
    assert is_whole(folder, other.name) and not is_whole(folder, embedder.name)
    assert parts_of(folder) == ["bm25", "chroma", "index.lock", "manifest.json", "vectors"]
    open_index(folder, sources_in(corpus), other)
    assert len(stub.requests) == 2


def test_a_third_model_starts_anew_and_leaves_nothing_of_the_second(
    corpus: Path, tmp_path: Path, embedder: Embedder, stub: StubServer,
    settings_for: Callable[..., Settings],
) -> None:
    folder = tmp_path / "index"
    open_index(folder, sources_in(corpus), embedder)
    stub.most = 0
    with pytest.raises(Overloaded):
        open_index(folder, sources_in(corpus), open_embedder(
            settings_for(embedding=f"{stub.at('ok')}#stub")
        ))
    third = CountingEmbedder(embedder, name="third")
    assert_whole(open_index(folder, sources_in(corpus), third), sources_in(corpus))
    assert len(third.texts) == 2
    assert parts_of(folder) == ["bm25", "chroma", "index.lock", "manifest.json", "vectors"]


def test_a_reader_with_the_old_model_goes_on_while_and_after_another_builds_with_a_new_one(
    corpus: Path, stub: StubServer, settings_for: Callable[..., Settings]
) -> None:
    question = "How many ships does each city keep in the harbour?"
    page = Assistant.open(settings_for(corpus=corpus))
    before = page.ask(question)
    renewed = Assistant.open(settings_for(corpus=corpus, embedding=f"{stub.at('ok')}#stub"))
    assert before.outcome == "answered" and page.ask(question).statements == before.statements
    manifest = (page.settings.index_folder / "manifest.json").read_text(encoding="utf-8")
    assert json.loads(manifest)["embedding"] == renewed.index.embedding != page.index.embedding
