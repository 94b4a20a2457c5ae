"""Is what stands in another language found? `python -m tests.bench.languages FOLDER`

FOLDER has the documents that `tests/bench/data/languages.jsonl` names; of the questions there some
are English and answered in a Russian document, some Russian and answered in an English one, and
some have no answer. `--also FILE` adds English questions with known answers (as `real_questions`
takes them) whose document has a Russian original in the folder. English translations of Russian
documents are left out for English questions. With `--home` the index is kept for the next run.

Printed are, with 95 % intervals (Wilson), the questions whose document is the first, among the
first five and the first ten that are found, those answered, those answered with a quote from it,
and those without an answer that are answered all the same.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from assistant.answering import Assistant
from assistant.evaluation.metrics import say_share
from assistant.tokenization import language_of
from assistant.types import Scope, Turn
from tests.bench.real_questions import open_assistant

QUESTIONS = Path(__file__).parent / "data" / "languages.jsonl"
_DIRECTIONS = {"en": "English, answered in Russian", "ru": "Russian, answered in English"}


class Asked(NamedTuple):
    question: str
    gold: frozenset[str]
    history: tuple[Turn, ...] = ()


class Result(NamedTuple):
    """`place` counts documents from 0; it is large where the right one was not found."""

    asked: Asked
    place: int
    answered: bool
    quoted: bool
    seconds: float


def questions(also: Path | None, ids: dict[str, str], originals: dict[str, str]) -> list[Asked]:
    """`ids` leads from a file's name to its source, `originals` from a translation's source."""
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    found = [
        Asked(row["question"], frozenset(ids[doc] for doc in row["gold"]))
        for row in map(json.loads, lines)
    ]
    for row in map(json.loads, also.read_text(encoding="utf-8").splitlines() if also else ()):
        gold = frozenset(
            originals[ids[g["doc"]]] for g in row["gold"] if ids.get(g["doc"]) in originals
        )
        if gold and row["kind"] != "multi_source":
            history = tuple(Turn(t["role"], t["content"]) for t in row["history"])
            found.append(Asked(row["question"], gold, history))
    return found


def ask(assistant: Assistant, asked: Asked, left_out: Iterable[str]) -> Result:
    sources = {source.id for source in assistant.corpus.sources}
    if language_of(asked.question) == "en":
        sources -= set(left_out)
    scope = Scope(sources=tuple(sources))
    start = time.perf_counter()
    answer = assistant.ask(asked.question, asked.history, scope)
    seconds = time.perf_counter() - start
    order = list(dict.fromkeys(e.passage.source.id for e in answer.evidence))
    place = next((n for n, source in enumerate(order) if source in asked.gold), 99)
    quoted = {citation.passage.source.id for citation in answer.citations}
    answered = answer.outcome in ("answered", "partly_answered")
    return Result(asked, place, answered, answered and bool(quoted & asked.gold), seconds)


def table(results: Sequence[Result]) -> str:
    lines = [
        "| questions | first | first five | first ten | answered | quoted | answered in vain |",
        "|---|---|---|---|---|---|---|",
    ]
    for language, name in _DIRECTIONS.items():
        own = [r for r in results if language_of(r.asked.question) == language]
        held = [r for r in own if r.asked.gold]
        none = [r for r in own if not r.asked.gold]
        shares = [
            say_share(sum(r.place < most for r in held), len(held)) for most in (1, 5, 10)
        ]
        shares += [say_share(sum(r.answered for r in held), len(held)),
                   say_share(sum(r.quoted for r in held), len(held)),
                   say_share(sum(r.answered for r in none), len(none))]
        lines.append(f"| {len(held)} {name} | {' | '.join(shares)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--also", type=Path)
    parser.add_argument("--embedding", default="multilingual")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--verbose", action="store_true", help="a line for each question")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = given.home or Path(temporary)
        assistant, ids = open_assistant(
            given.folder, "*.txt", home, embedding=given.embedding
        )
        sources = assistant.corpus.sources
        originals = {s.id: s.original.id for s in sources if s.original}
        results = [
            ask(assistant, one, originals) for one in questions(given.also, ids, originals)
        ]
    for r in results if given.verbose else ():
        print(f"{r.place} {'answered' if r.answered else '-'} {r.asked.question}")
    print(table(results))
    print(f"\nseconds a question, median: {median(r.seconds for r in results):.3f}")


if __name__ == "__main__":
    main()
