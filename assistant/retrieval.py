"""Question → evidence: two searches fused, sources balanced, best sentences marked.

Whether the evidence can answer at all is decided here too, from what the question names and the
passages do not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import lru_cache

from assistant.corpus.passages import sentences
from assistant.days import Occasion, occasions
from assistant.differing import differing
from assistant.index import Found, PassageIndex, searched_text
from assistant.injection import steering
from assistant.naming import named_sources, names, respelt, unheld_days, unheld_texts, unknown_names
from assistant.period import Period, period
from assistant.places import Place, places
from assistant.premise import false_premise
from assistant.quoted import distance, same_words, speak_for_themselves
from assistant.sides import found_in_each, sides, speaks, with_sides
from assistant.silence import KINDS, silence
from assistant.tokenization import language_of, terms
from assistant.types import (
    EVERYTHING,
    AlsoCalled,
    Evidence,
    Passage,
    Question,
    Retrieved,
    Source,
    Span,
)

# Candidates of each search. More did not change which passages come first.
_CANDIDATES = 50
KEPT = 12
"""Passages for an answer."""
# Each further passage of the same source counts this much less, so that one long document does
# not crowd out the others.
_REPEAT = 0.95
# A source in which the speaker that the question names speaks alone counts this much more.
_SPEAKER = 1.5
# And a source that the question asks about by its name this much more.
_NAMED = 1.5
# One of a day or month that it names as well.
_DATED = 1.5
# A passage that stands at the place that the question names ("article 5") this much more.
_ADDRESSED = 1.5
# What somebody said at another time than is asked about counts this much less.
_OUT_OF_TIME = 0.4
# What the best passage must reach: the share of the question's content, by rarity, that it speaks
# of, plus the best cosine. Neither alone tells answerable questions from near misses. Tuned with
# the bundled embedding model: others place cosines otherwise.
_MIN_BEARING = 0.9
# What counts as the cosine when none is known. With the share alone, which must then be 0.4, of the
# questions to tune on (CLAPNQ, SQuAD 2.0) 6 % are refused in vain, of the others 25 and 10 %
# rightly; with both 3 and 7 %, 29 and 13 %.
_UNKNOWN_NEARNESS = 0.5

# A word of the questions before counts this much of one of the question.
_EARLIER = 0.5

# Up to this share of its own words a part of the question is not spoken of by any passage.
_SPOKEN_OF = 0.25

_LEANS = re.compile(r"\b(?:it|its|they|them|their|he|him|his|she|her|there)\b", re.IGNORECASE)
_SPEAKS = (
    "accus|add|agree|announc|answer|argu|ask|claim|comment|complain|criticis|criticiz|declar|demand|"
    "den|describ|explain|insist|object|offer|pledg|promis|propos|reject|repl|request|respond|say|"
    "said|stat|suggest|tell|think|view|want|warn|writ"
)
_SPEAKER_ASKED = re.compile(
    rf"\b(?:did|does|do|has|have|had|is|are|was|were)\s+((?:\S+\s+){{1,6}}?)(?:{_SPEAKS})\w*",
    re.IGNORECASE,
)


def retrieve(question: Question, index: PassageIndex, most: int = KEPT) -> Retrieved:
    """The passages that bear on a question, best first, at most `most`."""
    spelt = respelt(question, index)
    asked, parts = spelt.standalone, dict(zip(spelt.parts, question.parts, strict=True))
    weights = _weights(spelt, index)
    within = None
    if question.scope != EVERYTHING:
        within = index.admitted(question.scope)
    speaker = _speaker(question.text)
    named = [
        one for one in named_sources(weights.keys(), index) if question.scope.admits(one[0])
    ]
    place = frozenset(places(spelt.text))
    before = tuple(filter(None, (spelt.rewritten, *spelt.earlier)))
    beside = sides(spelt, index)
    hits = index.search(
        spelt.text, _CANDIDATES, before, within, spelt.also_called,
        [*(p for source, _ in named for p in index.of(source.id) if _addressed(p, place) == 1),
         *found_in_each(beside, spelt.text, index, within)],
    )
    # what somebody said about a document stands elsewhere than in it
    when = period(question.text, named)
    time = when if speaker else None
    dates = () if time else occasions(question.text)
    first = {source.id for source, name in named if name <= (speaker or name)}
    found = [
        replace(e, score=e.score * (_SPEAKER if speaks(e.passage, speaker) else 1.0)
                * _source_factor(e.passage.source, first, time, dates)
                * _ADDRESSED ** _addressed(e.passage, place))
        for e in _fuse(hits)
    ]
    suspect: list[Passage] = []
    chosen = with_sides(_balanced(found, suspect, most), found, beside)
    # what bears on the question in another language, where words cannot tell
    across = index.across(asked, [e.passage for e in chosen])
    evidence = speak_for_themselves([
        replace(e, best=_sentences_across(e.passage, asked, index) if e.passage.id in across
                else _best_sentences(e.passage, weights, spelt.also_called))
        for e in chosen
    ], index, within)
    missing = (
        *unknown_names(question.standalone, index, question.also_called),
        *unheld_texts(question.standalone, index, [e.passage for e in found]),
        *(() if when else unheld_days(spelt.text, index)),
    )
    unspoken = _open(spelt, evidence, weights, index)
    foreign = any(source.language != question.language for source, _ in named)
    unsaid = None if missing or unspoken or foreign else silence(spelt, weights, named, index)
    if unspoken:  # what can be answered is the rest
        own = _own(unspoken, spelt)
        weights = {term: w for term, w in weights.items() if term not in own}
        missing = tuple(n for n in missing if not any(n in part for part in unspoken))
    # what the question is about must be near, not what it was searched for with
    nearest = index.dense(asked, _CANDIDATES, within=within)  # mostly the same as in the search
    nearness = max((hit.score for hit in nearest), default=_UNKNOWN_NEARNESS)
    bearing = coverage(evidence, weights, spelt.also_called) + nearness
    nothing = missing or unsaid or 0 < len(parts) == len(unspoken)
    answerable = not nothing and bearing >= _MIN_BEARING
    elsewhere = tuple(e for e in evidence if e.passage.id in across)
    if elsewhere and not answerable and not unsaid:
        return Retrieved(
            evidence=elsewhere, answerable=True, suspect=tuple(suspect),
            period=time.words if time else "",
        )
    return Retrieved(
        evidence=evidence, missing=missing, silence=unsaid, answerable=answerable,
        open=tuple(parts[part] for part in unspoken) if answerable else (), suspect=tuple(suspect),
        period=time.words if time else "",
        premise=false_premise(asked, weights, named, evidence, index.sources)
        if answerable else None,
        differing=differing(asked, weights, named, evidence) if answerable else (),
    )


def _open(
    question: Question, evidence: tuple[Evidence, ...], weights: Mapping[str, float],
    index: PassageIndex,
) -> tuple[str, ...]:
    """The parts of the question that the evidence does not speak of, while it does of others.

    What counts are the words that no other part has, and names. What leans on such a part ("and
    which missiles hit it") is open with it.
    """
    if len(question.parts) < 2:
        return ()
    unspoken: list[str] = []
    leaning = False
    for part in question.parts:
        own = {t: weights.get(t, 0.0) for t in _own((part,), question)}
        named = {t for name in names(part) for t in terms(name) if index.holds(t)}
        also = question.also_called
        unknown = unknown_names(part, index, also) or any(
            coverage(evidence, {name: 1.0}, also) == 0 for name in named & own.keys()
        )
        spoken_of = coverage(evidence, own, also) > _SPOKEN_OF
        leans = bool(unspoken and _LEANS.search(part))
        if unknown or leans or len(own) > 1 and not spoken_of:
            unspoken.append(part)
            leaning |= leans
    if leaning:
        return tuple(unspoken)
    return tuple(unspoken) if len(unspoken) < len(question.parts) else ()


def _own(parts: tuple[str, ...], question: Question) -> set[str]:
    """The terms of the parts that the question's other parts do not have."""
    others = [part for part in question.parts if part not in parts]
    return set(terms(" ".join(parts))) - set(terms(" ".join(others))) - KINDS


def coverage(
    evidence: tuple[Evidence, ...], weights: Mapping[str, float],
    also_called: Sequence[AlsoCalled] = (),
) -> float:
    """The largest share of the question's weight that one passage speaks of, 0 to 1."""
    total = sum(weights.values())
    if not total or not evidence:
        return 0.0
    return max(_covered(e.passage, weights, also_called) for e in evidence) / total


def _weights(question: Question, index: PassageIndex) -> dict[str, float]:
    """Term → rarity, less for one that only the questions before have. A word that no source can
    hold because of its script counts as a common one, and a letter that none has not at all: their
    absence says nothing."""
    foreign = question.language not in index.languages
    asked = set(terms(question.text))
    weights = {}
    for term in terms(question.standalone):
        if len(term) == 1 and term.isalpha() and not index.holds(term):
            continue
        rarity = index.rarity(term) * (1.0 if term in asked else _EARLIER)
        unseen = foreign and language_of(term) != "en" and not index.holds(term)
        weights[term] = min(rarity, 1.0) if unseen else rarity
    return weights


def _covered(
    passage: Passage, weights: Mapping[str, float], also_called: Sequence[AlsoCalled]
) -> float:
    found = _spoken_of(f"{searched_text(passage)} {passage.source.date or ''}", also_called)
    return sum(weight for term, weight in weights.items() if term in found)


def _spoken_of(text: str, also_called: Sequence[AlsoCalled]) -> set[str]:
    """The terms of a text, and of the names that it uses another for."""
    found = set(terms(text))
    for name, others in also_called:
        if any(found.issuperset(terms(other)) for other in others):
            found.update(terms(name))
    return found


def _speaker(text: str) -> frozenset[str]:
    """Stems of the words between auxiliary and verb: who is asked to have said something."""
    found = _SPEAKER_ASKED.search(text)
    return frozenset(terms(found[1])) if found else frozenset()


def _addressed(passage: Passage, place: Set[Place]) -> float:
    """The share of the places asked for ("article 5, paragraph 2") that the passage stands at."""
    return len(place & _places_of(passage.anchor)) / len(place) if place else 0.0


@lru_cache(maxsize=100_000)
def _places_of(anchor: str) -> frozenset[Place]:
    return frozenset(places(anchor))


def _source_factor(
    source: Source, first: Set[str], time: Period | None, dates: Sequence[Occasion]
) -> float:
    """Less for a source of another time, else more for one that the question asks about, by its
    name or its date."""
    if time and not time.holds(source):
        return _OUT_OF_TIME
    named = _NAMED if source.id in first else 1.0
    return named * _DATED if any(date.is_of(source) for date in dates) else named


def _fuse(found: list[Found]) -> list[Evidence]:
    """Mean of both scores, each divided by its best: better than ranks alone (DESIGN: SciFact)."""
    return [
        Evidence(
            passage=hit.passage, score=(hit.dense + hit.bm25) / 2,
            dense_rank=hit.dense_rank, bm25_rank=hit.bm25_rank,
        )
        for hit in found
    ]


def _balanced(found: list[Evidence], suspect: list[Passage], most: int) -> list[Evidence]:
    """The best, each source's further passages counting less; of copies the one nearest to the
    act. What tries to steer a model is put aside in `suspect`."""
    kept: list[Evidence] = []
    chosen: Counter[str] = Counter()
    rest = list(found)
    while rest and len(kept) < most:
        best = max(rest, key=lambda e: e.score * _REPEAT ** chosen[e.passage.source.id])
        rest.remove(best)
        if steering(best.passage.text):
            suspect.append(best.passage)
            continue
        copies = (n for n, e in enumerate(kept) if same_words(e.passage, best.passage))
        if (copy := next(copies, None)) is not None:
            if distance(best.passage) < distance(kept[copy].passage):
                kept[copy] = replace(best, score=kept[copy].score)
            continue
        chosen[best.passage.source.id] += 1
        kept.append(best)
    return kept


def _best_sentences(
    passage: Passage, weights: Mapping[str, float], also_called: Sequence[AlsoCalled]
) -> tuple[Span, ...]:
    """Sentences that share content words with the question, most weight first."""
    scored = []
    for span in sentences(passage.text, passage.source.language, passage.span.start):
        found = _spoken_of(passage.source.text[span.start : span.end], also_called)
        scored.append((sum(w for term, w in weights.items() if term in found), span))
    return tuple(span for score, span in sorted(scored, key=lambda s: -s[0]) if score > 0)


def _sentences_across(passage: Passage, asked: str, index: PassageIndex) -> tuple[Span, ...]:
    """All sentences, the one first that is nearest in meaning to a question in another language."""
    text = passage.source.text
    spans = sentences(passage.text, passage.source.language, passage.span.start)
    cosines = index.sentences_across(asked, [text[span.start : span.end] for span in spans])
    ranked = sorted(zip(cosines, spans, strict=True), key=lambda found: -found[0])
    return tuple(span for _, span in ranked)
