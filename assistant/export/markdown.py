"""A document → Markdown with footnotes, or plain text with numbered notes for the clipboard.

All text of documents, models and readers is escaped in Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import assert_never

from assistant.export.document import Block, Document, Heading, Items, Note, Paragraph, Rule, Table
from assistant.export.references import say_note, say_reference

# Signs that Markdown or the HTML in it would obey.
_SIGN = re.compile(r"[\\`*_\[\]<>#|~$&^]")
_AT_THE_START = re.compile(r"^(\d+)([.)])|^([-+=])")
_FRAME = {"plain": "", "strong": "**", "emphasis": "*"}


def to_markdown(document: Document) -> str:
    blocks = [_block(block) for block in document.blocks]
    notes = [f"[^{n.key}]: {plain(_said(n))}" for n in document.notes]
    return "\n\n".join([*blocks, *notes]) + "\n"


def to_text(document: Document) -> str:
    """Numbered notes below; nothing is markup."""
    numbers = {note.key: n for n, note in enumerate(document.notes, start=1)}

    def mark(note: Note) -> str:
        return f" [{numbers[note.key]}]"

    blocks = [_unmarked(block, mark) for block in document.blocks]
    notes = [f"[{numbers[n.key]}] {_said(n)}" for n in document.notes]
    return "\n\n".join([*blocks, "\n".join(notes)]).strip() + "\n"


def _said(note: Note) -> str:
    return " ".join(f"{say_reference(note.citation)} {say_note(note)}".split())


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {plain(block.text)}"
        case Paragraph():
            return _paragraph(block)
        case Items():
            return "\n".join(f"- {plain(row)}" for row in block.rows)
        case Rule():
            return "---"
        case Table():
            head, *rows = [
                f"| {' | '.join('<br>'.join(map(_paragraph, cell)) for cell in row)} |"
                for row in (block.header, *block.rows)
            ]
            return "\n".join([head, "|---" * len(block.header) + "|", *rows])
        case _:
            assert_never(block)


def _paragraph(paragraph: Paragraph) -> str:
    frame = _FRAME[paragraph.style]
    marks = "".join(f"[^{note.key}]" for note in paragraph.notes)
    return f"{frame}{plain(paragraph.text)}{frame}{marks}"


def _unmarked(block: Block, mark: Callable[[Note], str]) -> str:
    match block:
        case Heading():
            return block.text
        case Paragraph():
            return block.text + "".join(map(mark, block.notes))
        case Items():
            return "\n".join(f"- {row}" for row in block.rows)
        case Rule():
            return "* * *"
        case Table():
            return "\n\n".join(
                "\n".join(_unmarked(paragraph, mark) for cell in row for paragraph in cell)
                for row in (block.header, *block.rows)
            )
        case _:
            assert_never(block)


def plain(text: str) -> str:
    """The text in one line, with nothing in it that Markdown obeys."""
    line = _SIGN.sub(r"\\\g<0>", " ".join(text.split()))
    return _AT_THE_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", line)
