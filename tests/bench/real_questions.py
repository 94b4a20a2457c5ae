"""Answers to questions with known answers, over a folder of texts.

    python -m tests.bench.real_questions QUESTIONS --docs DIR [--only "*.txt"] [--model M]
        [--out ANSWERS] [--home H]

The folder is added as `assistant add DIR` would. QUESTIONS has one JSON object a line: id, kind,
question, history, expect, facts, gold, must_not. ANSWERS gets one Answer a line, as `ask --json`
prints it, with the question's id. With `--home` the index is kept for the next run. Printed are
two tables, with 95 % intervals (Wilson).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from assistant.answering import Assistant
from assistant.corpus.adding import add_documents, files_below
from assistant.corpus.checking import Document
from assistant.errors import AssistantError
from assistant.render import answer_text, as_model
from assistant.settings import read_settings
from assistant.types import Answer, Source, Turn

EXPECTED = {
    "answer": ("answered", "partly_answered"), "not_in_corpus": ("not_in_corpus",),
    "document_silent": ("document_silent",), "correct_premise": ("premise_not_supported",),
    "partly": ("partly_answered",),
}
_QUOTED = re.compile(r"“([^”]+)”")


@dataclass(frozen=True, kw_only=True)
class Score:
    """What one answer is worth; `None` where the question does not ask for it."""

    kind: str
    outcome: float
    should_abstain: bool
    abstained: bool
    refused: bool | None
    gold_cited: bool | None
    span_cited: bool | None
    facts: tuple[bool, ...]
    forbidden: tuple[str, ...]
    quotations: tuple[bool, ...]
    withheld: int
    first_text: float | None
    total: float


def score(question: dict[str, Any], answer: Answer, ids: dict[str, str]) -> Score:
    """`ids` leads from a file's name without ending to the source that was made of it."""
    wanted = EXPECTED[question["expect"]]
    right = float(answer.outcome in wanted)
    if question["expect"] == "answer" and answer.outcome == "partly_answered":
        right = 0.5
    must_answer = question["expect"] == "answer"
    text = answer_text(answer).lower()
    cited = {c.passage.source.id: c.passage.source for c in answer.citations}
    gold = [(ids.get(g["doc"], g["doc"]), g["quote"]) for g in question["gold"]]
    return Score(
        kind=question["kind"], outcome=right, should_abstain="not_in_corpus" in wanted,
        abstained=answer.outcome == "not_in_corpus",
        refused=answer.outcome in ("not_in_corpus", "failed") if must_answer else None,
        gold_cited=any(doc in cited for doc, _ in gold) if must_answer and gold else None,
        span_cited=any(
            _overlaps(answer, cited[doc], quote) for doc, quote in gold if doc in cited
        ) if must_answer and gold else None,
        facts=tuple(
            any(re.search(one, text) for one in fact) for fact in question["facts"]
        ) if must_answer else (),
        forbidden=tuple(s for s in question["must_not"] if re.search(re.escape(s), text)),
        quotations=tuple(_verbatim(answer)), withheld=len(answer.withheld),
        first_text=answer.timings.get("first_text"), total=answer.timings["total"],
    )


def _overlaps(answer: Answer, source: Source, quote: str) -> bool:
    """Whether a citation shares characters with the gold quote, wherever that stands."""
    places = [
        (m.start(), m.end()) for m in re.finditer(re.escape(quote.strip()), source.text)
    ]
    return any(
        c.span.start < end and start < c.span.end for c in answer.citations
        if c.passage.source.id == source.id for start, end in places
    )


def _verbatim(answer: Answer) -> Iterable[bool]:
    """Of each quotation shown, whether it stands in a source that its statement cites."""
    for statement in answer.statements:
        held = [_plain(c.passage.source.text) for c in statement.citations]
        for quoted in _QUOTED.findall(statement.text):
            yield any(_plain(quoted) in text for text in held)


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def wilson(hits: float, count: int) -> str:
    """`0.83 [0.70, 0.91]`: share and 95 % interval; a dash without cases."""
    if not count:
        return "–"
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count**2)) ** 0.5
    return f"{share:.2f} [{max(0, middle - half):.2f}, {min(1, middle + half):.2f}]"


