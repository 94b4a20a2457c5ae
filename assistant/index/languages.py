"""Search passages in several languages, from a question in any of them.

Each passage has two vectors: of the bundled model, which reads English, and of one that reads many
languages. An English question is held against English passages by the first, as ever; all else is
compared by the second. Cosines of two models are not comparable, so the passages in the question's
language and the others are ranked among themselves, and the two rankings are weighed by how near
the nearest of each comes in the model that reads both.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from functools import cached_property, lru_cache
from typing import Any

import bm25s

from assistant.embeddings import MultilingualEmbedder, Vectors
from assistant.index.manifest import Update
from assistant.index.search import Found, Hit, PassageIndex
from assistant.tokenization import language_of, latin, stem
from assistant.types import AlsoCalled, Passage

# From this cosine on a passage in another language bears on the question: 47 of the 50 questions of
# tests/bench/data/languages.jsonl that have an answer find such a one, and 3 of 24 that have none.
_BEARS = 0.33
# What says the same in another language is so much less near: median of 19 questions, each held
# against a document and its translation.
_FARTHER = 0.05
# A name's stem and that of the other script's name, in Latin letters, differ by a letter or two
# ("zelenski", "zelenskyy"); the two nearest are taken, as a stem may be cut in two ways. Russian
# stems lack the end of a surname.
_ALIKE, _SPELLINGS = 0.8, 2
_SURNAME = re.compile(r"(?<=...)[oe]v$")
# A capital, not at the start of a sentence. What is shorter resembles too much.
_NAME = re.compile(r"(?<=[^.?!…] )[«“\"(]?([A-ZА-ЯІЇЄҐ]\w{3,})")


class MultilingualIndex(PassageIndex):
    """The passages of a corpus in several languages, searchable from each of them.

    `dense` finds passages in the question's language, if there are any within reach; `search` those
    in others as well, with ranks that count within a language. Chroma only keeps the vectors: each
    passage is compared. The second model is only used where there are two languages.
    """

    def __init__(
        self, passages: dict[str, Passage], store: Any, bm25: bm25s.BM25, vectors: Vectors,
        embedder: MultilingualEmbedder, version: str, update: Update,
    ) -> None:
        super().__init__(passages, store, bm25, vectors, embedder, version, update)
        width = embedder.english.dimension
        self._english = PassageIndex(
            passages, store, bm25, vectors[:, :width], embedder.english, version, update
        )
        self._every = _AcrossIndex(
            passages, store, bm25, vectors[:, width:], embedder.every, version, update
        )

    def by_words(self) -> PassageIndex:
        return self._english.by_words()

    def nearness(self, one: str, other: str) -> float | None:
        return self._english.nearness(one, other)

    def vectors(self, texts: Sequence[str], languages: Set[str]) -> Vectors | None:
        return (self._every if languages - {"en"} else self._english)._embedder.embed(texts)

    def elsewhere(self, word: str) -> tuple[str, ...]:
        return self._every.elsewhere(word)

    def dense(
        self, text: str, count: int, earlier: Sequence[str] = (), within: Set[str] | None = None
    ) -> list[Hit]:
        own, other = self._by_language(text, within)
        if not own:
            return self._every.dense(text, count, earlier, other)
        return self._reader(text).dense(text, count, earlier, own)

    def search(
        self, text: str, count: int, earlier: Sequence[str] = (), within: Set[str] | None = None,
        also_called: Sequence[AlsoCalled] = (), certain: Iterable[Passage] = (),
    ) -> list[Found]:
        own, other = self._by_language(text, within)
        here, there = 1.0, 1.0
        if own and other:
            here, there = (self._every.dense(text, 1, earlier, i)[0].score for i in (own, other))
            there += _FARTHER
        held = tuple(certain)
        return [
            hit._replace(dense=hit.dense * share, bm25=hit.bm25 * share)
            for index, ids, share in (
                (self._reader(text), own, _share(here, there)),
                (self._every, other, _share(there, here)),
            ) if ids
            for hit in index.search(
                text, count, earlier, ids, also_called, [p for p in held if p.source.id in ids]
            )
        ]

    def across(self, text: str, passages: Sequence[Passage]) -> Set[str]:
        others = [p for p in passages if p.source.language != language_of(text)]
        if not others:  # the second model takes a second to load
            return frozenset()
        rows = [self._row[passage.id] for passage in others]
        cosines = self._every._vectors[rows] @ self._every._vector(text)
        return {p.id for p, cosine in zip(others, cosines, strict=True) if cosine >= _BEARS}

    def sentences_across(self, text: str, sentences: Sequence[str]) -> list[float]:
        every = self._every
        return [float(c) for c in every._embedder.embed(sentences) @ every._vector(text)]

    def _by_language(self, text: str, within: Set[str] | None) -> tuple[set[str], set[str]]:
        """The sources within reach in the text's language, and those in others; of a document and
        its translation only the one that the asker can read."""
        reach = [s for s in self.sources if within is None or s.id in within]
        own = {source.id for source in reach if source.language == language_of(text)}
        pairs = [{s.id, s.original.id} for s in reach if s.original]
        twice = {source_id for pair in pairs if pair & own for source_id in pair}
        return own, {source.id for source in reach} - own - twice

    def _reader(self, text: str) -> PassageIndex:
        """What compares the text with passages in its own language."""
        return self._english if language_of(text) == "en" else self._every


def _share(cosine: float, other: float) -> float:
    """What the scores of one language count, 0 to 1, if the nearest of the other is so near."""
    return min(max(cosine, 0.0) / max(other, 1e-9), 1.0)


class _AcrossIndex(PassageIndex):
    """Looks for names as the other script spells them as well: "Lavrov", "Лавров"."""

    def elsewhere(self, word: str) -> tuple[str, ...]:
        return self._spelt(word.lower())

    @cached_property
    def _spelt(self) -> Callable[[str], tuple[str, ...]]:
        return lru_cache(maxsize=1000)(self._search_spelling)

    def _search_spelling(self, word: str) -> tuple[str, ...]:
        there = self._spellings[language_of(word) == "en"]
        stemmed = stem(latin(word))
        near = [
            spelling for form in dict.fromkeys((stemmed, _SURNAME.sub("", stemmed)))
            for spelling in difflib.get_close_matches(form, there, n=_SPELLINGS, cutoff=_ALIKE)
        ]
        return tuple(dict.fromkeys(term for spelling in near for term in there[spelling]))

    @cached_property
    def _spellings(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """The terms of the passages in Latin letters and those in Cyrillic, by their Latin form."""
        found: tuple[dict[str, list[str]], ...] = (defaultdict(list), defaultdict(list))
        for term in self._bm25.vocab_dict:
            if term[:1].isalpha():
                found[language_of(term) != "en"][latin(term)].append(term)
        return found[0], found[1]

    def _query(self, text: str) -> list[str]:
        names = [name for word in _NAME.findall(text) for name in self.elsewhere(word)]
        return [*super()._query(text), *names]
