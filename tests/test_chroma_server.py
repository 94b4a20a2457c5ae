"""An index whose vectors are at a Chroma server: a real one, in a process of its own."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import chromadb.errors
import httpx
import pytest

from assistant.answering import Assistant
from assistant.corpus.passages import split
from assistant.embeddings import Embedder, Progress, Vectors
from assistant.errors import IndexInUse, IndexUnavailable
from assistant.index import PassageIndex, Update, chroma, is_whole, open_index
from assistant.settings import ServerAddress, Settings
from assistant.types import Answer, Source
from tests.chroma_server import ChromaServer, chroma_server, free_port
from tests.test_index import CountingEmbedder, sources_in

Write = Callable[..., Path]
SettingsFor = Callable[..., Settings]
OpenHome = Callable[..., PassageIndex]

SHIPS = "How many ships does each city keep in the harbour?"
LANTERN = "Who lights the lantern?"


class AsksOnly:
    """The real embedder, for questions alone: a passage must be found where others put it."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = embedder.name
        self._embedder = embedder

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        assert not [text for text in texts if text.startswith("Title of")]
        return self._embedder.embed(texts, progress)


@pytest.fixture
def sources(write_source: Write, tmp_path: Path) -> tuple[Source, ...]:
    write_source("harbour", "## Article 1\n\nEach city keeps twelve ships in the harbour.\n\n"
                            "## Article 2\n\nA harbour has a pilot.\n")
    write_source("tower", "## Article 1\n\nThe watch tower is painted white every spring.\n")
    return sources_in(tmp_path / "corpus")


@pytest.fixture
def open_home(tmp_path: Path, chroma: ChromaServer) -> OpenHome:
    """Open the index of a home of that name, all of which have the same server."""

    def open_named(
        name: str, sources: Sequence[Source], embedder: Embedder, rebuild: bool = False
    ) -> PassageIndex:
        server = chroma.of("corpus")
        return open_index(tmp_path / name, sources, embedder, rebuild=rebuild, server=server)

    return open_named


def ids_of(sources: Sequence[Source]) -> set[str]:
    return {passage.id for source in sources for passage in split(source)}


def held(index: PassageIndex) -> set[str]:
    """What the server holds."""
    return set(index._store.client.get(include=[])["ids"])


def meant(answer: Answer) -> bool:
    """Whether passages were found by meaning too."""
    return any(e.dense_rank is not None for e in answer.evidence)


def test_passages_are_found_at_a_server_as_they_are_in_a_folder(
    open_home: OpenHome, sources: tuple[Source, ...], tmp_path: Path, embedder: Embedder
) -> None:
    there = open_home("a", sources, embedder)
    here = open_index(tmp_path / "folder", sources, embedder)
    assert there.update == here.update == Update(added=2, changed=0, removed=0, unchanged=0)
    assert there.version == here.version
    assert held(there) == ids_of(sources)
    for within in (None, {"tower"}):
        for text in ("boats in port", "white tower"):
            one, other = (index.dense(text, 2, (), within) for index in (there, here))
            assert [hit.passage.id for hit in one] == [hit.passage.id for hit in other]
            assert [hit.score for hit in one] == pytest.approx([h.score for h in other], abs=1e-4)
            assert there.bm25(text, 2, (), within) == here.bm25(text, 2, (), within)
    assert not list((tmp_path / "a").glob("chroma-*"))


def test_a_second_home_uses_the_vectors_that_are_there(
    open_home: OpenHome, sources: tuple[Source, ...], embedder: Embedder, tmp_path: Path
) -> None:
    first = open_home("a", sources, embedder)
    second = open_home("b", sources, AsksOnly(embedder))
    assert is_whole(tmp_path / "b", embedder.name)
    assert (first._vectors == second._vectors).all()
    assert second.dense("boats in port", 1)[0].passage.source.id == "harbour"
    assert open_home("b", sources, AsksOnly(embedder)).update.unchanged == 2


def test_a_vector_made_with_another_title_is_not_used(
    open_home: OpenHome, sources: tuple[Source, ...], write_source: Write, embedder: Embedder,
    tmp_path: Path,
) -> None:
    open_home("a", sources, embedder)
    write_source("tower", sources[1].text, title="Title of the white tower")
    renamed = sources_in(tmp_path / "corpus")
    counting = CountingEmbedder(embedder)
    open_home("b", renamed, counting)
    text, = counting.texts
    assert text.startswith("Title of the white tower")
    open_home("c", renamed, AsksOnly(embedder))


