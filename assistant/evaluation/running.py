"""Ask the test prompts and keep every answer, so that a run that broke off is gone on with.

`results.jsonl` has one answer a line and is only ever added to. A line is used again when the same
questions were put to the same model over the same corpus by the same code and settings; lines of
other runs are what the report compares with.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.answering import Assistant
from assistant.errors import QuestionError
from assistant.evaluation.judging import IndependentJudge
from assistant.evaluation.scoring import Cited, Score, citations_judged, score
from assistant.evaluation.suite import Group, TestPrompt, prompts_of
from assistant.models import abilities_of
from assistant.render import AnswerJson, answer_text, as_model
from assistant.settings import Settings
from assistant.types import Answer, Turn

RESULTS = "results.jsonl"
# Rooms whose code changes no answer.
_SAYS_NOTHING = ("cli", "evaluation", "web")
Progress = Callable[[int, int], None]


class Row(BaseModel):
    """A line of `results.jsonl`. `run` is the same for all that one model said over one corpus with
    one state of code and settings; `key` adds the questions. `cited` is what `judge` found."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    group: str
    model: str
    run: str
    key: str
    asked: datetime
    answer: AnswerJson
    judge: str | None = None
    cited: Cited | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """A prompt, the answer to it and what that is worth."""

    group: Group
    prompt: TestPrompt
    model: str
    asked: datetime
    answer: AnswerJson
    score: Score


@dataclass(frozen=True, kw_only=True)
class Run:
    """What all models said to all prompts now; `before` is what they said to them in the run before
    this one, as far as they were asked."""

    results: tuple[Result, ...]
    before: tuple[Result, ...]
    corpus_version: str
    judge: str | None = None

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(result.model for result in self.results))

    @property
    def groups(self) -> tuple[Group, ...]:
        return tuple({result.group.name: result.group for result in self.results}.values())


@dataclass(frozen=True, kw_only=True)
class _Task:
    group: Group
    prompt: TestPrompt
    model: str
    run: str

    @property
    def key(self) -> str:
        return _digest(self.run, *self.prompt.asked)


def folder_of(settings: Settings, suite: str) -> Path:
    """Where the results of a suite are kept, if no other folder is named."""
    name = re.sub(r"[^\w-]+", "-", Path(suite).stem).strip("-") or "suite"
    return settings.home / "evaluation" / name


def evaluate(
    assistant: Assistant, groups: Sequence[Group], models: Sequence[str], out: Path, *,
    judge: IndependentJudge | None = None, jobs: int = 1, progress: Progress | None = None,
) -> Run:
    """Ask what `out/results.jsonl` does not hold yet, add it there, and score it all.

    `jobs` questions are asked at the same time. Raises IndexUnavailable and SettingsError, and with
    a judge ModelError; what was answered until then is kept.
    """
    out.mkdir(parents=True, exist_ok=True)
    journal = _Journal(out / RESULTS)
    tasks = [
        _Task(group=group, prompt=prompt, model=model, run=state_of(assistant, model))
        for model in models for group, prompt in prompts_of(groups)
    ]
    held = {(row.key, row.judge): row for row in journal.read()}
    name = judge.name if judge else None

    def work(task: _Task) -> Row:
        row = held.get((task.key, name)) or held.get((task.key, None))
        fresh = row or _ask(assistant, task)
        judged = fresh if fresh.judge == name else _judge(fresh, judge)
        if judged is not row:
            journal.add(judged)
        return judged

    rows = _at_once(work, tasks, jobs, progress)
    return Run(
        results=tuple(_result(task, row) for task, row in zip(tasks, rows, strict=True)),
        before=tuple(_before(tasks, journal.read())),
        corpus_version=assistant.corpus.version, judge=name,
    )


def _at_once(
    work: Callable[[_Task], Row], tasks: Sequence[_Task], jobs: int, progress: Progress | None
) -> list[Row]:
    rows = []
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            for done, row in enumerate(pool.map(work, tasks), start=1):
                rows.append(row)
                if progress:
                    progress(done, len(tasks))
        except BaseException:  # Ctrl-C too: what has not begun is not asked any more
            pool.shutdown(cancel_futures=True)
            raise
    return rows


def state_of(assistant: Assistant, model: str) -> str:
    """A fingerprint of all that an answer depends on besides the question: the model and what was
    measured of it, corpus, settings that change answers, the model's prompts, and the code."""
    settings = assistant.settings
    package = Path(__file__).parents[1]
    code = [path for path in sorted(package.rglob("*.py"))
            if path.relative_to(package).parts[0] not in _SAYS_NOTHING]
    prompts = sorted(settings.prompts.glob("*.txt"))
    return _digest(
        model, repr(abilities_of(settings, model)), assistant.corpus.version, settings.verify,
        settings.embedding, settings.model_use, str(settings.drafts),
        *(path.read_text(encoding="utf-8") for path in (*prompts, *code)),
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _ask(assistant: Assistant, task: _Task) -> Row:
    """The answer to the last question, after each earlier one was asked and answered."""
    history: list[Turn] = []
    *earlier, last = task.prompt.asked
    for question in earlier:
        said = assistant.ask(question, history, model=task.model)
        history += [Turn("user", question), Turn("assistant", answer_text(said))]
    try:
        answer = assistant.ask(last, history, model=task.model)
    except QuestionError as error:
        answer = _refused(assistant, task, last, error)
    return Row(
        prompt=task.prompt.id, group=task.group.name, model=task.model, run=task.run, key=task.key,
        asked=datetime.now(UTC), answer=as_model(answer),
    )


def _refused(assistant: Assistant, task: _Task, text: str, error: QuestionError) -> Answer:
    return Answer(
        question=text, understood=text, outcome="failed", statements=(), withheld=(), evidence=(),
        nearest=(), notices=(str(error),), model=task.model,
        corpus_version=assistant.corpus.version,
    )


def _judge(row: Row, judge: IndependentJudge | None) -> Row:
    if judge is None:
        return row.model_copy(update={"judge": None, "cited": None})
    cited = citations_judged(row.answer, judge.supports) if row.answer.statements else None
    return row.model_copy(update={"judge": judge.name, "cited": cited})


def _result(task: _Task, row: Row) -> Result:
    return Result(
        group=task.group, prompt=task.prompt, model=task.model, asked=row.asked, answer=row.answer,
        score=score(task.prompt, row.answer, row.cited),
    )


def _before(tasks: Sequence[_Task], rows: Sequence[Row]) -> Iterator[Result]:
    """Of each model the answers of its last run that is not the one of now."""
    now = {task.run for task in tasks}
    last = {row.model: row.run for row in rows if row.run not in now}
    held = {(row.model, row.prompt): row for row in rows if row.run == last.get(row.model)}
    for task in tasks:
        if row := held.get((task.model, task.prompt.id)):
            yield _result(task, row)


class _Journal:
    """A file of rows that several threads add to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def read(self) -> list[Row]:
        """All whole lines; one that a kill cut off is passed over, as is one of an older form."""
        if not self._path.is_file():
            return []
        return [row for line in self._path.read_text(encoding="utf-8").split("\n")
                if (row := _read_row(line))]

    def add(self, row: Row) -> None:
        with self._lock, self._path.open("ab+") as file:
            if file.tell():
                file.seek(-1, 2)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(row.model_dump_json().encode() + b"\n")


def _read_row(line: str) -> Row | None:
    try:
        return Row.model_validate(json.loads(line)) if line.strip() else None
    except (json.JSONDecodeError, ValidationError):
        return None
