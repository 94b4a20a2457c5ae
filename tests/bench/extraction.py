"""Main text of web pages: `python -m tests.bench.extraction FOLDER` with the public set there.

Prints the mean F1 over 4-word shingles of our reader on all pages, beside the runs that the set
carries. The measure is the set's own: multisets of shingles, precision and recall averaged over
pages, F1 of the averages.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import Counter
from pathlib import Path
from statistics import mean

from assistant.corpus.readers import html_text
from assistant.errors import CorpusError

_SHINGLE = 4


def shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    count = max(len(words) - _SHINGLE + 1, 1) if words else 0
    return Counter(tuple(words[i : i + _SHINGLE]) for i in range(count))


def scores(truth: str, found: str) -> tuple[float, float]:
    wanted, got = shingles(truth), shingles(found)
    common = sum((wanted & got).values())
    precision = common / sum(got.values()) if got else float(not wanted)
    recall = common / sum(wanted.values()) if wanted else float(not got)
    return precision, recall


def f1(pairs: list[tuple[float, float]]) -> float:
    precision, recall = mean(p for p, _ in pairs), mean(r for _, r in pairs)
    return 2 * precision * recall / (precision + recall)


def ours(path: Path) -> str:
    try:
        return html_text(gzip.decompress(path.read_bytes()), path)
    except CorpusError:
        return ""


def main(folder: Path) -> None:
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    runs = {path.stem: json.loads(path.read_text(encoding="utf-8"))["output"]
            for path in sorted((folder / "output").glob("*.json"))}
    print("| reader | F1 |\n|---|---|")
    for name, run in runs.items():
        pairs = [scores(t["articleBody"], run[i]["articleBody"]) for i, t in truth.items()]
        print(f"| {name} (run in the set) | {f1(pairs):.3f} |")
    pairs = [scores(t["articleBody"], ours(folder / "html" / f"{i}.html.gz"))
             for i, t in truth.items()]
    print(f"| ours, {len(pairs)} pages | {f1(pairs):.3f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
