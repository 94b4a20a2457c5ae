"""Search the passages of an open index: by meaning, by words, and by both."""

from __future__ import annotations

import copy
import difflib
import math
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cached_property, lru_cache, reduce
from itertools import groupby
from typing import Any, NamedTuple

import bm25s
import numpy as np
from numpy.typing import NDArray

from assistant.embeddings import Embedder, Vectors
from assistant.errors import IndexUnavailable
from assistant.index.chroma import translated
from assistant.index.manifest import Update
from assistant.tokenization import latin, stem, terms, unaccented, words
from assistant.types import AlsoCalled, Passage, Scope, Source

# Questions and sentences whose vectors are kept: a model's sentences are all held against one.
_REMEMBERED = 64
# Filters, each of which may be thousands of sources.
_SCOPES = 8

Rows = NDArray[np.intp]


class Hit(NamedTuple):
    """`score` is the cosine for dense search, the BM25 score for BM25; higher is better."""

    passage: Passage
    score: float


class Found(NamedTuple):
    """A passage that one of both searches found, with both of its scores, each as a share of the
    best; ranks count from 0 and are `None` where that search did not return it."""

    passage: Passage
    dense: float
    bm25: float
    dense_rank: int | None
    bm25_rank: int | None


class Name(NamedTuple):
    """One of the names of a source, and its terms."""

    source: Source
    text: str
    terms: frozenset[str]


