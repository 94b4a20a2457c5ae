"""Are the right passages found? `python -m tests.bench.retrieval DIR`

DIR holds the public sets `scifact` and `mtrag`. Each text is a document of its own; documents are
ranked by their best passage. Printed are nDCG@10 and recall@5 and @10 for BM25 alone, the bundled
vectors alone and the program's search, which folds them together; for `mtrag` follow-ups asked as
they stand ("last turn"), with their history ("our rewrite") and as somebody rewrote them ("gold").
`--split tune` are the parts to choose on; SciFact's test queries are never among them.
"""

from __future__ import annotations

import argparse
import ast
import math
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from pathlib import Path
from typing import NamedTuple, cast

from assistant.embeddings import BundledEmbedder
from assistant.index import Hit, PassageIndex, open_index
from assistant.question import understand
from assistant.retrieval import retrieve
from assistant.types import Question, Source, Turn
from tests.bench.abstention import rows

# Passages fetched, so that ten documents are among them.
_DEEP = 50


class Query(NamedTuple):
    text: str
    gold: Set[str]
    history: tuple[Turn, ...] = ()


Texts = list[tuple[str, str, str]]
"""Id, title and text of each document."""


def _texts(folder: Path) -> Texts:
    return [
        (str(row["_id"]), str(row["title"]), str(row["text"]))
        for row in rows(folder / "corpus.jsonl")
    ]


def scifact(bench: Path, split: str) -> tuple[Texts, dict[str, list[Query]]]:
    folder = bench / "scifact"
    texts = _texts(folder)
    if split == "tune":
        queries = [
            Query(str(r["claim"]), {str(i) for i in cast(list[int], r["cited_doc_ids"])})
            for r in rows(folder / "claims.jsonl") if r["split"] == "train"
        ]
        return texts, {"train claims": queries}
    gold = _qrels(folder / "qrels_test.tsv")
    queries = [
        Query(str(r["text"]), gold[str(r["_id"])]) for r in rows(folder / "queries_test.jsonl")
    ]
    return texts, {"test claims": queries}


def mtrag(bench: Path, split: str) -> tuple[Texts, dict[str, list[Query]]]:
    """Turns that follow others and have a gold passage."""
    folder = bench / "mtrag" / ("pooled_un" if split == "tune" else "pooled_human")
    texts = _texts(folder)
    asked: dict[str, list[Query]] = {"last turn": [], "our rewrite": [], "gold rewrite": []}
    for row in rows(folder / "tasks.jsonl"):
        said = row["history"]
        told = ast.literal_eval(said) if isinstance(said, str) else said
        turns = cast(list[dict[str, str]], told)
        gold = set(cast(list[str], row["gold_passages"]))
        if not gold or not turns:
            continue
        history = tuple(
            Turn("user" if t["speaker"] == "user" else "assistant", t["text"]) for t in turns
        )
        text = str(row["question"])
        asked["last turn"].append(Query(text, gold))
        asked["our rewrite"].append(Query(text, gold, history))
        if "rewrite_gold" in row:
            asked["gold rewrite"].append(Query(str(row["rewrite_gold"]), gold))
    return texts, {name: queries for name, queries in asked.items() if queries}


def _qrels(path: Path) -> dict[str, set[str]]:
    gold: dict[str, set[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            gold.setdefault(query, set()).add(document)
    return gold


def built(texts: Texts, folder: Path) -> PassageIndex:
    sources = [
        Source(
            id=name, title=title or "Text", kind="reference", voice="unknown", status="unknown",
            text_kind="original", checked="full_text", text=text,
        )
        for name, title, text in texts if text.strip()
    ]

    def told(done: int, total: int) -> None:
        print(f"\r{done} of {total} passages", end="", file=sys.stderr, flush=True)

    return open_index(folder, sources, BundledEmbedder(), told)


Search = Callable[[Question], Iterable[str]]
"""Question → ids of documents, the best first, maybe repeated."""


def searches(index: PassageIndex) -> dict[str, Search]:
    def of(hits: list[Hit]) -> Iterator[str]:
        return (hit.passage.source.id for hit in hits)

    return {
        "BM25": lambda q: of(index.bm25(q.text, _DEEP, q.earlier)),
        "bundled vectors": lambda q: of(index.dense(q.text, _DEEP, q.earlier)),
        "ours": lambda q: (e.passage.source.id for e in retrieve(q, index, _DEEP).evidence),
    }


def ndcg(ranked: Sequence[str], gold: Set[str], most: int) -> float:
    """Gains of 1; the ideal order has all gold documents first."""
    gain = sum(1 / math.log2(n + 2) for n, name in enumerate(ranked[:most]) if name in gold)
    return gain / sum(1 / math.log2(n + 2) for n in range(min(most, len(gold))))


def recall(ranked: Sequence[str], gold: Set[str], most: int) -> float:
    return len(gold & set(ranked[:most])) / len(gold)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bench", type=Path)
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    parser.add_argument("--only", choices=("scifact", "mtrag"))
    given = parser.parse_args()
    print("| set | asked | search | questions | nDCG@10 | recall@5 | recall@10 |")
    print("|---|---|---|---|---|---|---|")
    for name, read in (("scifact", scifact), ("mtrag", mtrag)):
        if given.only not in (None, name):
            continue
        texts, asked = read(given.bench, given.split)
        with tempfile.TemporaryDirectory() as folder:
            index = built(texts, Path(folder))
            for how, queries in asked.items():
                for search, ranking in searches(index).items():
                    found = [
                        (list(dict.fromkeys(ranking(understand(q.text, q.history)))), q.gold)
                        for q in queries
                    ]
                    figures = [
                        sum(measure(ranked, gold, most) for ranked, gold in found) / len(found)
                        for measure, most in ((ndcg, 10), (recall, 5), (recall, 10))
                    ]
                    shown = " | ".join(f"{figure:.3f}" for figure in figures)
                    print(f"| {name} | {how} | {search} | {len(queries)} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
