"""Public sets of inferences and of answered questions, from clones of the repositories that hold
them, side by side in one folder:

- `NLI_datasets` (github.com/felipessalvatore): MultiNLI, its development halves (OANC, CC BY 3.0,
  CC BY-SA 3.0); SNLI, development (CC BY-SA 4.0); QNLI, development: questions of SQuAD 1.1 with a
  sentence each (CC BY-SA 4.0)
- `covidfact` (github.com/asaakyan): FEVER, development: claims with a sentence of Wikipedia
  (CC BY-SA 3.0)
- `counterfactually-augmented-data` (github.com/acmi-lab): SNLI rewritten by hand until the label
  turns (Apache-2.0, of texts CC BY-SA 4.0)
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import cast

from tests.bench.abstention import rows
from tests.training.pairs import Pair


def inferences(clones: Path) -> Iterator[Pair]:
    """Premise and hypothesis; supported means entailed."""
    for name in ("mnli", "snli"):
        for premise, hypothesis, label in _read(clones, name):
            yield Pair(premise, hypothesis, label == "entailment", name)
    fever = clones / "covidfact" / "RTE-Fever" / "processed"
    columns = [
        (fever / f"dev.{part}").read_text(encoding="utf-8").splitlines()
        for part in ("raw.input0", "raw.input1", "label")
    ]
    for evidence, claim, label in zip(*columns, strict=True):
        yield Pair(_joined(evidence), claim, label == "entailment", "fever")
    turned = clones / "counterfactually-augmented-data" / "NLI" / "all_combined" / "train.tsv"
    with turned.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            entailed = row["gold_label"].strip() == "entailment"
            yield Pair(row["sentence1"], row["sentence2"], entailed, "turned")


def answered(clones: Path, bench: Path) -> Iterator[Pair]:
    """Text and question; supported means that the text answers it.

    Of SQuAD 2.0 and CLAPNQ in `bench` the halves that may be tuned on, as `tests.bench.abstention`
    parts them. QNLI asks about the same articles as SQuAD 2.0: what stands in a paragraph that is
    kept for the report is left out.
    """
    paragraphs = list(rows(bench / "squad2" / "dev_paragraphs.jsonl"))
    middle = len(paragraphs) // 2
    kept_back = "\n".join(_plain(str(row["text"])) for row in paragraphs[middle:])
    for sentence, question, label in _read(clones, "qnli"):
        if _plain(sentence) not in kept_back:
            yield Pair(sentence, question, label == "entailment", "qnli", asked=True)
    texts = {str(row["_id"]): str(row["text"]) for row in paragraphs[:middle]}
    for row in rows(bench / "squad2" / "dev_questions.jsonl"):
        text = texts.get(str(row["para"]))
        if text:
            possible = not row["is_impossible"]
            yield Pair(text, str(row["question"]), possible, "squad2", asked=True)
    nq = bench / "clapnq"
    texts = {str(row["_id"]): str(row["text"]) for row in rows(nq / "pooled_corpus.jsonl")}
    pooled = list(rows(nq / "pooled_questions.jsonl"))
    for answerable in (True, False):
        for row in [r for r in pooled if r["answerable"] == answerable][:150]:
            for name in cast(list[str], row["passages"]):
                text = _joined(texts[name])
                yield Pair(text, str(row["question"]), answerable, "clapnq", asked=True)


def _read(clones: Path, name: str) -> Iterator[tuple[str, str, str]]:
    """Text, what is held against it, and the label. QNLI has the question first."""
    path = clones / "NLI_datasets" / "nli_datasets" / name / "dev.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        for row in islice(csv.reader(lines), 1, None):
            if len(row) == 3:
                first, second, label = (cell.strip() for cell in row)
                yield (second, first, label) if name == "qnli" else (first, second, label)


def _joined(text: str) -> str:
    """A text whose marks stand apart from its words, with these where a reader expects them."""
    text = re.sub(r"`` ?| ?''", '"', text)
    return re.sub(r" (?=[.,;:?!)]|'[a-z])|(?<=[(]) ", "", text)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
