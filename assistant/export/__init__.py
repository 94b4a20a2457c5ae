"""Answers and comparisons → files to keep: Word, Markdown, JSON, BibTeX, CSV.

`document` says what stands in one, `markdown` and `word` write it; `references` names sources as
reference managers do, `tables` holds comparisons. Takes only `Answer`s and `Comparison`s. Each file
says by which corpus and model it was made and what was withheld.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import PurePath
from typing import TypeVar

from assistant.comparing import Comparison
from assistant.errors import QuestionError
from assistant.export.document import answers_document
from assistant.export.markdown import to_markdown as _markdown
from assistant.export.markdown import to_text as _text
from assistant.export.references import say_reference, to_bibtex, to_csl
from assistant.export.tables import (
    HOW_MATCHED,
    comparison_csv,
    comparison_document,
    comparison_json,
    left_over,
    say_absence,
    say_facts,
    say_quote,
    say_texts,
)
from assistant.render import as_model
from assistant.types import Answer

__all__ = [
    "ANSWER_FILES", "COMPARISON_FILES", "HOW_MATCHED", "answers_file", "comparison_file",
    "comparison_to_markdown", "kind_of", "left_over", "say_absence", "say_facts", "say_quote",
    "say_reference", "say_texts", "to_bibtex", "to_csl", "to_json", "to_markdown", "to_text",
    "to_word",
]

_T = TypeVar("_T")


def to_markdown(answers: Sequence[Answer]) -> str:
    """The answers one after the other, each quote and sentence with a footnote to its place."""
    return _markdown(answers_document(answers))


def to_text(answers: Sequence[Answer]) -> str:
    """The same as plain text, with numbered notes."""
    return _text(answers_document(answers))


def to_word(answers: Sequence[Answer]) -> bytes:
    """The same as a Word document."""
    from assistant.export.word import to_word as write  # takes a while to import

    return write(answers_document(answers))


def to_json(answers: Sequence[Answer]) -> str:
    """`answers` in the form of `assistant ask --json`, and the `references` cited, in CSL-JSON."""
    sources = {c.passage.source.id: c.passage.source for a in answers for c in a.citations}
    return json.dumps({
        "answers": [as_model(answer).model_dump(mode="json") for answer in answers],
        "references": [to_csl(source) for source in sources.values()],
    }, ensure_ascii=False, indent=2)


def comparison_to_markdown(comparison: Comparison) -> str:
    return _markdown(comparison_document(comparison))


def _comparison_to_word(comparison: Comparison) -> bytes:
    from assistant.export.word import to_word as write

    return write(comparison_document(comparison))


Writer = Callable[[_T], str | bytes]
ANSWER_FILES: Mapping[str, tuple[str, Writer[Sequence[Answer]]]] = {
    ".docx": ("Word", to_word), ".md": ("Markdown", to_markdown), ".json": ("JSON", to_json),
    ".bib": ("BibTeX", to_bibtex),
}
COMPARISON_FILES: Mapping[str, tuple[str, Writer[Comparison]]] = {
    ".docx": ("Word", _comparison_to_word), ".md": ("Markdown", comparison_to_markdown),
    ".json": ("JSON", comparison_json), ".csv": ("CSV", comparison_csv),
}
"""Suffix → what it is called, and what writes it."""


def answers_file(answers: Sequence[Answer], name: str) -> bytes:
    """The answers as the file name's suffix says. Raises QuestionError for an unknown one."""
    suffix = kind_of(name, ANSWER_FILES)
    return _encoded(ANSWER_FILES[suffix][1](answers), suffix)


def comparison_file(comparison: Comparison, name: str) -> bytes:
    """The comparison as the file name's suffix says. Raises QuestionError for an unknown one."""
    suffix = kind_of(name, COMPARISON_FILES)
    return _encoded(COMPARISON_FILES[suffix][1](comparison), suffix)


def kind_of(name: str, known: Collection[str]) -> str:
    """The suffix of a file name. Raises QuestionError for one that is not known."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in known:
        raise QuestionError(
            f"{PurePath(name).name} is of no kind that is written.",
            f"Let its name end in {', '.join(known)}.",
        )
    return suffix


def _encoded(written: str | bytes, suffix: str) -> bytes:
    if isinstance(written, bytes):
        return written
    # Excel takes a CSV without this mark for another encoding than UTF-8
    return written.encode("utf-8-sig" if suffix == ".csv" else "utf-8")
