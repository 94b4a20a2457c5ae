"""A model asked a small fixed set of questions: what it can do, and how fast."""

from __future__ import annotations

import json
import random
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from assistant.checking.context import context_of
from assistant.checking.tasks import CITING, FINDING, JUDGING, WORDS, Citing
from assistant.compose.marks import (
    Marked,
    answer_schema,
    read_marks,
    says_nothing,
    schema_sentences,
    whole_sentences,
)
from assistant.errors import Refused
from assistant.models import Abilities, Model, Prompt
from assistant.models.endpoint import Endpoint
from assistant.models.local import Local
from assistant.prompts import read_prompt
from assistant.settings import Settings

Progress = Callable[[int, int], None]
"""Told how far it is: requests done, and all there are."""

# Words of the text whose reading is timed, and characters of a token where none are counted.
_UNSEEN = 400
_CHARACTERS = 4
# Writing is timed no longer than this, in seconds.
_WRITING = 20.0


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A model's abilities; whether its text came in pieces, and how long, in seconds, its start
    took (`None`: its server ran already)."""

    abilities: Abilities
    streams: bool
    started: float | None = None


def check_model(
    model: Model, settings: Settings, progress: Progress = lambda done, total: None
) -> Checked:
    """Ask a model all questions of the check, which takes a minute or two on a small machine.

    Raises ModelError if it cannot be reached or fails meanwhile, and PromptError.
    """
    steps = _Steps(progress)
    started = None if model.loaded else model.load()
    right: list[bool] = []
    for task in CITING:
        right += cited_rightly(_answers(model, settings, task), task)
        steps.one()
    schema = _keeps_to_the_schema(model, settings, steps)
    pace = _pace(model)
    steps.one()
    judges = _in_order(model, _judgements(settings), steps)
    finds = _in_order(model, _findings(settings), steps)
    server = model.server if isinstance(model, Local | Endpoint) else None
    return Checked(
        abilities=Abilities(
            spec=model.name, checked=date.today(), context=context_of(server) if server else None,
            reads=pace.reads, writes=pace.writes, cites=sum(right) / len(right) if right else 0.0,
            schema=schema, judges=judges, finds=finds,
        ),
        streams=pace.pieces > 1, started=started,
    )


class _Steps:
    def __init__(self, progress: Progress) -> None:
        self._done = 0
        self._total = 2 * len(CITING) + 1 + 2 * (len(JUDGING) + len(FINDING))
        self._progress = progress
        progress(0, self._total)

    def one(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)


def _prompt(settings: Settings, task: Citing, schema: bool = False) -> Prompt:
    fields = {"evidence": task.evidence, "question": task.question}
    form = answer_schema(len(task.sources)) if schema else None
    return read_prompt(settings.prompts, "answer-capable", fields, form)


def _answers(model: Model, settings: Settings, task: Citing) -> list[Marked]:
    sentences = whole_sentences(model.stream(_prompt(settings, task)))
    marked = (read_marks(sentence) for sentence in sentences)
    return [one for one in marked if not says_nothing(one.text)]


def cited_rightly(sentences: Sequence[Marked], task: Citing) -> list[bool]:
    """Of each sentence whether it has a mark, and only those of sources whose words it has."""
    return [
        bool(one.numbers) and all(
            1 <= n <= len(task.keys) and re.search(task.keys[n - 1], one.text, re.IGNORECASE)
            for n in one.numbers
        )
        for one in sentences
    ]


def _keeps_to_the_schema(model: Model, settings: Settings, steps: _Steps) -> bool:
    """Whether each answer is JSON of the form asked for, with more right marks than wrong ones."""
    right: list[bool] = []
    kept = True
    for task in CITING:
        text = "".join(model.stream(_prompt(settings, task, schema=True)))
        found = list(schema_sentences([text]))
        kept = kept and bool(found) and _is_json(text)
        right += cited_rightly(found, task)
        steps.one()
    return kept and sum(right) * 2 > len(right)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


@dataclass(frozen=True)
class _Pace:
    """Tokens a second, `None` where it was too fast to tell."""

    reads: float | None
    writes: float | None
    pieces: int


def _pace(model: Model) -> _Pace:
    """How fast it reads a text that no cache holds, and writes about it."""
    shuffled = random.Random(secrets.randbits(64)).choices(WORDS, k=_UNSEEN)
    prompt = Prompt(
        f"{shuffled[0].capitalize()} {shuffled[1]}. You tell stories.",
        f"{' '.join(shuffled)}.\n\nTell a short story with some of these words.",
    )
    own = model.fresh()
    start = time.perf_counter()
    first = last = start
    pieces = 0
    stream = own.stream(prompt)
    for _ in stream:
        last = time.perf_counter()
        first = first if pieces else last
        pieces += 1
        if last - first > _WRITING:
            break
    del stream  # which ends the request
    read = own.tokens.read or len(prompt.system + prompt.user) // _CHARACTERS
    written = own.tokens.written or pieces
    return _Pace(
        reads=read / (first - start) if first > start else None,
        writes=(written - 1) / (last - first) if last > first and written > 1 else None,
        pieces=pieces,
    )


Pair = tuple[Prompt, Prompt]


def _judgements(settings: Settings) -> list[Pair]:
    def prompt(text: str, statement: str) -> Prompt:
        fields = {"evidence": text, "statement": statement}
        return read_prompt(settings.prompts, "support", fields)

    return [(prompt(j.text, j.true), prompt(j.text, j.false)) for j in JUDGING]


def _findings(settings: Settings) -> list[Pair]:
    def prompt(question: str, text: str) -> Prompt:
        return read_prompt(settings.prompts, "choose", {"question": question, "text": text})

    return [(prompt(f.question, f.answers), prompt(f.question, f.misses)) for f in FINDING]


def _in_order(model: Model, pairs: Sequence[Pair], steps: _Steps) -> float | None:
    """The share of pairs whose first is likelier a yes than the second; `None` if the server does
    not tell how likely words are."""
    right = 0.0
    for better, worse in pairs:
        try:
            high, low = model.margin(better), model.margin(worse)
        except Refused:
            return None
        right += 1.0 if high > low else 0.5 if high == low else 0.0
        steps.one()
        steps.one()
    return right / len(pairs)
