"""Where one text repeats another that is held too, the other speaks for itself.

An article that quotes a treaty, a digest that reports an address: the words are looked for in the
texts nearer to the act (agreed texts before officials, officials before commentators).
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import replace
from functools import lru_cache

from assistant.corpus.passages import sentences
from assistant.index import PassageIndex
from assistant.injection import steering
from assistant.tokenization import words
from assistant.types import TIERS, Evidence, Passage, Span

# So many words in a row are no chance; fewer are formulas that many texts use.
_RUN = 8
# Of what is repeated the other text has at least this share, in runs of words.
_REPEATED = 0.6
# Of two copies each has this share of the other's runs: two prints of one text.
_COPIED = 0.8
_QUOTED = re.compile(r"[“\"«]([^“”\"«»]{30,})[”\"»]")
_CANDIDATES = 5
# Sentences of a passage that may be shown.
_SENTENCES = 2


def speak_for_themselves(
    evidence: Sequence[Evidence], index: PassageIndex, within: Set[str] | None = None
) -> tuple[Evidence, ...]:
    """The evidence, each text `within` the named sources that a later one repeats before it; of
    the later one without the sentences that are nothing else."""
    given = {e.passage.id: e for e in evidence}
    spoken: dict[str, Evidence] = {}
    for found in evidence:
        repeated: list[Span] = []
        for span in found.best[:_SENTENCES]:
            text = found.passage.source.text[slice(*span)]
            for part in (text, *_QUOTED.findall(text)):
                first = _first_to_say(part, found.passage, index, within)
                if first is None:
                    continue
                own = given.get(first.id) or Evidence(
                    passage=first, score=found.score, best=_places(first, part)
                )
                spoken.setdefault(first.id, replace(own, score=max(own.score, found.score)))
                repeated += [span] if part is text else []
        rest = tuple(s for s in found.best if s not in repeated)
        spoken.setdefault(found.passage.id, replace(found, best=rest))
    return tuple(spoken.values())


def _first_to_say(
    text: str, passage: Passage, index: PassageIndex, within: Set[str] | None
) -> Passage | None:
    """A passage nearer to the act that has the words, if there is one."""
    tier = distance(passage)
    if not tier or not _runs(text):
        return None
    hits = (hit.passage for hit in index.bm25(text, _CANDIDATES, within=within))
    return next((
        p for p in hits if distance(p) < tier and _share(text, p) >= _REPEATED
        and not steering(p.text)
    ), None)


def _places(passage: Passage, text: str) -> tuple[Span, ...]:
    """The passage's sentences that have a run of words of the text."""
    source, runs = passage.source, _run_set(text)
    return tuple(
        span for span in sentences(passage.text, source.language, passage.span.start)
        if runs.intersection(_runs(source.text[slice(*span)]))
    )


def distance(passage: Passage) -> int:
    """From the act: 0 for an agreed or proposed text, more for what was said of it."""
    return TIERS.index(passage.source.tier)


def same_words(one: Passage, other: Passage) -> bool:
    """Whether two passages are copies of each other but for a few words.

    Not two agreed texts: the protocols on the accession of seven states are seven facts.
    """
    if one.source.tier == other.source.tier == "primary":
        return False
    short, long = sorted((len(_runs(one.text)), len(_runs(other.text))))
    if short < _COPIED * long:  # the longer one has too much of its own
        return False
    if not short:
        return words(one.text) == words(other.text)
    return min(_share(one.text, other), _share(other.text, one)) >= _COPIED


def _share(text: str, passage: Passage) -> float:
    """How much of the text the passage repeats, in runs of words, 0 to 1."""
    held = _run_set(passage.text)
    own = _runs(text)
    return sum(run in held for run in own) / len(own)


@lru_cache(maxsize=2_000)
def _run_set(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(_runs(text))


@lru_cache(maxsize=2_000)
def _runs(text: str) -> tuple[tuple[str, ...], ...]:
    plain = words(text)
    return tuple(tuple(plain[i : i + _RUN]) for i in range(len(plain) - _RUN + 1))
