"""A run in a few tables: figures by model, groups by model, what differs; and what falls short."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.errors import SettingsError
from assistant.evaluation.metrics import BY_NAME, METRICS, Figure, Metric, compare, figure, say
from assistant.evaluation.running import Result, Run
from assistant.evaluation.scoring import Score
from assistant.evaluation.suite import Group
from assistant.render import say_model


@dataclass(frozen=True, kw_only=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Shortfall:
    """A figure on the wrong side of what was asked for, and the prompts that pull it there."""

    metric: Metric
    model: str
    figure: Figure
    wanted: float
    prompts: tuple[str, ...]

    def __str__(self) -> str:
        than = "below" if self.metric.better == "high" else "above"
        return (
            f"{self.metric.name} of {say_model(self.model)} is {_value(self.figure):.3f}, {than} "
            f"{self.wanted:g}: {', '.join(self.prompts) or 'all prompts alike'}"
        )


def tables(run: Run) -> tuple[Table, ...]:
    """The figures and the groups, and, if there is something to compare with, the differences."""
    differences = tuple(_differences(run))
    return (figures_table(run), groups_table(run), *differences)


def figures_table(run: Run) -> Table:
    """Metrics that no prompt has a value of are left out."""
    rows = []
    for metric in METRICS:
        cells = [figure(metric, scores_of(run, model)) for model in run.models]
        if any(cell.cases for cell in cells):
            told = tuple(say(cell, metric) for cell in cells)
            rows.append((metric.title, *told, str(max(cell.cases for cell in cells))))
    return Table(
        title="Figures (mean and 95 % interval; p50 and p95)",
        columns=("metric", *map(say_model, run.models), "prompts"), rows=tuple(rows),
    )


def groups_table(run: Run) -> Table:
    rows = []
    for group in run.groups:
        told = [_passed(of_group(of_model(run.results, m), group)) for m in run.models]
        rows.append((group.title, *told))
    rows.append(("All", *(_passed(of_model(run.results, m)) for m in run.models)))
    return Table(
        title="Passed, by group", columns=("group", *map(say_model, run.models)), rows=tuple(rows)
    )


def _differences(run: Run) -> Iterator[Table]:
    first, *others = run.models
    for model in others:
        yield _difference(
            f"{say_model(model)} minus {say_model(first)}", by_prompt(of_model(run.results, first)),
            by_prompt(of_model(run.results, model)),
        )
    for model in run.models:
        if before := by_prompt(of_model(run.before, model)):
            yield _difference(
                f"{say_model(model)}: now minus the run before", before,
                by_prompt(of_model(run.results, model)),
            )


def _difference(title: str, before: Mapping[str, Score], after: Mapping[str, Score]) -> Table:
    rows = []
    for metric in METRICS:
        got = compare(metric, before, after)
        if got.cases:
            told = f"{got.mean:+.3f} [{got.low:+.3f}, {got.high:+.3f}]"
            rows.append((metric.title, told, verdict(metric, got), str(got.cases)))
    return Table(
        title=f"{title} (paired, 95 % by bootstrap)",
        columns=("metric", "difference", "", "prompts"), rows=tuple(rows),
    )


def verdict(metric: Metric, difference: Figure) -> str:
    """`better` or `worse`, only where the interval lies on one side of 0; of seconds `slower` or
    `faster`, which may be the machine's load."""
    if difference.low <= 0 <= difference.high:
        return "no difference told"
    if metric.unit == "seconds":
        return "slower" if difference.mean > 0 else "faster"
    return "better" if (difference.mean > 0) == (metric.better == "high") else "worse"


def shortfalls(run: Run, wanted: Mapping[str, float]) -> Iterator[Shortfall]:
    """What is below a floor; of what is better low (`false_refusals`, seconds), above a ceiling.

    Raises SettingsError for a metric that is none or that no prompt of this run has a value of.
    """
    for name, limit in wanted.items():
        metric = named(name)
        for model in run.models:
            results = of_model(run.results, model)
            got = figure(metric, (r.score for r in results))
            if not got.cases:
                raise SettingsError(
                    f"No prompt has a value of {name}.",
                    "Name a judge with --judge for figures of support, or leave it out.",
                    variable="--min", value=name,
                )
            short = _value(got) < limit if metric.better == "high" else _value(got) > limit
            if short:
                yield Shortfall(
                    metric=metric, model=model, figure=got, wanted=limit,
                    prompts=tuple(r.prompt.id for r in results if _pulls(metric, r.score, limit)),
                )


def named(name: str) -> Metric:
    """Raises SettingsError."""
    if name not in BY_NAME:
        raise SettingsError(
            f"There is no metric {name}.", f"Name one of {', '.join(BY_NAME)}.",
            variable="--min", value=name,
        )
    return BY_NAME[name]


def _pulls(metric: Metric, score: Score, limit: float) -> bool:
    value = metric.value(score)
    if value is None:
        return False
    return value < limit if metric.better == "high" else value > limit


def _value(got: Figure) -> float:
    return got.mean if not math.isnan(got.mean) else 0.0


def scores_of(run: Run, model: str) -> tuple[Score, ...]:
    return tuple(result.score for result in of_model(run.results, model))


def of_model(results: Iterable[Result], model: str) -> tuple[Result, ...]:
    return tuple(result for result in results if result.model == model)


def of_group(results: Iterable[Result], group: Group) -> tuple[Result, ...]:
    return tuple(result for result in results if result.group.name == group.name)


def by_prompt(results: Iterable[Result]) -> dict[str, Score]:
    return {result.prompt.id: result.score for result in results}


def _passed(results: Sequence[Result]) -> str:
    return f"{sum(result.score.passed for result in results)} of {len(results)}"
