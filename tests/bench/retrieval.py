"""Are the right passages found? `python -m tests.bench.retrieval DIR`

DIR holds the public sets `scifact`, `mtrag` and `chroma_chunking`. Compared are BM25 alone, the
bundled vectors alone, LlamaIndex's default retriever and its fusion by reciprocal rank, and the
program's search. Printed are

- for `scifact` and `mtrag`, where each text is a document of its own and documents are ranked by
  their best passage, nDCG@10 and recall@5 and @10; for `mtrag` follow-ups asked as they stand
  ("last turn"), with their history ("our rewrite") and as somebody rewrote them ("gold rewrite");
- for `chroma_chunking` the share of the gold characters in the first five and ten passages and in
  the first 4,000 characters of all that is found (a peer's chunks are eight times as long), and
  intersection over union with the first five.

`--split tune` are the parts to choose on; SciFact's test queries are never among them. With
`--questions FILE --docs DIR` questions of our own form are asked over a folder of texts: a gold
document among the first five passages, a gold quotation in one of the first ten.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import math
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path
from typing import NamedTuple, cast

from assistant.embeddings import BundledEmbedder
from assistant.evaluation.metrics import say_share
from assistant.index import Hit, PassageIndex, open_index
from assistant.question import understand
from assistant.retrieval import retrieve
from assistant.types import Evidence, Question, Source, Span, Turn
from tests.bench.abstention import rows
from tests.bench.peers import retrievers
from tests.bench.real_questions import open_assistant

# Passages fetched, so that ten documents are among them.
_DEEP = 50
_CHARACTERS = 4_000
_TUNE, _REPORT = ("wikitexts", "chatlogs"), ("state_of_the_union", "finance", "pubmed")

Place = tuple[str, Span]
"""A document's id, and characters of its text."""
Search = Callable[[Question], Sequence[Place]]
"""Question → passages, the best first."""


class Query(NamedTuple):
    """`gold` are ids of documents, or places in the set's one document."""

    text: str
    gold: Set[str]
    history: tuple[Turn, ...] = ()
    spans: tuple[Span, ...] = ()


Texts = list[tuple[str, str, str]]
"""Id, title and text of each document."""


def _texts(folder: Path) -> Texts:
    return [
        (str(row["_id"]), str(row["title"]), str(row["text"]))
        for row in rows(folder / "corpus.jsonl")
    ]


def scifact(bench: Path, split: str) -> Iterator[tuple[str, Texts, dict[str, list[Query]]]]:
    folder = bench / "scifact"
    texts = _texts(folder)
    if split == "tune":
        queries = [
            Query(str(r["claim"]), {str(i) for i in cast(list[int], r["cited_doc_ids"])})
            for r in rows(folder / "claims.jsonl") if r["split"] == "train"
        ]
        yield "scifact", texts, {"train claims": queries}
        return
    gold = _qrels(folder / "qrels_test.tsv")
    queries = [
        Query(str(r["text"]), gold[str(r["_id"])]) for r in rows(folder / "queries_test.jsonl")
    ]
    yield "scifact", texts, {"test claims": queries}


def mtrag(bench: Path, split: str) -> Iterator[tuple[str, Texts, dict[str, list[Query]]]]:
    """Turns that follow others and have a gold passage."""
    folder = bench / "mtrag" / ("pooled_un" if split == "tune" else "pooled_human")
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
    found = {name: queries for name, queries in asked.items() if queries}
    yield f"mtrag {folder.name}", _texts(folder), found


def chunking(bench: Path, split: str) -> Iterator[tuple[str, Texts, dict[str, list[Query]]]]:
    folder = bench / "chroma_chunking"
    with (folder / "questions_df.csv").open(encoding="utf-8", newline="") as file:
        asked = list(csv.DictReader(file))
    for name in _TUNE if split == "tune" else _REPORT:
        text = (folder / "corpora" / f"{name}.md").read_text(encoding="utf-8")
        queries = [
            Query(row["question"], {name}, spans=tuple(
                Span(gold["start_index"], gold["end_index"])
                for gold in json.loads(row["references"])
            ))
            for row in asked if row["corpus_id"] == name
        ]
        yield f"chroma {name}", [(name, "", text)], {"questions": queries}


