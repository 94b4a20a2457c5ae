"""How search grows with the corpus: `python -m tests.bench.scale FOLDER_OF_TEXTS`.

Beyond the passages of FOLDER's `.txt` files, texts are recombined from their sentences and vectors
from theirs, so that only the real ones are embedded; questions are embedded by the bundled model
each time. For each size one table gives latencies inside the process (the program's, with filters
that admit about 20 % and 2 % of the sources; exact search with numpy as the limit; LlamaIndex's
retriever as it comes), recall of the approximate search, memory, disk, and the time of building
and of opening again. Each step has a process of its own, so that its peak is its own. `--out
FILE.svg` draws the growth, `--work FOLDER` keeps what was built.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple, get_args
from unittest.mock import patch

import numpy as np

from assistant.corpus.passages import sentences, split
from assistant.embeddings import BundledEmbedder, Progress, Vectors
from assistant.index import PassageIndex, open_index, store
from assistant.index.chroma import Folder
from assistant.question import understand
from assistant.retrieval import retrieve
from assistant.types import EVERYTHING, Kind, Question, Scope, Source
from tests.bench.growth import curve
from tests.bench.latency import QUESTIONS, Seconds, Watched

SIZES = (1_000, 10_000, 100_000)
PASSAGES_A_SOURCE = 30
ROUNDS = 5
CANDIDATES = 50  # as retrieval asks for
NEAREST = 10
# Beyond this LlamaIndex's list of Python floats takes seconds a question.
PEER_MOST = 100_000
_PEER_SECONDS = 120.0

_VOICES = (
    "Russian Federation", "NATO", "United States", "Ukraine", "Germany", "France", "Poland",
    "United Kingdom", "European Union", "OSCE", "Security Council", "China", "Turkey", "Italy",
    "Belarus", "Kazakhstan", "Hungary", "Finland", "Canada", "Andrew Korybko",
)
_KINDS: tuple[Kind, ...] = get_args(Kind)
_FIRST_DAY, _DAYS = date(1990, 1, 1), 12_000
FILTERS = {
    "": EVERYTHING,
    ", 20 % of the sources": Scope(voices=_VOICES[:4]),
    ", 2 % of the sources": Scope(
        since=date(2014, 3, 1), until=date(2014, 3, 1) + timedelta(_DAYS // 50)
    ),
}
# Of a made text's vector: how much the second real passage counts, and noise.
_SECOND, _NOISE = 0.5, 0.3
_WORDS = 90
# Share of made sentences that other passages have word for word.
_WHOLE = 0.01
# Names of real passages in anchors begin here, so that none looks like a year that is asked for.
_OFFSET = 10_000
_ANCHOR = re.compile(r"\. Article (\d+)-(\d+)\. ")


class Real(NamedTuple):
    """Real passages: the sentences of each, and a unit vector each."""

    sentences: list[list[str]]
    vectors: Vectors


def read_real(folder: Path, work: Path) -> Real:
    """The passages of all texts in a folder; their vectors are kept in `work`."""
    passages = [p for path in sorted(folder.glob("*.txt")) for p in split(_source(
        path.stem, path.stem, path.read_text(encoding="utf-8")
    ))]
    if not passages:
        raise SystemExit(f"There are no .txt files in {folder}.")
    texts = [passage.text for passage in passages]
    kept = work / f"real-{hashlib.sha256(chr(0).join(texts).encode()).hexdigest()[:12]}.npy"
    if not kept.exists():
        np.save(kept, BundledEmbedder().embed(texts))
    parts = [[text[slice(*span)] for span in sentences(text)] for text in texts]
    return Real(parts, np.load(kept))


def _source(name: str, title: str, text: str, **told: Any) -> Source:
    return Source(
        id=name, title=title, text=text, status="unknown", text_kind="original",
        checked="full_text", **{"kind": "reference", "voice": "unknown", **told},
    )


def made(real: Real, size: int) -> Iterator[Source]:
    """Sources with `size` passages in all: the real ones, then ones recombined from two each."""
    random = np.random.default_rng(1)
    count = len(real.sentences)
    for start in range(0, size, PASSAGES_A_SOURCE):
        articles = []
        for number in range(start, min(start + PASSAGES_A_SOURCE, size)):
            first, second = (int(n) for n in random.integers(count, size=2))
            first, second = (number, number) if number < count else (first, second)
            articles.append(
                f"## Article {first + _OFFSET}-{second + _OFFSET}\n\n"
                f"{_recombined(real, first, second, random)}\n"
            )
        kind = _KINDS[random.integers(len(_KINDS))]
        voice = _VOICES[random.integers(len(_VOICES))]
        day = _FIRST_DAY + timedelta(int(random.integers(_DAYS)))
        about = max(real.sentences[random.integers(count)][0].split(), key=len).strip(".,;:()")
        yield _source(
            f"source-{start // PASSAGES_A_SOURCE}",
            f"{voice}, {kind.replace('_', ' ')} on {about}, {day:%d %B %Y}",
            "\n".join(articles), kind=kind, voice=voice, date=day,
        )


def _recombined(real: Real, first: int, second: int, random: np.random.Generator) -> str:
    """Sentences of two passages, as many as one passage holds; few whole, as texts seldom quote
    each other, most with the second half of another."""
    if first == second:
        return " ".join(" ".join(real.sentences[first]).split())
    pool = [s.split() for s in (*real.sentences[first], *real.sentences[second])]
    chosen: list[str] = []
    order = random.permutation(len(pool))
    for place, after in zip(order, np.roll(order, 1), strict=True):
        one, two = pool[place], pool[place if random.random() < _WHOLE else after]
        words = [*chosen, *one[: len(one) // 2], *two[len(two) // 2 :]]
        chosen = words if not chosen or len(words) <= _WORDS else chosen
    return " ".join(chosen)


class MixingEmbedder:
    """Makes a text's vector of those of the two real passages that its anchor names, and noise of
    its own; other texts, such as questions, the bundled model embeds."""

    def __init__(self, real: Vectors) -> None:
        self._real = real
        self._bundled = BundledEmbedder()
        self.name = "mixed"

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        found = [_ANCHOR.search(text) for text in texts]
        if not all(found):
            return self._bundled.embed(texts, progress)
        vectors = np.array([
            self._mixed(text, *(int(n) - _OFFSET for n in anchor.groups()))
            for text, anchor in zip(texts, found, strict=True) if anchor
        ], np.float32)
        if progress:
            progress(len(texts))
        return vectors

    def _mixed(self, text: str, first: int, second: int) -> Vectors:
        vector = self._real[first]
        if first != second:
            noise = np.random.default_rng(zlib.crc32(text.encode())).normal(size=vector.shape)
            vector = vector + _SECOND * self._real[second] + _NOISE * _unit(noise)
        return _unit(vector)


def _unit(vector: Any) -> Vectors:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


Figures = dict[str, Any]


def build(folder: Path, work: Path, size: int) -> Figures:
    """Build the index through `open_index`, timing its parts where it calls them."""
    real = read_real(folder, work)
    sources = tuple(made(real, size))
    shutil.rmtree(work / str(size), ignore_errors=True)
    with (work / f"{size}.pickle").open("wb") as file:
        pickle.dump(sources, file)
    embedder = Watched(MixingEmbedder(real.vectors), "embed")
    spent: dict[str, Seconds] = {"embedding (mixing)": embedder.seconds}
    opened = Folder.open

    def watched_store(place: Folder, name: str, embedding: str) -> Any:
        adding = Watched(opened(place, name, embedding), "add")
        deleting = Watched(adding, "delete_nodes")
        spent["Chroma, adding"], spent["Chroma, deleting"] = adding.seconds, deleting.seconds
        return deleting

    with ExitStack() as stack:
        stack.enter_context(patch.object(Folder, "open", watched_store))
        for what, name in (
            ("splitting", "split"), ("BM25", "_build_bm25"), ("copy of vectors", "_copy_vectors"),
            ("manifest", "write_manifest"),
        ):
            part = Watched(store, name)
            spent[what] = part.seconds
            stack.enter_context(patch.object(store, name, part.timed(getattr(store, name))))
        whole, index = seconds(lambda: open_index(work / str(size), sources, embedder))
    return {
        "passages": len(index.passages), "sources": len(sources),
        "building, s": whole, "building, peak MB": peak(),
        **{f"– {what}, share of building": sum(taken) / whole for what, taken in spent.items()},
        "disk, MB": sum(p.stat().st_size for p in (work / str(size)).rglob("*") if p.is_file())
        / 1e6,
    }


def ask(folder: Path, work: Path, size: int) -> Figures:
    """Open the index again and ask it."""
    import chromadb  # noqa: F401 what opening imports is no part of its time
    import llama_index.vector_stores.chroma  # noqa: F401

    with (work / f"{size}.pickle").open("rb") as file:
        sources: tuple[Source, ...] = pickle.load(file)
    embedder = MixingEmbedder(np.zeros((0, 384), np.float32))
    embedder.embed(["warm"])
    reopening, index = seconds(lambda: open_index(work / str(size), sources, embedder))
    figures: Figures = {"opening again unchanged, s": reopening}
    for name, scope in FILTERS.items():
        within = {s.id for s in sources if scope.admits(s)} if scope != EVERYTHING else None
        for what, work_of in (
            ("index.search", partial(search, index, within)),
            ("retrieve", partial(retrieved, index, scope)),
        ):
            first, best = over(index, work_of)
            figures[f"{what}{name}"] = best
            if (what, name) == ("retrieve", ""):
                figures["retrieve, asked for the first time"] = first
    figures["open and asked, peak MB"] = peak()
    vectors = np.array(index._vectors)
    _, figures["exact search (numpy)"] = over(
        index, lambda q: nearest(vectors, index._vector(q.text))
    )
    figures["recall at 10 of index.dense"] = recall(index, vectors)
    return figures


def search(index: PassageIndex, within: Set[str] | None, question: Question) -> Any:
    return index.search(question.text, CANDIDATES, within=within)


def retrieved(index: PassageIndex, scope: Scope, question: Question) -> Any:
    return retrieve(replace(question, scope=scope), index)


def over(index: PassageIndex, work: Callable[[Question], Any]) -> tuple[Seconds, Seconds]:
    """Seconds of each question, asked for the first time and the best of ROUNDS later ones, so that
    other work on the machine disturbs less. Its vector is always made anew; what is remembered of
    the sources that it finds is there in the later rounds."""
    asked = [understand(question) for question in QUESTIONS]
    taken: list[Seconds] = [[] for _ in asked]
    for place, question in [*enumerate(asked)] * (1 + ROUNDS):
        index._vector.cache_clear()
        index._dense.cache_clear()
        taken[place].append(seconds(partial(work, question))[0])
    return [some[0] for some in taken], [min(some[1:]) for some in taken]


def nearest(vectors: Vectors, vector: Vectors) -> list[int]:
    scores = vectors @ vector
    top = np.argpartition(-scores, NEAREST)[:NEAREST]
    return [int(n) for n in top[np.argsort(-scores[top])]]


def recall(index: PassageIndex, vectors: Vectors) -> float:
    ids = list(index.passages)
    shares = []
    for question in QUESTIONS:
        exact = {ids[n] for n in nearest(vectors, index._vector(question))}
        found = {hit.passage.id for hit in index.dense(question, NEAREST)}
        shares.append(len(exact & found) / NEAREST)
    return sum(shares) / len(shares)


def peer(folder: Path, work: Path, size: int) -> Figures:
    """LlamaIndex's retriever over the same texts and vectors, kept in memory as it comes."""
    from llama_index.core import Settings, VectorStoreIndex
    from llama_index.core.schema import TextNode

    from tests.bench.peers import OurEmbedding

    Settings.tokenizer = str.split  # its own is downloaded
    with (work / f"{size}.pickle").open("rb") as file:
        passages = [p for source in pickle.load(file) for p in split(source)]
    vectors = np.load(next((work / str(size)).glob("vectors-*.npy")))
    nodes = [
        TextNode(id_=p.id, text=p.text, embedding=v.tolist())
        for p, v in zip(passages, vectors, strict=True)
    ]
    bundled = BundledEmbedder()
    embedding = OurEmbedding(embedder=bundled)
    retriever = VectorStoreIndex(nodes, embed_model=embedding).as_retriever(
        similarity_top_k=NEAREST
    )
    retriever.retrieve(QUESTIONS[0])
    taken: dict[str, float] = {}
    end = time.monotonic() + _PEER_SECONDS
    for question in QUESTIONS * ROUNDS:
        spent, _ = seconds(partial(retriever.retrieve, question))
        taken[question] = min(spent, taken.get(question, spent))
        if time.monotonic() > end and len(taken) > 1:
            break
    return {"LlamaIndex retriever": list(taken.values()), "LlamaIndex, peak MB": peak()}


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def peak() -> float:
    """The most memory that this process has had, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux counts what the process that started this one had into ru_maxrss
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))[0]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


STEPS = {"build": build, "ask": ask, "peer": peer}


def in_process_of_its_own(step: str, given: argparse.Namespace, work: Path, size: int) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scale", str(given.folder), "--work", str(work),
         "--step", step, "--sizes", str(size)], stdout=subprocess.PIPE, check=True, text=True,
    )
    print(f"{size}: {step} done, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return {**figures, f"load after the step “{step}”": os.getloadavg()[0]}


def said(figure: Any) -> str:
    if figure is None:
        return "–"
    if isinstance(figure, list):
        p95 = quantiles(figure, n=20)[-1]
        return f"p50 {median(figure) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms"
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def measure(given: argparse.Namespace, work: Path) -> None:
    read_real(given.folder, work)  # once, not in a process that is measured
    columns: dict[int, Figures] = {}
    for size in given.sizes:
        columns[size] = {}
        for step in STEPS:
            if step != "peer" or size <= PEER_MOST:
                columns[size] |= in_process_of_its_own(step, given, work, size)
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, {len(QUESTIONS)} "
          f"questions, the best of {ROUNDS} rounds of each\n")
    print("| what |" + "".join(f" {size:,} |" for size in columns))
    print("|---|" + "---|" * len(columns))
    for row in dict.fromkeys(name for column in columns.values() for name in column):
        print(f"| {row} |" + "".join(f" {said(c.get(row))} |" for c in columns.values()))
    if given.out:
        given.out.write_text(curve({
            row: {size: median(c[row]) * 1000 for size, c in columns.items() if row in c}
            for row in dict.fromkeys(
                n for c in columns.values() for n, figure in c.items() if isinstance(figure, list)
            )
        }), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--out", type=Path, help="an SVG file of the growth")
    parser.add_argument("--work", type=Path, help="keeps vectors and indexes for the next run")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        print(json.dumps(STEPS[given.step](given.folder, given.work, given.sizes[0])))
        return
    with tempfile.TemporaryDirectory() as folder:
        work = given.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        measure(given, work)


if __name__ == "__main__":
    main()
