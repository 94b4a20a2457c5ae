"""How fast a folder of documents is taken in: `python -m tests.bench.adding FOLDER`.

The limit is the embedding model's own session on the same texts in the same batches, already
tokenized, in the same run. The share of its speed that `assistant add` reaches is printed, and
where the rest of the time goes.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from assistant.corpus.adding import add_documents, files_below
from assistant.corpus.catalogue import read_corpus
from assistant.corpus.checking import Document
from assistant.corpus.passages import split
from assistant.embeddings import BundledEmbedder
from assistant.index import open_index


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


class CountingEmbedder(BundledEmbedder):
    """Keeps what is fed to the session, and the time that embedding takes as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.feeds: list[dict[str, np.ndarray]] = []
        self.texts = 0
        self.spent = 0.0
        session = self._session

        class Recording:
            def run(_, names: None, feed: dict[str, np.ndarray]) -> Any:
                self.feeds.append(feed)
                return session.run(names, feed)

        self.session = session
        self._session = Recording()

    def embed(self, texts: Any, progress: Any = None) -> Any:
        self.texts += len(texts)
        spent, vectors = seconds(lambda: super(CountingEmbedder, self).embed(texts, progress))
        self.spent += spent
        return vectors


def main(folder: Path) -> None:
    files = list(files_below([folder]))
    with tempfile.TemporaryDirectory() as home:
        documents = Path(home, "documents")
        reading, results = seconds(
            lambda: list(add_documents(files, {}, documents, Path(home, "none")))
        )
        added = [r for _, r in results if isinstance(r, Document)]
        sources = read_corpus(documents).sources
        splitting, _ = seconds(lambda: [split(source) for source in sources])
        embedder = CountingEmbedder()
        indexing, index = seconds(lambda: open_index(Path(home, "index"), sources, embedder))
        raw, _ = seconds(lambda: [embedder.session.run(None, feed) for feed in embedder.feeds])
    count = len(index.passages)
    whole = reading + indexing
    print(f"{date.today()}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}; {len(added)} of {len(files)} files, {count} passages")
    print("| step | seconds | passages a second | share of the session's speed |")
    print("|---|---|---|---|")
    for step, spent in (
        ("the session alone, same batches (the limit)", raw),
        ("embedding (tokens, batches, pooling)", embedder.spent),
        ("index (splitting, embedding, Chroma, BM25)", indexing),
        ("reading files and writing documents", reading),
        ("`assistant add`: both", whole),
    ):
        print(f"| {step} | {spent:.1f} | {count / spent:.0f} | {raw / spent:.2f} |")
    print(f"Splitting alone: {splitting:.1f} s.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
