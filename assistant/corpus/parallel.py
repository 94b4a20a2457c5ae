"""A sentence of a translation → the same words in the document that it translates.

Sentences are paired by their lengths (Gale and Church, 1993, as in nltk), between the numbers that
both texts have just once and in the same order. That is right for nine sentences in ten and a
sentence off for most others: what is found is shown beside the translation, never cited.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from assistant.corpus.passages import sentences
from assistant.types import Source, Span

_NUMBER = re.compile(r"\d[\d.,\s\xa0]*\d")
# Pairing takes time by the product of the lengths, so longer stretches without a common number
# are cut in proportion.
_STRETCH = 200

_Pairs = Mapping[int, tuple[int, ...]]


def original_wording(source: Source, span: Span) -> Span | None:
    """The characters of `source.original` that the characters `span` of the source translate.

    `None` if the source is no translation, or nothing is paired with these sentences.
    """
    if source.original is None:
        return None
    here, there, pairs = _paired(
        source.text, source.language, source.original.text, source.original.language
    )
    found = [
        j for i, sentence in enumerate(here)
        if sentence.start < span.end and span.start < sentence.end for j in pairs.get(i, ())
    ]
    return Span(there[min(found)].start, there[max(found)].end) if found else None


@lru_cache(maxsize=32)
def _paired(
    text: str, language: str, other: str, other_language: str
) -> tuple[tuple[Span, ...], tuple[Span, ...], _Pairs]:
    here = tuple(sentences(text, language))
    there = tuple(sentences(other, other_language))
    pairs: dict[int, set[int]] = defaultdict(set)
    for left, right in _stretches(_numbers(text, here), _numbers(other, there),
                                  len(here), len(there)):
        for i, j in _by_length(here[slice(*left)], there[slice(*right)]):
            pairs[left[0] + i].add(right[0] + j)
    return here, there, {i: tuple(sorted(js)) for i, js in pairs.items()}


def _by_length(here: Sequence[Span], there: Sequence[Span]) -> list[tuple[int, int]]:
    from nltk.translate.gale_church import align_blocks

    if not here or not there:
        return []
    lengths = [[span.end - span.start for span in spans] for spans in (here, there)]
    return [(int(i), int(j)) for i, j in align_blocks(*lengths)]


def _numbers(text: str, spans: Sequence[Span]) -> list[tuple[str, int]]:
    """Each number that the text has once, and the sentence it stands in."""
    found = [
        (re.sub(r"\D", "", number), place) for place, span in enumerate(spans)
        for number in _NUMBER.findall(text[span.start : span.end])
    ]
    count = Counter(number for number, _ in found)
    return [(number, place) for number, place in found if count[number] == 1]


def _stretches(
    here: Sequence[tuple[str, int]], there: Sequence[tuple[str, int]], length: int, other: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Ranges of sentences that belong together, in order; each ends with a common number."""
    left = right = 0
    matcher = SequenceMatcher(None, [n for n, _ in here], [n for n, _ in there], autojunk=False)
    anchors = [
        (here[block.a + k][1] + 1, there[block.b + k][1] + 1)
        for block in matcher.get_matching_blocks() for k in range(block.size)
    ]
    for end, end_there in [*anchors, (length, other)]:
        if end <= left or end_there <= right:
            continue  # several numbers in one sentence
        cuts = 1 + max(end - left, end_there - right) // _STRETCH
        bounds = [
            (left + (end - left) * k // cuts, right + (end_there - right) * k // cuts)
            for k in range(cuts + 1)
        ]
        for (a, b), (c, d) in zip(bounds, bounds[1:], strict=False):
            yield (a, c), (b, d)
        left, right = end, end_there
