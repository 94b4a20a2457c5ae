"""Answers to questions with known answers, over a folder of texts.

    python -m tests.bench.real_questions QUESTIONS --docs DIR [--only "*.txt"] [--model M]
        [--out ANSWERS] [--home H] [--peer] [--every N]

The folder is added as `assistant add DIR` would. QUESTIONS has one JSON object a line: id, kind,
question, history, expect, facts, gold, must_not. ANSWERS gets one Answer a line, as `ask --json`
prints it, with the question's id. With `--home` the index is kept for the next run. Printed are
two tables, with 95 % intervals (Wilson). `--peer` asks LlamaIndex's CitationQueryEngine beside it,
with the same model, embedding and documents: of it no outcome is known but answering or not, so a
corrected premise does not count for it; its "span" is a cited chunk that holds the gold quote.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from assistant.answering import Assistant
from assistant.corpus.adding import add_documents, files_below
from assistant.corpus.checking import Document
from assistant.embeddings import open_embedder
from assistant.errors import AssistantError
from assistant.evaluation.metrics import say_share
from assistant.evaluation.scoring import verbatim
from assistant.models import open_model
from assistant.render import answer_text, as_model
from assistant.settings import bundled, read_settings
from assistant.types import Answer, Source, Tokens, Turn
from tests.bench.peers import CitationEngine, Reply

EXPECTED = {
    "answer": ("answered", "partly_answered"), "not_in_corpus": ("not_in_corpus",),
    "document_silent": ("document_silent",), "correct_premise": ("premise_not_supported",),
    "partly": ("partly_answered",),
}


@dataclass(frozen=True, kw_only=True)
class Score:
    """What one answer is worth; `None` where the question does not ask for it."""

    kind: str
    outcome: float | None
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
    first_of_model: float | None
    total: float
    tokens: Tokens


def score(question: dict[str, Any], answer: Answer, ids: dict[str, str]) -> Score:
    """`ids` leads from a file's name without ending to the source that was made of it."""
    wanted = EXPECTED[question["expect"]]
    right = float(answer.outcome in wanted)
    if question["expect"] == "answer" and answer.outcome == "partly_answered":
        right = 0.5
    cited = {c.passage.source.id: c.passage.source for c in answer.citations}
    return _score(
        question, answer_text(answer), ids, cited.keys(),
        lambda doc, quote: doc in cited and _overlaps(answer, cited[doc], quote),
        outcome=right, abstained=answer.outcome == "not_in_corpus",
        refused=answer.outcome in ("not_in_corpus", "failed"),
        quotations=tuple(verbatim(as_model(answer))), withheld=len(answer.withheld),
        first_text=answer.timings.get("first_text"),
        first_of_model=answer.timings.get("first_model_sentence"), total=answer.timings["total"],
        tokens=answer.tokens,
    )


def score_peer(question: dict[str, Any], reply: Reply, ids: dict[str, str]) -> Score:
    unknown = question["expect"] in ("correct_premise", "partly")
    return _score(
        question, reply.text, ids, {source for source, _ in reply.cited},
        lambda doc, quote: any(
            doc == source and _plain(quote) in _plain(chunk) for source, chunk in reply.cited
        ),
        outcome=None if unknown else float(reply.abstained != (question["expect"] == "answer")),
        abstained=reply.abstained, refused=reply.abstained,
        quotations=tuple(
            any(_plain(quoted) in _plain(chunk) for _, chunk in reply.cited)
            for quoted in re.findall(r"[“\"]([^”\"]{2,})[”\"]", reply.text)
        ),
        withheld=0, first_text=reply.first_text, first_of_model=reply.first_text,
        total=reply.seconds, tokens=reply.tokens,
    )


