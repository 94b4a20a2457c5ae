"""Does the program's verdict on a model's sentence agree with a reader's?

    python -m tests.bench.labels draw FILE --model SPEC [--model SPEC …] [--every N]
    python -m tests.bench.labels show FILE
    python -m tests.bench.labels agree FILE [--judge SPEC]

`draw` has each model write about the bundled test prompts, without any check, and keeps its
sentences with the places that it was shown. A reader fills in `label` (see `show`) before `agree`
is ever run: it checks the sentences as an answer would, and prints the confusion with the labels,
Cohen's kappa and, for a judge, the same. The labels that are committed: `data/labels.jsonl`.

- `full`: what it says, all of it, is said in the places that the model was shown, of the same
  party, time and force.
- `part`: a part of it is said there, and the rest is not, or is too strong.
- `none`: it is not said there, or the opposite is; or it states nothing about the sources.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.answering import Assistant
from assistant.compose import write
from assistant.evaluation.judging import IndependentJudge, open_independent_judge
from assistant.evaluation.metrics import say_share
from assistant.evaluation.suite import open_suite, prompts_of
from assistant.models import abilities_of, open_model, with_model
from assistant.question import understand
from assistant.retrieval import retrieve
from assistant.settings import read_settings
from assistant.types import Draft, Passage, Span, Statement
from assistant.verify import Numbering, check

LABELS = ("full", "part", "none")
Row = dict[str, Any]
Place = tuple[Passage, Span]


def drawn(assistant: Assistant, spec: str, every: int) -> Iterator[Row]:
    """A row for each sentence that the model writes about every so-manyth prompt of one turn."""
    settings = with_model(assistant.settings, spec)
    model = open_model(settings)
    assert model is not None
    abilities = abilities_of(assistant.settings, spec)
    prompts = [p for _, p in prompts_of(open_suite()) if p.answerable and not p.turns]
    for prompt in prompts[::every]:
        question = understand(prompt.question, (), {"en"}, assistant.corpus.names)
        retrieved = retrieve(question, assistant.index)
        if not retrieved.answerable:
            continue
        drafts = write(question, retrieved, model, settings.prompts, abilities)
        for number, draft in enumerate(drafts, start=1):
            yield {
                "id": f"{prompt.id}:{model.name}:{number}", "question": prompt.question,
                "statement": draft.text, "label": "", "whole": draft.whole,
                "unknown": list(draft.unknown), "cited": list(map(_as_row, draft.cited)),
                "offered": list(map(_as_row, draft.offered)),
            }


def _as_row(place: Place) -> Row:
    passage, span = place
    return {"passage": passage.id, "start": span.start, "end": span.end}


def draft_of(row: Row, passages: dict[str, Passage]) -> Draft:
    """The sentence as the model left it. Raises KeyError for a passage that is no longer held."""
    def places(rows: Sequence[Row]) -> tuple[Place, ...]:
        return tuple((passages[r["passage"]], Span(r["start"], r["end"])) for r in rows)

    return Draft(
        text=row["statement"], origin="model", whole=row["whole"], unknown=tuple(row["unknown"]),
        cited=places(row["cited"]), offered=places(row["offered"]),
    )


def verdict(draft: Draft) -> str:
    """What the program makes of it, in the words of the labels."""
    checked = check(draft, Numbering())
    if not isinstance(checked, Statement):
        return "none"
    return "full" if checked.support == "full" else "part"


def judged(draft: Draft, judge: IndependentJudge) -> str:
    """`full` if the places that the model was shown support it in the judge's eyes."""
    evidence = "\n".join(p.source.text[s.start : s.end] for p, s in draft.offered)
    return "full" if judge.supports(evidence, draft.text) else "none"


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Cohen's kappa of two readers' yes and no (Cohen 1960)."""
    count = len(pairs)
    same = sum(a == b for a, b in pairs) / count
    first, second = (sum(pair[n] for pair in pairs) / count for n in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    return 1.0 if chance == 1 else (same - chance) / (1 - chance)


def _report(name: str, labels: Sequence[str], verdicts: Sequence[str]) -> None:
    counted = Counter(zip(labels, verdicts, strict=True))
    print(f"\n| a reader's label | {' | '.join(f'{name}: {v}' for v in LABELS)} |")
    print("|---|---|---|---|")
    for label in LABELS:
        print(f"| {label} | {' | '.join(str(counted[label, v]) for v in LABELS)} |")
    pairs = [(label == "full", said == "full") for label, said in
             zip(labels, verdicts, strict=True)]
    shown = [true for true, said in pairs if said]
    true = [said for true, said in pairs if true]
    print(f"\nkappa (full or not) {kappa(pairs):.2f}; of those it calls full, full "
          f"{say_share(sum(shown), len(shown))}; of the full ones called so "
          f"{say_share(sum(true), len(true))}")


def read(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _show(rows: Sequence[Row], passages: dict[str, Passage]) -> None:
    for row in rows:
        draft = draft_of(row, passages)
        print(f"\n## {row['id']}\n{row['question']}\n> {row['statement']}")
        for passage, span in draft.offered:
            mark = "*" if (passage, span) in draft.cited else " "
            source = passage.source
            print(f" {mark} {source.name} ({source.voice}, {source.date}, {source.status}), "
                  f"{passage.anchor}: {source.text[span.start : span.end]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=("draw", "show", "agree"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--judge")
    given = parser.parse_args()
    settings = read_settings()
    assistant = Assistant.open(settings)
    if given.action == "draw":
        with given.file.open("a", encoding="utf-8") as file:
            for spec in given.model:
                for row in drawn(assistant, spec, given.every):
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    file.flush()
        return
    passages = assistant.index.passages
    rows = read(given.file)
    if given.action == "show":
        _show(rows, passages)
        return
    labelled = [row for row in rows if row["label"] in LABELS]
    drafts = [draft_of(row, passages) for row in labelled]
    labels = [row["label"] for row in labelled]
    print(f"{len(labels)} statements labelled: {dict(Counter(labels))}")
    _report("the program", labels, [verdict(draft) for draft in drafts])
    if given.judge:
        judge = open_independent_judge(given.judge, settings)
        _report(given.judge, labels, [judged(draft, judge) for draft in drafts])


if __name__ == "__main__":
    main()