class PassageIndex:
    """The passages of a corpus, searchable. Made by `open_index`.

    `within` names the sources that may be found; `None` is all of them. Each of the `earlier`
    texts, the latest first, counts half of the one after it. What is told of meaning raises
    ModelError and IndexUnavailable.
    """

    def __init__(
        self, passages: dict[str, Passage], store: Any, bm25: bm25s.BM25, vectors: Vectors,
        embedder: Embedder, version: str, update: Update,
    ) -> None:
        self.passages = passages
        self.version = version
        self.update = update
        self._ordered = tuple(passages.values())
        self._row = {passage_id: row for row, passage_id in enumerate(passages)}
        self._store = store
        self._bm25 = bm25
        # taking a part of a mapped array costs much more than of a plain view of the same memory
        bm25.scores |= {n: np.asarray(bm25.scores[n]) for n in ("data", "indices", "indptr")}
        self._vectors = np.asarray(vectors)
        self._embedder = embedder
        self._vector = lru_cache(_REMEMBERED)(lambda text: self._embedder.embed([text])[0])
        self._dense = lru_cache(_REMEMBERED)(self._compared)
        self._rows = lru_cache(_SCOPES)(self._standing)
        self.admitted = lru_cache(_SCOPES)(self._admitted)

    @property
    def embedding(self) -> str:
        """The name of the embedding model."""
        return self._embedder.name

    def by_words(self) -> PassageIndex:
        """The same, but told nothing of meaning, for when that cannot be searched."""
        index = copy.copy(self)
        index._store = None
        return index

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources that have passages, in order."""
        return tuple(passages[0].source for passages in self._by_source.values())

    @cached_property
    def languages(self) -> frozenset[str]:
        return frozenset(source.language for source in self.sources)

    def _admitted(self, scope: Scope) -> frozenset[str]:
        """The ids of the sources that a scope admits."""
        return frozenset(source.id for source in self.sources if scope.admits(source))

    def named_by(self, asked: Set[str], share: float) -> Iterator[Name]:
        """The names of which at least this share of terms is among those asked, in order."""
        names, by_term = self._names
        found = [by_term[term] for term in asked if term in by_term]
        if found:
            places, counts = np.unique(np.concatenate(found), return_counts=True)
            for place, count in zip(places.tolist(), counts.tolist(), strict=True):
                if count >= share * len(names[place].terms):
                    yield names[place]

    def is_name(self, wanted: Set[str]) -> bool:
        """Whether one source's name, or part of one, has all of these terms."""
        names, by_term = self._names
        places = [set(by_term.get(term, np.zeros(0, np.intp)).tolist()) for term in wanted]
        return bool(places) and bool(set.intersection(*places))

    @cached_property
    def voices(self) -> frozenset[str]:
        """Stems of the words in the names of all who speak alone in a source."""
        alone = {source.voice for source in self.sources if ";" not in source.voice}
        named = (voice.partition(",")[0] for voice in alone)
        return frozenset(stem(latin(word)) for name in named for word in words(name))

    @cached_property
    def _names(self) -> tuple[list[Name], dict[str, Rows]]:
        """All names in order, and where those with a term stand."""
        names = [
            Name(source, text, frozenset(terms(text)))
            for source in self.sources for text in source.names
        ]
        by_term: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            for term in name.terms:
                by_term.setdefault(term, []).append(place)
        return names, {term: np.array(places, np.intp) for term, places in by_term.items()}

    def of(self, source_id: str) -> tuple[Passage, ...]:
        """The passages of one source, in order."""
        return self._by_source.get(source_id, ())

    @cached_property
    def _by_source(self) -> dict[str, tuple[Passage, ...]]:
        grouped = groupby(self._ordered, key=lambda p: p.source.id)
        return {source_id: tuple(passages) for source_id, passages in grouped}

    def holds(self, term: str) -> bool:
        """Whether some passage has the term."""
        return term in self._bm25.vocab_dict

    def alike(self, term: str, cutoff: float = 0.85) -> str | None:
        """The term of the passages that looks much like this one: as difflib counts, 0 to 1."""
        close = difflib.get_close_matches(term, self._bm25.vocab_dict, n=1, cutoff=cutoff)
        return close[0] if close else None

    def accented(self, term: str) -> str | None:
        """The term of the passages that is this one but for accents ("račak" for "racak")."""
        bare = unaccented(term)
        return bare if bare != term and self.holds(bare) else self._accented.get(bare)

    @cached_property
    def _accented(self) -> dict[str, str]:
        return {bare: term for term in self._bm25.vocab_dict
                if (bare := unaccented(term)) != term}

    def rarity(self, term: str) -> float:
        """Inverse document frequency, log(1 + passages / passages with the term)."""
        column = self._bm25.vocab_dict.get(term)
        starts = self._bm25.scores["indptr"]
        holding = int(starts[column + 1] - starts[column]) if column is not None else 0
        return math.log(1 + len(self._ordered) / (holding or 0.5))

    def having(self, forms: Iterable[Sequence[str]]) -> Iterator[Passage]:
        """The passages that have all terms of one of the forms, in order."""
        rows = {int(row) for form in forms for row in self._holding(form)}
        yield from (self._ordered[row] for row in sorted(rows))

    def _holding(self, form: Sequence[str]) -> Rows:
        """Where the passages with all of these terms stand."""
        columns = [self._bm25.vocab_dict.get(term) for term in form]
        starts, rows = self._bm25.scores["indptr"], self._bm25.scores["indices"]
        return reduce(np.intersect1d, (
            rows[slice(*starts[column : column + 2])] if column is not None else rows[:0]
            for column in columns
        ))

    def nearness(self, one: str, other: str) -> float | None:
        """How near two texts are in meaning: the cosine of their vectors, -1 to 1; `None` if
        nothing is told of meaning."""
        if self._store is None:
            return None
        return float(self._vector(one) @ self._vector(other))

    def vectors(self, texts: Sequence[str], languages: Set[str]) -> Vectors | None:
        """A vector of unit length for each text, by a model that reads them; `None` if nothing is
        told of meaning in these languages."""
        if self._store is None or languages - {"en"}:
            return None
        return self._embedder.embed(texts)

    def elsewhere(self, word: str) -> tuple[str, ...]:
        """The terms of the passages that spell this name in another script; none unless the index
        reads several languages."""
        return ()

    def across(self, text: str, passages: Sequence[Passage]) -> Set[str]:
        """The ids of those that bear on the text in another language than its own; none unless the
        index reads several languages."""
        return frozenset()

    def sentences_across(self, text: str, sentences: Sequence[str]) -> list[float]:
        """The cosine of each sentence and a text in another language; 0 unless the index reads
        several languages."""
        return [0.0] * len(sentences)

    def dense(
        self, text: str, count: int, earlier: Sequence[str] = (), within: Set[str] | None = None
    ) -> list[Hit]:
        """The `count` passages nearest in meaning, best first: of all as Chroma finds them, of
        some by comparing each."""
        if self._store is None:
            return []
        sources = None if within is None else frozenset(within)
        return list(self._dense(text, count, tuple(earlier), sources))

    def _compared(
        self, text: str, count: int, earlier: tuple[str, ...], within: frozenset[str] | None
    ) -> tuple[Hit, ...]:
        vector = self._asked(text, earlier)
        if within is None:
            hits = self._nearest(vector, count)
            if len(hits) == min(count, len(self._ordered)):
                return tuple(hits)
            # at a server, passages of others took the places
            within = frozenset(self._by_source)
        rows = self._rows(within)
        # source by source: to gather the vectors of all costs five times as much as to compare them
        blocks = [self._vectors[block] @ vector for block in self._blocks(within)]
        scores = np.concatenate([np.zeros(0, np.float32), *blocks])
        return tuple(Hit(self._ordered[rows[n]], float(scores[n])) for n in _best(scores, count))

    def bm25(
        self, text: str, count: int, earlier: Sequence[str] = (), within: Set[str] | None = None
    ) -> list[Hit]:
        """The `count` passages with the highest BM25 score above zero, best first."""
        return self._worded(self._bm25_scores(text, earlier), count, within)

    def search(
        self, text: str, count: int, earlier: Sequence[str] = (), within: Set[str] | None = None,
        also_called: Sequence[AlsoCalled] = (), certain: Iterable[Passage] = (),
    ) -> list[Found]:
        """The `count` best of either search and the passages that are `certain`, in no order.

        For BM25 a passage has a name of the text also if it has another for the same.

        What one search alone found has its score of the other as well: on MTRAG-UN that lifts
        recall at 5 from 0.890 to 0.898, beside counting it as nothing.
        """
        scores = self._bm25_scores(text, earlier)
        for name, others in also_called:
            another = np.max([self._naming(other) for other in others], axis=0)
            scores = scores + np.maximum(another - self._naming(name), 0)
        dense = self.dense(text, count, earlier, within)
        worded = self._worded(scores, count, within)
        passages = (*(hit.passage for hit in (*dense, *worded)), *certain)
        found = {passage.id: self._row[passage.id] for passage in passages}
        if not found:
            return []
        rows = np.fromiter(found.values(), np.intp)
        cosines = np.zeros(len(rows), np.float32)
        if self._store is not None:
            cosines = self._vectors[rows] @ self._asked(text, earlier)
        best_cosine = max(float(cosines.max()), 1e-9)
        best_score = max(float(scores[rows].max()), 1e-9)
        ranks = [{hit.passage.id: n for n, hit in enumerate(hits)} for hits in (dense, worded)]
        return [
            Found(
                self._ordered[row], float(cosine) / best_cosine, float(scores[row]) / best_score,
                ranks[0].get(passage_id), ranks[1].get(passage_id),
            )
            for (passage_id, row), cosine in zip(found.items(), cosines, strict=True)
        ]

    def _asked(self, text: str, earlier: Sequence[str]) -> Vectors:
        vectors = np.array([self._vector(one) for one in (text, *earlier)])
        if len(self._vectors) and vectors.shape[1] != self._vectors.shape[1]:
            raise IndexUnavailable(
                f"The vectors of {self.embedding} have another size than those of the index.",
                "If it is another model now, build the index again: assistant index --rebuild",
            )
        mixed = (0.5 ** np.arange(len(vectors))) @ vectors
        return np.asarray(mixed / np.linalg.norm(mixed), dtype=np.float32)

    def _nearest(self, vector: Vectors, count: int) -> list[Hit]:
        # asked for texts too, as llama-index does, Chroma takes three times as long
        with translated("search the index"):
            found = self._store.client.query(
                query_embeddings=[vector], n_results=count, include=["distances"]
            )
        return [
            Hit(self.passages[i], 1.0 - distance)
            for i, distance in zip(found["ids"][0], found["distances"][0], strict=True)
            if i in self.passages
        ]

    def _bm25_scores(self, text: str, earlier: Sequence[str]) -> Vectors:
        """The BM25 score of each passage, in order."""
        query = [
            term for n, one in enumerate((text, *earlier)) for term in self._query(one)
            for _ in range(2 ** (len(earlier) - n))
        ]
        if not query:
            return np.zeros(len(self._ordered), np.float32)
        return np.asarray(self._bm25.get_scores(query), np.float32)

    def _naming(self, name: str) -> Vectors:
        """For each passage that has all words of a name, the BM25 score of the rarest; else 0."""
        parts = [self._bm25_scores(word, ()) for word in name.split() if terms(word)]
        if not parts:
            return np.zeros(len(self._ordered), np.float32)
        return np.where(np.min(parts, axis=0) > 0, np.max(parts, axis=0), 0)

    def _query(self, text: str) -> list[str]:
        """The terms that BM25 looks for."""
        return [term for term in terms(text) if term in self._bm25.vocab_dict]

    def _worded(self, scores: Vectors, count: int, within: Set[str] | None) -> list[Hit]:
        rows = None if within is None else self._rows(frozenset(within))
        held = scores if rows is None else scores[rows]
        best = [n for n in _best(held, count) if held[n] > 0]
        return [
            Hit(self._ordered[n if rows is None else rows[n]], float(held[n])) for n in best
        ]

    def _blocks(self, within: frozenset[str]) -> Iterator[slice]:
        """Where the passages of these sources stand, source by source."""
        for source_id, passages in self._by_source.items():
            if source_id in within:
                first = self._row[passages[0].id]
                yield slice(first, first + len(passages))

    def _standing(self, within: frozenset[str]) -> Rows:
        """Where the passages of these sources stand."""
        blocks = [np.arange(block.start, block.stop) for block in self._blocks(within)]
        return np.concatenate([np.zeros(0, np.intp), *blocks])


def searched_text(passage: Passage) -> str:
    """What BM25 reads of a passage: the names of its source stand in front of its text."""
    return " ".join(
        [passage.source.title, *passage.source.aliases, passage.source.voice, passage.anchor,
         passage.text]
    )


def _best(scores: Vectors, count: int) -> list[int]:
    """The places of the highest scores, best first."""
    count = min(count, len(scores))
    if count == 0:
        return []
    top = np.argpartition(-scores, count - 1)[:count]
    return [int(n) for n in top[np.argsort(-scores[top], kind="stable")]]
