"""Is it told that the texts hold no answer? `python -m tests.bench.abstention DIR`

DIR holds the public sets `clapnq` and `squad2`. The answering paragraphs of one half (`report` by
default) are a corpus, one document for each title; every question is asked of all of it, without
naming the paragraph. Printed are abstention precision and recall and the share of answerable
questions refused.

The questions of both sets were written to look answerable: in SQuAD 2.0 beside the paragraph that
nearly answers them, in CLAPNQ by people who searched for something else.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from assistant.answering import Assistant
from assistant.evaluation.metrics import say_share
from assistant.settings import read_settings

ABSTAINED = ("not_in_corpus", "document_silent")


class Asked(NamedTuple):
    question: str
    answerable: bool


class Set(NamedTuple):
    """Questions, and the paragraphs to answer them from by title."""

    asked: list[Asked]
    paragraphs: Mapping[str, list[str]]


def rows(path: Path) -> Iterator[dict[str, object]]:
    return map(json.loads, path.read_text(encoding="utf-8").splitlines())


def clapnq(bench: Path, split: str) -> Set:
    """The first 150 of the answerable and of the others are to tune on, the last to report; every
    paragraph is there in both."""
    half = slice(150) if split == "tune" else slice(150, None)
    everything = list(rows(bench / "clapnq" / "pooled_questions.jsonl"))
    asked = [
        Asked(str(row["question"]), answerable) for answerable in (True, False)
        for row in [r for r in everything if r["answerable"] == answerable][half]
    ]
    return Set(asked, _by_title(rows(bench / "clapnq" / "pooled_corpus.jsonl")))


def squad2(bench: Path, split: str) -> Set:
    """Halves by paragraph."""
    everything = list(rows(bench / "squad2" / "dev_paragraphs.jsonl"))
    middle = len(everything) // 2
    half = everything[:middle] if split == "tune" else everything[middle:]
    held = {row["_id"] for row in half}
    asked = [
        Asked(str(row["question"]), not row["is_impossible"])
        for row in rows(bench / "squad2" / "dev_questions.jsonl") if row["para"] in held
    ]
    return Set(asked, _by_title(half))


def _by_title(paragraphs: Iterable[dict[str, object]]) -> dict[str, list[str]]:
    by_title: dict[str, list[str]] = defaultdict(list)
    for row in paragraphs:
        by_title[str(row["title"])].append(" ".join(str(row["text"]).split()))
    return by_title


def opened(paragraphs: Mapping[str, list[str]], home: Path) -> Assistant:
    corpus = home / "corpus"
    corpus.mkdir()
    for number, (title, texts) in enumerate(paragraphs.items()):
        head = {
            "id": f"text-{number}", "title": title, "kind": "reference", "voice": "unknown",
            "status": "unknown", "text_kind": "original", "checked": "full_text",
        }
        front = "\n".join(f"{key}: {json.dumps(value)}" for key, value in head.items())
        body = "\n\n".join(texts)
        (corpus / f"text-{number}.md").write_text(f"---\n{front}\n---\n{body}\n", encoding="utf-8")
    return Assistant.open(read_settings(corpus=corpus, home=home, model="quotes"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bench", type=Path)
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    parser.add_argument("--most", type=int, help="only so many questions of each set")
    given = parser.parse_args()
    print("| set | questions | abstention precision | abstention recall | false refusals |")
    print("|---|---|---|---|---|")
    for name, read in (("clapnq", clapnq), ("squad2", squad2)):
        asked, paragraphs = read(given.bench, given.split)
        with tempfile.TemporaryDirectory() as folder:
            assistant = opened(paragraphs, Path(folder))
            asked = asked[:: max(1, len(asked) // given.most)] if given.most else asked
            abstained = []
            for number, one in enumerate(asked, start=1):
                print(f"\r{number} of {len(asked)} ", end="", file=sys.stderr, flush=True)
                abstained.append(assistant.ask(one.question).outcome in ABSTAINED)
        both = list(zip(asked, abstained, strict=True))
        rightly = sum(a and not one.answerable for one, a in both)
        refused = sum(a and one.answerable for one, a in both)
        hard = sum(not one.answerable for one, _ in both)
        print(f"\r| {name} | {len(both)} | {say_share(rightly, sum(abstained))} | "
              f"{say_share(rightly, hard)} | {say_share(refused, len(both) - hard)} |")


if __name__ == "__main__":
    main()
