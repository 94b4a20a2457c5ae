"""Is a statement told from an altered one? `python -m tests.bench.support --bench DIR --docs DIR`

Printed are, for a judge (a trained checker or a language model), balanced accuracy, F1 and the
confusion on SummEdits (a summary counts as supported if each of its sentences does) and WiCE
(supported against not), each at the judge's own threshold, with the area under the curve, which
knows no threshold; and the share of 310 paraphrases that pass the whole check, beside that of their
false twins that are caught.
`--split tune` are the parts to choose on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import NamedTuple

from assistant.corpus.catalogue import read_document
from assistant.evaluation.metrics import say_share
from assistant.models import open_model
from assistant.settings import read_settings
from assistant.types import Draft, Passage, Span, Statement
from assistant.verify import Numbering, check, open_judge
from assistant.verify.checker import Checker
from assistant.verify.judges import Judge
from assistant.verify.window import window
from tests.training.pairs import KEPT_BACK, cut

REPORT = ("news", "scitldr")
PARAPHRASES = Path(__file__).with_name("data") / "paraphrases.jsonl"
Support = Callable[[str, str], float]


class Judged(NamedTuple):
    score: float
    supported: bool


def summaries(bench: Path, domain: str, support: Support) -> Iterator[Judged]:
    rows = json.loads((bench / "summedits" / f"{domain}.json").read_text(encoding="utf-8"))
    for row in rows:
        text = cut(row["doc"])
        score = min(support(window(s, text), s) for s in cut(row["summary"]))
        yield Judged(score, bool(row["label"]))


def claims(bench: Path, support: Support) -> Iterator[Judged]:
    for line in (bench / "wice" / "claim_test.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = [s for s in row["evidence"] if len(s.split()) > 2]
        score = support(window(row["claim"], text), row["claim"])
        yield Judged(score, row["label"] == "supported")


def area(judged: Sequence[Judged]) -> float:
    """The chance that a supported statement scores above one that is not."""
    ranked = sorted(judged, key=lambda j: j.score)
    ranks = [n for n, j in enumerate(ranked, start=1) if j.supported]
    true, false = len(ranks), len(ranked) - len(ranks)
    return (sum(ranks) - true * (true + 1) / 2) / max(1, true * false)


class Confusion(NamedTuple):
    hit: int
    miss: int
    alarm: int
    right: int

    @property
    def balanced_accuracy(self) -> float:
        told = self.right / max(1, self.right + self.alarm)
        return (self.hit / max(1, self.hit + self.miss) + told) / 2


def confusion(judged: Sequence[Judged], threshold: float) -> Confusion:
    found: list[tuple[bool, ...]] = [(j.supported, j.score >= threshold) for j in judged]
    return Confusion(*map(found.count, product((True, False), repeat=2)))


def row(name: str, judged: Sequence[Judged], threshold: float) -> str:
    found = confusion(judged, threshold)
    hit, miss, alarm, right = found
    f1 = 2 * hit / max(1, 2 * hit + miss + alarm)
    return (
        f"| {name} | {len(judged)} | {found.balanced_accuracy:.3f} | {f1:.3f} | "
        f"{area(judged):.3f} | "
        f"{hit} / {miss} / {alarm} / {right} |"
    )


def paraphrases(docs: Path, judge: Judge | None) -> Iterator[tuple[str, bool, bool]]:
    """Kind of change, whether the true statement passes and whether the false one is caught."""
    for line in PARAPHRASES.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        source = read_document(docs / f"{one['doc']}.txt").source
        raw = (docs / f"{one['doc']}.txt").read_text(encoding="utf-8")[one["start"] : one["end"]]
        # the reader tidies a text: the passage is taken as it was meant, with what is known of it
        source = replace(source, text=raw)
        span = Span(0, len(raw))
        passage = Passage(id="p", source=source, anchor="text", span=span, checked="unverified")
        draft = Draft(text="", cited=((passage, span),), origin="model")
        true, false = (
            check(replace(draft, text=one[key]), Numbering(), judge) for key in ("true", "false")
        )
        passed, let_through = (
            isinstance(s, Statement) and s.support == "full" for s in (true, false)
        )
        yield one["change"], passed, not let_through


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    parser.add_argument("--weights", type=Path, help="the checker's, of `tests.training.train`")
    parser.add_argument("--model", help="ask this language model; without either: strict")
    parser.add_argument("--most", type=int, help="statements of each set")
    given = parser.parse_args()
    judge: Judge | None = Checker(given.weights) if given.weights else None
    if given.model:
        settings = read_settings(verify="model", model=given.model)
        judge = open_judge(settings, open_model(settings))
    if judge:
        print("| set | statements | balanced accuracy | F1 | AUROC | hit / miss / alarm / right |")
        print("|---|---|---|---|---|---|")
        for domain in REPORT if given.split == "report" else KEPT_BACK:
            judged = list(islice(summaries(given.bench, domain, judge.support), given.most))
            print(row(f"SummEdits {domain}", judged, judge.threshold), flush=True)
        if given.split == "report":
            judged = list(islice(claims(given.bench, judge.support), given.most))
            print(row("WiCE", judged, judge.threshold), flush=True)
    found = list(islice(paraphrases(given.docs, judge), given.most))
    passed, caught = sum(p for _, p, _ in found), sum(c for _, _, c in found)
    print(f"\nparaphrases passed {say_share(passed, len(found))}, "
          f"false twins caught {say_share(caught, len(found))}")
    for change in sorted({change for change, _, _ in found}):
        kind = [c for name, _, c in found if name == change]
        print(f"  {change}: {sum(kind)} of {len(kind)} caught")


if __name__ == "__main__":
    main()
