"""What readers thought of answers → draft test prompts, for someone to finish.

What a reader found good says which outcome is right and which sources are to be cited. Of what was
not found good only the question is known: its `expect` is left empty, and the suite is not read
before somebody has filled it in.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from assistant.evaluation.suite import GIVES_AN_ANSWER
from assistant.records import Rated, Verdict
from assistant.scope import say_scope
from assistant.types import EVERYTHING

VERDICTS: dict[Verdict, str] = {
    "up": "good", "down": "not good", "wrong_evidence": "the evidence is wrong",
}
_HEAD = (
    "# Drafts from what readers thought of answers. Read each before it is used, and add facts.\n"
    "# Where `expect` is empty, say which outcomes are right: answered, partly_answered,\n"
    "# not_in_corpus, document_silent or premise_not_supported.\n"
)
_ID_CHARACTERS = 60
_TOLD_CHARACTERS = 400


def drafts(ratings: Sequence[Rated]) -> str:
    """A suite of one draft for each question, as YAML; all that was thought of it is joined."""
    by_question: dict[tuple[str, ...], list[Rated]] = defaultdict(list)
    for rated in ratings:
        asked = (*rated.before, rated.kept.question)
        by_question[tuple(" ".join(text.casefold().split()) for text in asked)].append(rated)
    taken: set[str] = set()
    suite = {
        "title": "Drafts from feedback",
        "prompts": [_draft(same, taken) for same in by_question.values()],
    }
    return _HEAD + yaml.safe_dump(
        suite, allow_unicode=True, sort_keys=False, default_flow_style=None, width=98
    )


def _draft(same: Sequence[Rated], taken: set[str]) -> dict[str, Any]:
    first = same[0]
    good = [r.kept.answer for r in same if r.verdict == "up" and r.kept.answer]
    good = [answer for answer in good if answer.outcome != "failed"]
    cited = [
        c.source for answer in good if answer.outcome in GIVES_AN_ANSWER for c in answer.citations
    ]
    asked = {"turns": [*first.before, first.kept.question]} if first.before else {
        "question": first.kept.question
    }
    draft = {
        "id": _id(first.kept.question, taken), **asked,
        "expect": list(dict.fromkeys(answer.outcome for answer in good)),
    }
    if cited:
        draft["must_cite"] = list(dict.fromkeys(cited))
    return {**draft, "note": " ".join(note for rated in same for note in _notes(rated))}


def _notes(rated: Rated) -> Iterator[str]:
    kept = rated.kept
    yield f"A reader on {rated.rated:%Y-%m-%d} of the answer by {kept.model}: " \
        f"{VERDICTS[rated.verdict]}."
    if rated.remark:
        yield f"Remark: {rated.remark}"
    if kept.scope != EVERYTHING:
        yield f"It was asked of a part of the sources: {say_scope(kept.scope)}."
    if rated.verdict != "up" and kept.answer:
        cited = ", ".join(dict.fromkeys(c.source for c in kept.answer.citations)) or "nothing"
        yield f"It was {kept.answer.outcome} and cited {cited}: {_short(kept.answer.text)}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TOLD_CHARACTERS else f"{line[:_TOLD_CHARACTERS]}…"


def _id(question: str, taken: set[str]) -> str:
    """Letters, digits and hyphens of the question, used once."""
    name = re.sub(r"[^a-z0-9]+", "-", question.lower())[:_ID_CHARACTERS].strip("-") or "question"
    number, id = 1, name
    while id in taken:
        number += 1
        id = f"{name}-{number}"
    taken.add(id)
    return id
