"""Figures over many scored answers, with intervals, so that noise is not taken for progress.

Every metric has one value per prompt, or none where the prompt does not ask for it; a figure is the
mean of the values. `METRICS` says what each means and whose definition it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal, NamedTuple

import numpy as np

from assistant.evaluation.scoring import Score

# The 97.5th percentile of the normal distribution: intervals of 95 %.
_Z = 1.959964
_ROUNDS = 10_000


class Figure(NamedTuple):
    """A mean over `cases` prompts, with its 95 % interval; not a number without prompts."""

    mean: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`value` gives the value of one scored answer; `better` is the direction of progress."""

    name: str
    title: str
    definition: str
    source: str
    value: Callable[[Score], float | None]
    better: Literal["high", "low"] = "high"
    unit: Literal["share", "seconds", "tokens"] = "share"


def _when(asked: bool, value: float) -> float | None:
    return float(value) if asked else None


def _share(values: Sequence[bool]) -> float | None:
    return fmean(values) if values else None


def _nuggets(score: Score) -> float | None:
    weights = [1.0] * len(score.vital) + [0.5] * len(score.okay)
    if not weights:
        return None
    told = sum(w for w, f in zip(weights, (*score.vital, *score.okay), strict=True) if f)
    return told / sum(weights)


METRICS: tuple[Metric, ...] = (
    Metric(
        name="passed", title="passed",
        definition="Prompts whose answer has no fault: right outcome, all vital facts, the wanted "
        "sources, nothing that must not be said, quotations verbatim, no unknown speaker.",
        source="ours", value=lambda s: float(s.passed),
    ),
    Metric(
        name="outcome", title="outcome right",
        definition="Answers whose outcome is one of those expected.",
        source="ours", value=lambda s: float(s.right),
    ),
    Metric(
        name="abstention_precision", title="abstention precision",
        definition="Of the answers that abstain, those whose prompt allows that.",
        source="Kirichenko et al. 2025, AbstentionBench",
        value=lambda s: _when(s.abstained, s.abstention_fits),
    ),
    Metric(
        name="abstention_recall", title="abstention recall",
        definition="Of the prompts without an answer in the sources, those where it abstains.",
        source="Kirichenko et al. 2025, AbstentionBench",
        value=lambda s: _when(s.should_abstain is True, s.abstained),
    ),
    Metric(
        name="false_refusals", title="false refusals",
        definition="Of the prompts with an answer in the sources, those where it abstains or "
        "fails.",
        source="Röttger et al. 2024, XSTest", better="low",
        value=lambda s: _when(s.should_abstain is False, s.abstained or s.outcome == "failed"),
    ),
    Metric(
        name="source_recall", title="source recall",
        definition="Share of the wanted lists of sources of which the answer cites one.",
        source="recall of gold documents, as in HotpotQA's supporting facts (Yang et al. 2018)",
        value=lambda s: s.sources,
    ),
    Metric(
        name="vital_facts", title="vital facts",
        definition="Share of the prompt's vital facts that the answer tells.",
        source="nugget recall, vital only (Voorhees 2003, TREC question answering)",
        value=lambda s: _share(s.vital),
    ),
    Metric(
        name="facts", title="facts, weighted",
        definition="The same over all facts, an okay one counting half.",
        source="Pradeep et al. 2024, TREC RAG's weighted nugget score", value=_nuggets,
    ),
    Metric(
        name="nothing_forbidden", title="nothing forbidden said",
        definition="Of the prompts that name what must not be asserted, answers that do not.",
        source="ours",
        value=lambda s: _when(s.forbids, not s.forbidden),
    ),
    Metric(
        name="quotations", title="quotations verbatim",
        definition="Share of an answer's stretches in quotation marks that a cited passage has "
        "word for word, of a digest in quotation marks there too.",
        source="ours", value=lambda s: _share(s.quotations),
    ),
    Metric(
        name="attribution", title="speakers right",
        definition="Of the answers whose sentences name who says it, those where each name is the "
        "voice, in the title or in the cited words. Tells only names that the citation does not "
        "know at all.",
        source="ours", value=lambda s: _when(bool(s.speakers), not s.misattributed),
    ),
    Metric(
        name="citation_recall", title="citation recall (ALCE)",
        definition="Share of an answer's statements that the passages they cite support together, "
        "by a judge that did not gate the answer.",
        source="Gao et al. 2023, ALCE", value=lambda s: s.cited and s.cited.recall,
    ),
    Metric(
        name="citation_precision", title="citation precision (ALCE)",
        definition="Share of an answer's citations that are needed: the statement is supported, by "
        "this passage alone or not without it. By the same judge.",
        source="Gao et al. 2023, ALCE", value=lambda s: s.cited and s.cited.precision,
    ),
    Metric(
        name="unsupported", title="answers with an unsupported statement",
        definition="Answers that show a statement which that judge finds unsupported.",
        source="ours", better="low",
        value=lambda s: s.cited and float(bool(s.cited.unsupported)),
    ),
    Metric(
        name="gate", title="let through by the program's own check",
        definition="Share of a model's sentences that the program shows. Its own figure, not a "
        "measure of truth.",
        source="ours", value=lambda s: s.gate,
    ),
    Metric(
        name="first_text", title="seconds to first text", better="low", unit="seconds",
        definition="Seconds until the first sentence is shown.", source="ours",
        value=lambda s: s.first_text,
    ),
    Metric(
        name="total", title="seconds to the end", better="low", unit="seconds",
        definition="Seconds until the answer is complete.", source="ours",
        value=lambda s: s.total,
    ),
    Metric(
        name="tokens_read", title="tokens read", better="low", unit="tokens",
        definition="What the model read for one answer, where its server counts.", source="ours",
        value=lambda s: s.read or None,
    ),
    Metric(
        name="tokens_written", title="tokens written", better="low", unit="tokens",
        definition="What it wrote.", source="ours", value=lambda s: s.written or None,
    ),
)
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}