def test_a_home_that_lags_behind_takes_nothing_away(
    open_home: OpenHome, sources: tuple[Source, ...], write_source: Write, embedder: Embedder,
    tmp_path: Path,
) -> None:
    write_source("harbour", "## Article 1\n\nEach city keeps nine barges.\n")
    newer = sources_in(tmp_path / "corpus")
    open_home("a", newer, embedder)
    late = open_home("b", sources, embedder)
    assert held(late) == ids_of(newer) | ids_of(sources)
    open_home("a", newer, AsksOnly(embedder))
    open_home("b", newer, AsksOnly(embedder))
    assert held(late) == ids_of(newer)


def test_what_another_home_removes_is_put_back_where_it_is_still_wanted(
    open_home: OpenHome, sources: tuple[Source, ...], embedder: Embedder
) -> None:
    open_home("a", sources, embedder)
    b = open_home("b", sources, embedder)
    assert held(open_home("a", sources[:1], embedder)) == ids_of(sources[:1])
    counting = CountingEmbedder(embedder)
    again = open_home("b", sources, counting)
    assert held(again) == ids_of(sources)
    assert len(b.bm25("tower", 1)) == len(again.bm25("tower", 1)) == 1
    assert [text[:14] for text in counting.texts] == ["Title of tower"]


def test_passages_of_others_do_not_crowd_out_a_homes_own(
    open_home: OpenHome, sources: tuple[Source, ...], write_source: Write, embedder: Embedder,
    tmp_path: Path,
) -> None:
    write_source("fleet", "\n\n".join(
        f"## Article {n}\n\nEach city keeps {n} ships in the harbour." for n in range(1, 40)
    ))
    open_home("a", sources_in(tmp_path / "corpus"), embedder)
    own = open_home("b", sources, AsksOnly(embedder))
    alone = open_index(tmp_path / "folder", sources, embedder)
    found, wanted = ([hit.passage for hit in i.dense(SHIPS, 3)] for i in (own, alone))
    assert found == wanted


def test_what_is_removed_while_it_is_read_is_told_and_put_back_by_the_next_run(
    sources: tuple[Source, ...], chroma: ChromaServer, embedder: Embedder, tmp_path: Path
) -> None:
    server = chroma.of("corpus")
    other = open_index(tmp_path / "a", sources, embedder, server=server)

    def meanwhile(done: int, total: int) -> None:
        other._store.client.delete(ids=list(ids_of(sources[1:])))

    with pytest.raises(IndexInUse, match="try again"):
        open_index(tmp_path / "b", sources, embedder, meanwhile, server=server)
    assert not is_whole(tmp_path / "b", embedder.name)
    assert held(open_index(tmp_path / "b", sources, embedder, server=server)) == ids_of(sources)


def test_another_models_vectors_stay_for_who_uses_them_until_a_rebuild(
    open_home: OpenHome, sources: tuple[Source, ...], embedder: Embedder, chroma: ChromaServer,
    tmp_path: Path,
) -> None:
    elsewhere = open_index(tmp_path / "c", sources, embedder, server=chroma.of("another"))
    reader = open_home("b", sources, embedder)
    other = CountingEmbedder(embedder, name="another")
    open_home("a", sources, embedder)
    open_home("a", sources, other)
    assert len(other.texts) == 3
    assert held(reader) == ids_of(sources)

    counting = CountingEmbedder(embedder, name="another")
    open_home("a", sources, counting, rebuild=True)
    assert len(counting.texts) == 3
    with pytest.raises(IndexUnavailable, match="does not exist.*Start again"):
        reader.dense("boats in port", 1)
    assert held(elsewhere) == ids_of(sources)
    assert held(open_home("b", sources, embedder)) == ids_of(sources)


@pytest.fixture
def settings(
    sources: tuple[Source, ...], settings_for: SettingsFor, tmp_path: Path, chroma: ChromaServer
) -> Settings:
    return settings_for(corpus=tmp_path / "corpus", chroma=chroma.url)