def _qrels(path: Path) -> dict[str, set[str]]:
    gold: dict[str, set[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            gold.setdefault(query, set()).add(document)
    return gold


def searches(
    sources: Sequence[Source], folder: Path, peers: bool
) -> Iterator[tuple[str, Search]]:
    embedder = BundledEmbedder()

    def told(done: int, total: int) -> None:
        print(f"\r{done} of {total} passages", end="", file=sys.stderr, flush=True)

    index = open_index(folder, sources, embedder, told)
    yield from ours(index)
    if peers:
        for name, found in retrievers(sources, embedder, _DEEP):
            # a peer is given what follow-ups lean on as we make it out
            yield name, lambda q, found=found: found(q.standalone)  # type: ignore[misc]


def ours(index: PassageIndex) -> Iterator[tuple[str, Search]]:
    def of(hits: Sequence[Hit | Evidence]) -> list[Place]:
        return [(hit.passage.source.id, hit.passage.span) for hit in hits]

    yield "BM25", lambda q: of(index.bm25(q.text, _DEEP, q.earlier))
    yield "bundled vectors", lambda q: of(index.dense(q.text, _DEEP, q.earlier))
    yield "ours", lambda q: of(retrieve(q, index, _DEEP).evidence)


def ndcg(ranked: Sequence[str], gold: Set[str], most: int) -> float:
    """Gains of 1; the ideal order has all gold documents first."""
    gain = sum(1 / math.log2(n + 2) for n, name in enumerate(ranked[:most]) if name in gold)
    return gain / sum(1 / math.log2(n + 2) for n in range(min(most, len(gold))))


def recall(ranked: Sequence[str], gold: Set[str], most: int) -> float:
    return len(gold & set(ranked[:most])) / len(gold)


def overlap(found: Sequence[Span], gold: Sequence[Span]) -> tuple[float, float]:
    """The share of the gold characters that is found, and intersection over union."""
    wanted = {place for span in gold for place in range(*span)}
    got = {place for span in found for place in range(*span)}
    return len(wanted & got) / len(wanted), len(wanted & got) / len(wanted | got)


def cut(found: Sequence[Span], most: int) -> list[Span]:
    """The first spans, no longer than `most` characters together."""
    kept = []
    for span in found:
        kept.append(Span(span.start, min(span.end, span.start + most)))
        most -= span.end - span.start
        if most <= 0:
            break
    return kept


def figures(query: Query, found: Sequence[Place]) -> tuple[float, ...]:
    if query.spans:
        spans = [span for _, span in found]
        first, union = overlap(spans[:5], query.spans)
        equal = overlap(cut(spans, _CHARACTERS), query.spans)[0]
        return first, overlap(spans[:10], query.spans)[0], equal, union
    ranked = list(dict.fromkeys(name for name, _ in found))
    return (ndcg(ranked, query.gold, 10), recall(ranked, query.gold, 5),
            recall(ranked, query.gold, 10))


def own_questions(questions: Path, docs: Path, only: str, home: Path | None) -> None:
    """Shares of the questions that name a gold document, with 95 % intervals."""
    asked = [q for q in map(json.loads, questions.read_text(encoding="utf-8").splitlines())
             if q["gold"]]
    with tempfile.TemporaryDirectory() as folder:
        assistant, ids = open_assistant(docs, only, home or Path(folder))
        texts = {source.id: source.text for source in assistant.corpus.sources}
        gold = [
            [(i, span) for g in q["gold"] for i in [ids.get(g["doc"], g["doc"])]
             for span in _occurrences(texts[i], g["quote"].strip())] for q in asked
        ]
        print("| search | questions | gold document @5 | gold span @10 |\n|---|---|---|---|")
        for name, search in ours(assistant.index):
            hits = [0, 0]
            for question, places in zip(asked, gold, strict=True):
                history = [Turn(t["role"], t["content"]) for t in question["history"]]
                found = search(understand(
                    question["question"], history, names=assistant.corpus.names
                ))
                hits[0] += bool({name for name, _ in found[:5]} & {name for name, _ in places})
                hits[1] += any(
                    name == other and span.start < end and start < span.end
                    for name, span in found[:10] for other, (start, end) in places
                )
            shares = " | ".join(say_share(hit, len(asked)) for hit in hits)
            print(f"| {name} | {len(asked)} | {shares} |", flush=True)


def _occurrences(text: str, quote: str) -> list[Span]:
    """Of a quotation that is not in the text as it was read, an empty place."""
    return [Span(*m.span()) for m in re.finditer(re.escape(quote), text)] or [Span(-1, -1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bench", type=Path)
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    sets = {"scifact": scifact, "mtrag": mtrag, "chroma_chunking": chunking}
    parser.add_argument("--only", choices=sets)
    parser.add_argument("--peers", action="store_true", help="LlamaIndex's retrievers too")
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--docs", type=Path)
    parser.add_argument("--only-files", default="*", help="which files of --docs, as a glob")
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    if given.questions:
        own_questions(given.questions, given.docs, given.only_files, given.home)
        return
    for name, read in sets.items():
        if given.only in (None, name):
            measures = "nDCG@10 | recall@5 | recall@10"
            if read is chunking:
                measures = f"recall@5 | recall@10 | recall in {_CHARACTERS:,} characters | IoU@5"
            print(f"\n| set | asked | search | questions | {measures} |")
            print("|---" * (5 + measures.count("|")) + "|")
            for row in table(read(given.bench, given.split), given.peers):
                print(row, flush=True)


def table(
    read: Iterator[tuple[str, Texts, dict[str, list[Query]]]], peers: bool
) -> Iterator[str]:
    for name, texts, asked in read:
        sources = [
            Source(
                id=i, title=title or "Text", kind="reference", voice="unknown", status="unknown",
                text_kind="original", checked="full_text", text=text,
            )
            for i, title, text in texts if text.strip()
        ]
        with tempfile.TemporaryDirectory() as folder:
            for search, found in searches(sources, Path(folder), peers):
                for how, queries in asked.items():
                    measured = [
                        figures(q, found(understand(q.text, q.history))) for q in queries
                    ]
                    means = (sum(column) / len(queries) for column in zip(*measured, strict=True))
                    shown = " | ".join(f"{mean:.3f}" for mean in means)
                    yield f"| {name} | {how} | {search} | {len(queries)} | {shown} |"


if __name__ == "__main__":
    main()
