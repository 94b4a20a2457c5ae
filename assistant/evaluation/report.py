"""A run as one HTML file that opens offline: it loads nothing and runs no script.

All text of documents and models is data and is escaped; the filters are CSS alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from assistant.evaluation.junit import junit_xml
from assistant.evaluation.metrics import METRICS, figure, say, wilson
from assistant.evaluation.running import Result, Run
from assistant.evaluation.summary import of_group, of_model, scores_of, tables
from assistant.render import say_model

REPORT = "report.html"
_TEMPLATE = Path(__file__).with_name("report.html.jinja")


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A share with its interval, each from 0 to 1, and the same in words."""

    label: str
    share: float
    low: float
    high: float
    told: str


@dataclass(frozen=True, kw_only=True)
class Plot:
    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An answer with the values of all metrics that it has one of, and how it differs from that of
    the run before: lines with `+`, `-` or a space in front, none where it does not."""

    result: Result
    group_number: int
    model_number: int
    values: tuple[tuple[str, str], ...]
    before: Result | None
    changes: tuple[tuple[str, str], ...]

    @property
    def turned(self) -> str:
        """`mended` or `broken` where the answer passes now and did not before, or the reverse."""
        if self.before is None or self.before.score.passed == self.result.score.passed:
            return ""
        return "mended" if self.result.score.passed else "broken"


def write_report(run: Run, folder: Path, suite: str) -> Path:
    """Write the report, whose path is returned, and the same for machines as `junit.xml`."""
    (folder / "junit.xml").write_text(junit_xml(run), encoding="utf-8")
    report = folder / REPORT
    report.write_text(report_html(run, f"Test prompts: {Path(suite).stem}"), encoding="utf-8")
    return report


def report_html(run: Run, title: str) -> str:
    """The whole report as text of one file."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        title=title, run=run, models=[say_model(m) for m in run.models], metrics=METRICS,
        tables=tables(run), plots=tuple(_plots(run)), answers=tuple(_answers(run)),
        asked=max(result.asked for result in run.results),
    )


def _plots(run: Run) -> Iterator[Plot]:
    for model in run.models:
        scores = scores_of(run, model)
        figures = [(m.title, figure(m, scores)) for m in METRICS if m.unit == "share"]
        yield Plot(title=f"{say_model(model)}: figures", bars=tuple(
            Bar(label=name, share=f.mean, low=f.low, high=f.high, told=say(f))
            for name, f in figures if f.cases
        ))
        yield Plot(title=f"{say_model(model)}: passed by group", bars=tuple(
            _group_bar(group.title, results) for group in run.groups
            if (results := of_group(of_model(run.results, model), group))
        ))


def _group_bar(title: str, results: Sequence[Result]) -> Bar:
    passed = sum(result.score.passed for result in results)
    share = wilson(passed, len(results))
    return Bar(label=title, share=share.mean, low=share.low, high=share.high,
               told=f"{passed} of {len(results)}")


def _answers(run: Run) -> Iterator[Shown]:
    before = {(result.model, result.prompt.id): result for result in run.before}
    groups = [group.name for group in run.groups]
    for result in run.results:
        old = before.get((result.model, result.prompt.id))
        yield Shown(
            result=result, group_number=groups.index(result.group.name),
            model_number=run.models.index(result.model), values=tuple(_values(result)), before=old,
            changes=tuple(_changes(old.answer.text, result.answer.text)) if old else (),
        )


def _values(result: Result) -> Iterator[tuple[str, str]]:
    for metric in METRICS:
        value = metric.value(result.score)
        if value is not None:
            yield metric.title, f"{value:.2f}".rstrip("0").rstrip(".")


def _changes(before: str, after: str) -> Iterator[tuple[str, str]]:
    if before == after:
        return
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if line[0] in "+- " and line[2:].strip():
            yield line[0], line[2:]