def table(scores: Sequence[Score]) -> str:
    def share(values: Iterable[float | bool | None]) -> str:
        known = [float(v) for v in values if v is not None]
        return wilson(sum(known), len(known))

    abstained = [s for s in scores if s.abstained]
    rows = [
        ("outcome as expected", share(s.outcome for s in scores)),
        ("abstention precision", share(s.should_abstain for s in abstained)),
        ("abstention recall", share(s.abstained for s in scores if s.should_abstain)),
        ("false refusals", share(s.refused for s in scores)),
        ("gold document cited", share(s.gold_cited for s in scores)),
        ("gold span overlapped", share(s.span_cited for s in scores)),
        ("facts covered", share(f for s in scores for f in s.facts)),
        ("answers with a forbidden string", share(bool(s.forbidden) for s in scores)),
        ("quotations verbatim", share(q for s in scores for q in s.quotations)),
        ("sentences withheld", str(sum(s.withheld for s in scores))),
        ("seconds to first text, median", _median(s.first_text for s in scores)),
        ("seconds to the end, median", _median(s.total for s in scores)),
    ]
    lines = ["| measure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    groups: dict[str, list[Score]] = defaultdict(list)
    for one in scores:
        groups[one.kind].append(one)
    lines += ["", "| kind | questions | outcome | facts | gold document |", "|---|---|---|---|---|"]
    lines += [
        f"| {kind} | {len(group)} | {sum(s.outcome for s in group):g} | "
        f"{sum(f for s in group for f in s.facts)}/{sum(len(s.facts) for s in group)} | "
        f"{sum(bool(s.gold_cited) for s in group)}/"
        f"{sum(s.gold_cited is not None for s in group)} |" for kind, group in groups.items()
    ]
    return "\n".join(lines)


def _median(values: Iterable[float | None]) -> str:
    known = [v for v in values if v is not None]
    return f"{median(known):.2f}" if known else "–"


def open_assistant(
    docs: Path, only: str, home: Path, model: str
) -> tuple[Assistant, dict[str, str]]:
    """The assistant over the folder's texts, and the ids they got; what is there is kept."""
    corpus = home / "corpus"
    done = home / "ids.json"
    if not done.exists():
        files = [file for file in files_below([docs]) if file.match(only)]
        results = list(add_documents(files, {}, corpus, home / "none"))
        ids = {
            Path(origin).stem: r.source.id for origin, r in results if isinstance(r, Document)
        }
        done.write_text(json.dumps(ids), encoding="utf-8")
    assistant = Assistant.open(read_settings(corpus=corpus, home=home, model=model))
    return assistant, json.loads(done.read_text(encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("questions", type=Path)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--only", default="*", help="which files of the folder, as a glob")
    parser.add_argument("--model", default="quotes")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    lines = given.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        assistant, ids = open_assistant(given.docs, given.only, home, given.model)
        scores = []
        out = given.out.open("w", encoding="utf-8") if given.out else None
        for number, question in enumerate(questions, start=1):
            print(f"\r{number} of {len(questions)} ", end="", file=sys.stderr, flush=True)
            history = [Turn(t["role"], t["content"]) for t in question["history"]]
            try:
                answer = assistant.ask(question["question"], history)
            except AssistantError as error:
                raise SystemExit(f"{question['id']}: {error}") from error
            scores.append(score(question, answer, ids))
            if out:
                row = {"id": question["id"], **as_model(answer).model_dump()}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                out.flush()
        print(file=sys.stderr)
        print(f"{len(questions)} questions, {len(ids)} documents, model {given.model}\n")
        print(table(scores))


if __name__ == "__main__":
    main()
