"""A document → Word (.docx), with real footnotes whose addresses are links."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import assert_never

import docx
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.shared import Mm, Pt
from docx.table import Table as WordTable
from docx.text.paragraph import Paragraph as WordParagraph

from assistant.export.document import Block, Document, Heading, Items, Note, Paragraph, Rule, Table
from assistant.export.footnotes import Footnotes, writable
from assistant.export.references import say_note, say_work, web_address

_LONG, _SHORT, _MARGIN = Mm(297), Mm(210), Mm(20)


def to_word(document: Document) -> bytes:
    """The file, made in memory."""
    file = docx.Document()
    _set_page(file, wide=any(isinstance(block, Table) for block in document.blocks))
    _set_properties(file, document.title)
    writer = _Writer(file)
    for block in document.blocks:
        writer.write(block)
    made = BytesIO()
    file.save(made)
    return made.getvalue()


class _Writer:
    """Writes block after block and remembers which places were cited in full."""

    def __init__(self, file: WordDocument) -> None:
        self._file = file
        self._footnotes = Footnotes(file)
        self._cited: set[str] = set()

    def write(self, block: Block) -> None:
        match block:
            case Heading():
                self._file.add_heading(writable(block.text), block.level)
            case Paragraph():
                self._fill(self._file.add_paragraph(), block)
            case Items():
                for row in block.rows:
                    self._file.add_paragraph(writable(row), style="List Bullet")
            case Rule():
                self._file.add_page_break()
            case Table():
                self._table(block)
            case _:
                assert_never(block)

    def _fill(self, paragraph: WordParagraph, block: Paragraph) -> None:
        run = paragraph.add_run(writable(block.text))
        run.bold, run.italic = block.style == "strong" or None, block.style == "emphasis" or None
        for note in block.notes:
            self._note(paragraph, note)

    def _note(self, paragraph: WordParagraph, note: Note) -> None:
        """In full where a place is cited first, in short from then on."""
        citation = note.citation
        work = writable(say_work(citation))
        if note.key in self._cited:
            self._footnotes.mark(paragraph, f"{work}, as quoted above.", None, "")
            return
        self._cited.add(note.key)
        address = web_address(citation.passage.source)
        rest = writable(say_note(note))
        self._footnotes.mark(paragraph, f"{work}, " if address else work, address, f". {rest}")

    def _table(self, block: Table) -> None:
        table = self._file.add_table(len(block.rows) + 1, len(block.header), style="Table Grid")
        _repeat_head(table)
        for cells, row in zip(table.rows, (block.header, *block.rows), strict=True):
            for cell, paragraphs in zip(cells.cells, row, strict=True):
                for place, paragraph in enumerate(paragraphs):
                    shown = cell.paragraphs[0] if place == 0 else cell.add_paragraph()
                    shown.paragraph_format.space_after = Pt(3)
                    self._fill(shown, paragraph)
                    for run in shown.runs:
                        run.font.size = run.font.size or Pt(9)


def _repeat_head(table: WordTable) -> None:
    """The first row stands on top of every page."""
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _set_page(file: WordDocument, wide: bool) -> None:
    section = file.sections[0]
    section.page_width, section.page_height = (_LONG, _SHORT) if wide else (_SHORT, _LONG)
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = section.top_margin = _MARGIN
    section.bottom_margin = _MARGIN


def _set_properties(file: WordDocument, title: str) -> None:
    facts = file.core_properties
    facts.title = writable(title)[:250]
    facts.author = facts.comments = facts.last_modified_by = ""
    facts.created = facts.modified = datetime.now(UTC)
