"""A follow-up as a language model puts it by itself. It is searched for beside the user's own
words and those of `question`, never in place of them."""

from __future__ import annotations

from pathlib import Path

from assistant.models import Model
from assistant.prompts import read_prompt
from assistant.tokenization import terms
from assistant.types import Question


def rewritten(question: Question, model: Model, prompts: Path) -> str:
    """The question with what the ones before it say it is about; empty where the model adds
    nothing, or something that nobody asked.

    Every content word of it must stand in the question or in one of those before it. Raises
    ModelError and PromptError.
    """
    if not question.earlier:
        return ""
    earlier = " ".join(reversed(question.earlier))
    prompt = read_prompt(
        prompts, "rewrite", {"earlier": earlier, "question": question.text}
    )
    text = _first_line("".join(model.stream(prompt)))
    said, known = set(terms(text)), set(terms(f"{earlier} {question.text}"))
    own = set(terms(question.text))
    return text if said <= known and own < said else ""


def _first_line(reply: str) -> str:
    lines = [line.strip().strip('"“”') for line in reply.splitlines() if line.strip()]
    return lines[0] if lines else ""