def _score(
    question: dict[str, Any], text: str, ids: dict[str, str], cited: Collection[str],
    has_span: Callable[[str, str], bool], *, refused: bool, **measured: Any,
) -> Score:
    """What the text and its sources are worth; `measured` are the fields that need no key."""
    must_answer = question["expect"] == "answer"
    gold = [(ids.get(g["doc"], g["doc"]), g["quote"]) for g in question["gold"]]
    shown = text.lower()
    return Score(
        kind=question["kind"],
        should_abstain="not_in_corpus" in EXPECTED[question["expect"]],
        refused=refused if must_answer else None,
        gold_cited=any(doc in cited for doc, _ in gold) if must_answer and gold else None,
        span_cited=any(has_span(*one) for one in gold) if must_answer and gold else None,
        facts=tuple(
            any(re.search(one, shown) for one in fact) for fact in question["facts"]
        ) if must_answer else (),
        forbidden=tuple(s for s in question["must_not"] if re.search(re.escape(s), shown)),
        **measured,
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


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def table(asked: Mapping[str, Sequence[Score]]) -> str:
    """One column for each that was asked, by name; then the kinds of questions of each."""
    columns = {name: dict(_measures(scores)) for name, scores in asked.items()}
    lines = [f"| measure | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for measure in next(iter(columns.values())):
        lines.append(f"| {measure} | {' | '.join(c[measure] for c in columns.values())} |")
    for name, scores in asked.items():
        lines += ["", f"| {name}: kind | questions | outcome | facts | gold document |"]
        lines += ["|---|---|---|---|---|", *_kinds(scores)]
    return "\n".join(lines)


def _measures(scores: Sequence[Score]) -> Iterator[tuple[str, str]]:
    def share(values: Iterable[float | bool | None]) -> str:
        known = [float(v) for v in values if v is not None]
        return say_share(sum(known), len(known))

    abstained = [s for s in scores if s.abstained]
    yield "outcome as expected", share(s.outcome for s in scores)
    yield "abstention precision", share(s.should_abstain for s in abstained)
    yield "abstention recall", share(s.abstained for s in scores if s.should_abstain)
    yield "false refusals", share(s.refused for s in scores)
    yield "gold document cited", share(s.gold_cited for s in scores)
    yield "gold span overlapped", share(s.span_cited for s in scores)
    yield "facts covered", share(f for s in scores for f in s.facts)
    yield "answers with a forbidden string", share(bool(s.forbidden) for s in scores)
    yield "quotations verbatim", share(q for s in scores for q in s.quotations)
    yield "sentences withheld", str(sum(s.withheld for s in scores))
    yield "seconds to first text, p50, p95", _percentiles(s.first_text for s in scores)
    yield "seconds to the model's first words, p50, p95", _percentiles(
        s.first_of_model for s in scores
    )
    yield "seconds to the end, p50, p95", _percentiles(s.total for s in scores)
    yield "tokens read, p50, p95", _percentiles(s.tokens.read or None for s in scores)
    yield "tokens written, p50, p95", _percentiles(s.tokens.written or None for s in scores)


def _kinds(scores: Sequence[Score]) -> Iterator[str]:
    groups: dict[str, list[Score]] = defaultdict(list)
    for one in scores:
        groups[one.kind].append(one)
    for kind, group in groups.items():
        yield (
            f"| {kind} | {len(group)} | {sum(s.outcome or 0 for s in group):g} | "
            f"{sum(f for s in group for f in s.facts)}/{sum(len(s.facts) for s in group)} | "
            f"{sum(bool(s.gold_cited) for s in group)}/"
            f"{sum(s.gold_cited is not None for s in group)} |"
        )


def _percentiles(values: Iterable[float | None]) -> str:
    known = [v for v in values if v is not None]
    if len(known) < 2:
        return "–"
    middle, high = median(known), quantiles(known, n=20, method="inclusive")[-1]
    return f"{middle:.2f}, {high:.2f} ({len(known)})"


def open_assistant(
    docs: Path, only: str, home: Path, model: str = "quotes", embedding: str = "bundled"
) -> tuple[Assistant, dict[str, str]]:
    """The assistant over the folder's texts, with the bundled names of one and the same, and the
    ids that the texts got; what is there is kept."""
    corpus = home / "corpus"
    done = home / "ids.json"
    if not done.exists():
        files = [file for file in files_below([docs]) if file.match(only)]
        results = list(add_documents(files, {}, corpus, home / "none"))
        ids = {
            Path(origin).stem: r.source.id for origin, r in results if isinstance(r, Document)
        }
        done.write_text(json.dumps(ids), encoding="utf-8")
    shutil.copy(bundled("corpus") / "names.yaml", corpus)
    assistant = Assistant.open(
        read_settings(corpus=corpus, home=home, model=model, embedding=embedding)
    )
    return assistant, json.loads(done.read_text(encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("questions", type=Path)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--only", default="*", help="which files of the folder, as a glob")
    parser.add_argument("--model", default="quotes")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--peer", action="store_true", help="ask CitationQueryEngine too")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth question")
    given = parser.parse_args()
    lines = given.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines if line.strip()][:: given.every]
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        assistant, ids = open_assistant(given.docs, given.only, home, given.model)
        engine = _peer(assistant) if given.peer else None
        scores: dict[str, list[Score]] = defaultdict(list)
        out = given.out.open("w", encoding="utf-8") if given.out else None
        for number, question in enumerate(questions, start=1):
            print(f"\r{number} of {len(questions)} ", end="", file=sys.stderr, flush=True)
            history = [Turn(t["role"], t["content"]) for t in question["history"]]
            try:
                answer = assistant.ask(question["question"], history)
                reply = engine.ask(question["question"]) if engine else None
            except AssistantError as error:
                raise SystemExit(f"{question['id']}: {error}") from error
            scores["assistant"].append(score(question, answer, ids))
            row = {"id": question["id"], **as_model(answer).model_dump(mode="json")}
            if reply:
                scores["CitationQueryEngine"].append(score_peer(question, reply, ids))
                row["peer"] = reply._asdict()
            if out:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                out.flush()
        print(file=sys.stderr)
        print(f"{len(questions)} questions, {len(ids)} documents, model {given.model}\n")
        print(table(scores))


def _peer(assistant: Assistant) -> CitationEngine:
    model = open_model(assistant.settings)
    if model is None:
        raise SystemExit("CitationQueryEngine needs a language model: name one with --model.")
    return CitationEngine(
        assistant.corpus.sources, open_embedder(assistant.settings), model
    )


if __name__ == "__main__":
    main()
