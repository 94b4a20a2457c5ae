"""The bundled test prompts, answered with quotes, are no worse than they were.

`prompts/tests/floors.json` holds the least that each figure may be (`false_refusals`: the most),
and which prompts passed when that was written. `python -m tests.test_guard` writes it again, after
a change for the better or a correction of a prompt.
"""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest

from assistant.answering import Assistant
from assistant.evaluation.metrics import BY_NAME, figure
from assistant.evaluation.running import Run, evaluate
from assistant.evaluation.suite import bundled_prompts, open_suite
from assistant.evaluation.summary import scores_of, shortfalls
from assistant.settings import read_settings

FLOORS = bundled_prompts() / "floors.json"
KEPT = (
    "passed", "outcome", "abstention_precision", "abstention_recall", "false_refusals",
    "source_recall", "vital_facts", "nothing_forbidden", "quotations", "attribution",
)


def floors_of(run: Run) -> dict[str, Any]:
    """Figures cut to two places, to the lenient side, and the ids of the prompts that pass."""
    floors = {}
    for name in KEPT:
        metric = BY_NAME[name]
        hundredths = round(100 * figure(metric, scores_of(run, "quotes")).mean, 6)
        floors[name] = (
            math.floor(hundredths) if metric.better == "high" else math.ceil(hundredths)
        ) / 100
    return {"floors": floors, "passing": passing(run)}


def passing(run: Run) -> list[str]:
    return sorted(result.prompt.id for result in run.results if result.score.passed)


def changed(run: Run, known: list[str]) -> str:
    """Which prompts pass no more, and which do now, in words."""
    now = set(passing(run))
    lost, won = sorted(set(known) - now), sorted(now - set(known))
    return f"pass no more: {', '.join(lost) or 'none'}; pass now: {', '.join(won) or 'none'}"


@pytest.fixture(scope="module")
def run(bundled: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(bundled, open_suite(), ["quotes"], tmp_path_factory.mktemp("guard"))


def test_the_bundled_prompts_are_answered_no_worse_than_before(run: Run) -> None:
    kept = json.loads(FLOORS.read_text(encoding="utf-8"))
    assert kept["floors"].keys() == set(KEPT)
    short = [str(one).partition(":")[0] for one in shortfalls(run, kept["floors"])]
    assert short == [], changed(run, kept["passing"])


def test_a_drop_is_told_with_the_prompts_that_changed(run: Run) -> None:
    now = passing(run)
    assert changed(run, [*now[1:], "gone"]) == f"pass no more: gone; pass now: {now[0]}"
    raised = {name: value + 0.02 for name, value in floors_of(run)["floors"].items()}
    assert any(shortfalls(run, {"passed": raised["passed"]}))


def test_the_list_of_passing_prompts_names_prompts_that_there_are() -> None:
    ids = {prompt.id for group in open_suite() for prompt in group.prompts}
    assert set(json.loads(FLOORS.read_text(encoding="utf-8"))["passing"]) <= ids


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as out:
        told = floors_of(
            evaluate(Assistant.open(read_settings()), open_suite(), ["quotes"], Path(out))
        )
    FLOORS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
