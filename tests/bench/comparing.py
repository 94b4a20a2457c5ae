"""Does the comparison put the right places beside the provisions? `python -m tests.bench.comparing`

The pairs of `data/compare.yaml`, judged by hand before anything was matched. A cell is right if the
first place that it shows is one that answers the provision, or if it says that there is none and
there is none. Beside it stands what a reader would take instead: always the nearest passage by the
embedding model. `--tune` reads the pairs on which the thresholds were chosen, `--verbose` prints
each cell. Intervals are 95 % (Wilson).
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from assistant.answering import Assistant
from assistant.comparing import Comparison, compare
from assistant.evaluation.metrics import say_share
from assistant.index import PassageIndex
from assistant.settings import read_settings
from assistant.types import Passage, Source

DATA = Path(__file__).parent / "data"
Verdict = Literal["right", "wrong", "missed", "none, rightly", "in vain", "arguable"]
VERDICTS: tuple[Verdict, ...] = (
    "right", "wrong", "missed", "none, rightly", "in vain", "arguable"
)


class Judged(NamedTuple):
    """The places shown for a provision, the best first; where there are none, the one that is named
    as nearest; and, for the bench, the nearest by the embedding model."""

    provision: str
    shown: tuple[str, ...]
    named: str
    nearest: str
    answers: tuple[str, ...]
    arguable: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        return self._verdict(self.shown[:1])

    @property
    def baseline(self) -> Verdict:
        return self._verdict((self.nearest,))

    def _verdict(self, shown: Sequence[str]) -> Verdict:
        if not shown:
            return "missed" if self.answers else "none, rightly"
        if shown[0] in self.answers:
            return "right"
        if shown[0] in self.arguable:
            return "arguable"
        return "wrong" if self.answers else "in vain"


Gold = Mapping[str, Mapping[str, Sequence[str]]]


class Pair(NamedTuple):
    first: str
    other: str
    provisions: Gold


def pairs(name: str = "compare") -> list[Pair]:
    return [Pair(**row) for row in yaml.safe_load((DATA / f"{name}.yaml").read_text("utf-8"))]


def judged(pair: Pair, assistant: Assistant, baseline: bool = False) -> list[Judged]:
    by_id = {source.id: source for source in assistant.corpus.sources}
    both = [by_id[pair.first], by_id[pair.other]]
    comparison = compare(both, assistant.index, assistant.corpus.version)
    return list(_judged(pair, comparison, assistant.index if baseline else None))


def _judged(
    pair: Pair, comparison: Comparison, index: PassageIndex | None
) -> Iterator[Judged]:
    for row in comparison.rows:
        provision = row.provision.passage
        gold = pair.provisions[provision.anchor]
        (cell,) = row.cells
        places = [citation.passage.anchor for citation in cell.answers]
        yield Judged(
            provision.anchor, tuple(dict.fromkeys(places)),
            cell.nearest.anchor if cell.nearest else "",
            _nearest(provision, comparison.others[0], index).anchor if index else "",
            tuple(gold.get("answers", ())), tuple(gold.get("arguable", ())),
        )


def _nearest(provision: Passage, other: Source, index: PassageIndex) -> Passage:
    return index.dense(provision.text, 1, within={other.id})[0].passage


def table(found: Sequence[Judged]) -> str:
    lines = ["| what | " + " | ".join(VERDICTS) + " | right of those answered | cells right |",
             "|---" * (len(VERDICTS) + 3) + "|"]
    for name, verdicts in (("comparison", [j.verdict for j in found]),
                           ("always the nearest", [j.baseline for j in found])):
        count = Counter(verdicts)
        answered = count["right"] + count["wrong"] + count["missed"]
        answered += sum(bool(j.answers) and v == "arguable"
                        for j, v in zip(found, verdicts, strict=True))
        right = count["right"] + count["none, rightly"]
        lines.append(
            f"| {name} | " + " | ".join(str(count[verdict]) for verdict in VERDICTS)
            + f" | {say_share(count['right'], answered)} | {say_share(right, len(found))} |"
        )
    second = [place in j.answers for j in found for place in j.shown[1:]]
    kept = [place in (*j.answers, *j.arguable) for j in found for place in j.shown[1:]]
    lines.append(f"\nsecond places shown: {len(second)}, of which answer {sum(second)}, "
                 f"answer or arguable {sum(kept)}")
    missed = [j for j in found if j.verdict == "missed"]
    named = sum(j.named in j.answers for j in missed)
    lines.append(f"missed: {len(missed)}, of which name a right place as the nearest {named}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="a line for each cell")
    given = parser.parse_args()
    bundled = Assistant.open(read_settings())
    held = {source.id for source in bundled.corpus.sources}
    found: list[Judged] = []
    with tempfile.TemporaryDirectory() as home:
        made_up = Assistant.open(read_settings(corpus=DATA / "made-up", home=Path(home)))
        for pair in pairs("compare-tune" if given.tune else "compare"):
            cells = judged(pair, bundled if pair.first in held else made_up, baseline=True)
            found += cells
            for cell in cells if given.verbose else ():
                print(f"{cell.verdict:14} {pair.first} {cell.provision} → {cell.shown}, "
                      f"judged {cell.answers}")
    print(table(found))


if __name__ == "__main__":
    main()