def figure(metric: Metric, scores: Iterable[Score]) -> Figure:
    """The mean over the prompts that ask for it with Wilson's interval for a share; for seconds and
    tokens the median with the 95th percentile as `high`."""
    known = [v for v in map(metric.value, scores) if v is not None]
    if metric.unit != "share":
        return percentiles(known)
    return wilson(math.fsum(known), len(known))


def wilson(hits: float, count: int) -> Figure:
    """A share with Wilson's score interval (Wilson 1927).

    For values between 0 and 1, not only 0 and 1, the interval is too wide rather than too narrow,
    as their variance is at most that of a share of the same mean.
    """
    if not count:
        return Figure(math.nan, math.nan, math.nan, 0)
    share, z2 = hits / count, _Z * _Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z / (1 + z2 / count) * math.sqrt(
        share * (1 - share) / count + z2 / (4 * count * count)
    )
    return Figure(share, max(0.0, middle - half), min(1.0, middle + half), count)


def percentiles(values: Sequence[float]) -> Figure:
    """Median as `mean` and `low`, 95th percentile as `high`."""
    if not values:
        return Figure(math.nan, math.nan, math.nan, 0)
    half, most = map(float, np.percentile(values, [50, 95]))
    return Figure(half, half, most, len(values))


def paired_bootstrap(
    before: Sequence[float], after: Sequence[float], *, rounds: int = _ROUNDS, seed: int = 0
) -> Figure:
    """The mean of `after` minus `before`, prompt by prompt, with its 95 % percentile interval over
    resampled prompts (Efron and Tibshirani 1993; for systems on the same items Koehn 2004).

    The order of both is that of the prompts. An interval around 0 tells no difference.
    """
    differences = np.asarray(after, dtype=float) - np.asarray(before, dtype=float)
    count = len(differences)
    if not count:
        return Figure(math.nan, math.nan, math.nan, 0)
    drawn = np.random.default_rng(seed).integers(0, count, (rounds, count))
    low, high = map(float, np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5]))
    return Figure(float(differences.mean()), low, high, count)


def compare(metric: Metric, before: Mapping[str, Score], after: Mapping[str, Score]) -> Figure:
    """The difference of two runs over the prompts, by id, that both have a value for."""
    pairs = [
        (old, new) for id in before.keys() & after.keys()
        if (old := metric.value(before[id])) is not None
        and (new := metric.value(after[id])) is not None
    ]
    pairs.sort()  # the set's order differs from process to process
    return paired_bootstrap([old for old, _ in pairs], [new for _, new in pairs])


def say(figure: Figure, metric: Metric | None = None) -> str:
    """`0.83 [0.70, 0.91]`; seconds as `p50 0.03, p95 0.05`; a dash without prompts."""
    if not figure.cases:
        return "–"
    if metric and metric.unit != "share":
        digits = 2 if metric.unit == "seconds" else 0
        return f"p50 {figure.mean:.{digits}f}, p95 {figure.high:.{digits}f}"
    return f"{figure.mean:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


def say_share(hits: float, count: int) -> str:
    """A share with its interval, in words."""
    return say(wilson(hits, count))