def test_two_readers_answer_while_an_indexer_adds_a_document_and_then_know_it(
    settings: Settings, write_source: Write, chroma: ChromaServer
) -> None:
    readers = [Assistant.open(settings) for _ in range(2)]
    answers: list[Answer] = []
    done = threading.Event()

    def ask(reader: Assistant) -> None:
        while not done.is_set():
            answers.append(reader.ask(SHIPS))

    threads = [threading.Thread(target=ask, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    write_source("lamp", "## Article 1\n\nThe keeper lights the lantern at dusk.\n")
    indexing = run_index(settings)
    done.set()
    for thread in threads:
        thread.join()
    assert indexing.returncode == 0 and "1 added" in indexing.stdout, indexing.stderr
    assert len(answers) > 2
    assert all(a.outcome == "answered" and meant(a) and not a.notices for a in answers)
    for reader in readers:
        answer = reader.ask(LANTERN)
        assert meant(answer) and answer.statements[0].citations[0].passage.source.id == "lamp"


def run_index(settings: Settings, address: str | None = None) -> subprocess.CompletedProcess[str]:
    assert isinstance(settings.chroma, ServerAddress)
    environment = {**os.environ, "ASSISTANT_CORPUS": str(settings.corpus),
                   "ASSISTANT_HOME": str(settings.home),
                   "ASSISTANT_CHROMA": address or settings.chroma.url}
    return subprocess.run(
        [sys.executable, "-m", "assistant", "index"], env=environment, capture_output=True,
        text=True, check=False, timeout=60,
    )


def test_words_alone_answer_while_the_server_is_down_and_meaning_tells_again_once_it_is_up(
    sources: tuple[Source, ...], settings_for: SettingsFor, tmp_path: Path
) -> None:
    port = free_port()
    with chroma_server(tmp_path / "server", port) as server:
        settings = settings_for(corpus=tmp_path / "corpus", chroma=server.url)
        page = Assistant.open(settings)
        assert meant(page.ask(SHIPS))
    # what was asked before is remembered
    assert meant(page.ask(SHIPS))
    answer = page.ask("How many ships may a city keep?")
    assert answer.outcome == "answered" and not meant(answer)
    notice, = answer.notices
    assert "by words alone" in notice
    down = f"No Chroma server answers at {server.url}.*chroma run --path DIR --port {port}"
    for rebuild in (False, True):
        with pytest.raises(IndexUnavailable, match=down):
            Assistant.open(settings, rebuild=rebuild)
    with chroma_server(tmp_path / "server", port):
        answer = page.ask("How many ships are kept in the harbour?")
        assert meant(answer) and not answer.notices
        assert Assistant.open(settings).index.update.unchanged == 2


def test_a_server_that_is_down_at_the_start_is_told_in_one_sentence_without_the_password(
    settings: Settings
) -> None:
    run = run_index(settings, f"http://reader:hush@127.0.0.1:{free_port()}")
    assert run.returncode == 1
    assert "Is it running?" in run.stderr
    assert "Traceback" not in run.stderr and "hush" not in run.stderr


def test_a_password_is_kept_neither_in_the_home_nor_at_the_server(
    settings: Settings, chroma: ChromaServer
) -> None:
    run = run_index(settings, chroma.url.replace("//", "//reader:hush-hush@"))
    assert run.returncode == 0
    kept = [p for top in (settings.home, chroma.folder) for p in top.rglob("*") if p.is_file()]
    assert len(kept) > 4 and not any(b"hush-hush" in path.read_bytes() for path in kept)


def test_a_server_that_stalls_is_not_waited_for_without_end(
    sources: tuple[Source, ...], tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma, "_TO_ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = ServerAddress(f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        with pytest.raises(IndexUnavailable, match="No Chroma server answers at .*timed out"):
            open_index(tmp_path / "a", sources, embedder,
                       server=chroma.Server(address=address, corpus="corpus"))
        assert time.monotonic() - begun < 5


class Doorkeeper(BaseHTTPRequestHandler):
    """What stands in front of a Chroma server and lets nobody in."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        kept = base64.b64encode(b"reader:h@sh").decode()
        self.send_error(502 if self.headers["Authorization"] == f"Basic {kept}" else 401)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def doorkeeper() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Doorkeeper) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("login", "said"), [
    ("", "wants to know who asks.*http://user:password@host:port"),
    ("reader:wrong@", "wants to know who asks"),
    ("reader:h%40sh@", "in trouble .HTTP status 502."),
])
def test_user_and_password_are_sent_and_a_refusal_is_told(
    sources: tuple[Source, ...], settings_for: SettingsFor, tmp_path: Path, doorkeeper: str,
    login: str, said: str,
) -> None:
    with pytest.raises(IndexUnavailable, match=said) as caught:
        Assistant.open(settings_for(corpus=tmp_path / "corpus", chroma=f"http://{login}{doorkeeper}"))
    assert doorkeeper in caught.value.fact
    assert not any(word in str(caught.value) for word in ("h%40sh", "h@sh", "wrong"))


def test_every_error_of_chroma_and_of_its_transport_is_translated() -> None:
    def leaves(kind: type[Exception]) -> Iterator[type[Exception]]:
        for below in kind.__subclasses__():
            yield from leaves(below)
        yield kind

    request = httpx.Request("POST", "http://127.0.0.1:1/")
    transport = [kind("gone", request=request) for kind in leaves(httpx.TransportError)]  # type: ignore[call-arg]
    own = [kind("gone") for kind in leaves(chromadb.errors.ChromaError)
           if not kind.__abstractmethods__]  # type: ignore[attr-defined]
    assert len(transport) > 10 and len(own) > 10
    for error in (*transport, *own):
        with pytest.raises(IndexUnavailable, match="gone"), chroma.translated("search"):
            raise error
