"""Footnotes of a Word document, which python-docx cannot write: a part of the file of its own.

Each note is an element of `word/footnotes.xml`; a mark in the text names its number. The first two
are the lines that part notes from text, as Word expects them (ECMA-376, 17.11).
"""

from __future__ import annotations

import re
from typing import Any

from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import XmlPart
from docx.oxml import OxmlElement
from docx.oxml.ns import nsmap, qn
from docx.shared import Pt, RGBColor
from docx.text.paragraph import Paragraph

# Characters that XML 1.0 has no place for.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SEPARATORS = ((-1, "separator"), (0, "continuationSeparator"))


def writable(text: str) -> str:
    """The text in one line, without characters that no Word document can hold."""
    return " ".join(_NOT_XML.sub("", text).split())


class Footnotes:
    """Adds footnotes to a document, numbered from 1 in the order in which they are marked."""

    def __init__(self, document: WordDocument) -> None:
        self._root = OxmlElement("w:footnotes", nsdecls={n: nsmap[n] for n in ("w", "r")})
        self._part = XmlPart(
            PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, self._root,
            document.part.package,
        )
        document.part.relate_to(self._part, RELATIONSHIP_TYPE.FOOTNOTES)
        self._text, self._mark, self._link = _styles(document)
        self._count = 0
        settings = OxmlElement("w:footnotePr")
        for number, kind in _SEPARATORS:
            self._root.append(self._separator(number, kind))
            settings.append(_element("w:footnote", **{"w:id": str(number)}))
        # the schema wants it there
        document.settings.element.find(qn("w:compat")).addprevious(settings)

    def mark(self, paragraph: Paragraph, before: str, address: str | None, after: str) -> None:
        """A footnote mark at the end of the paragraph; the note is `before`, a link to the
        address if there is one, and `after`."""
        self._count += 1
        number = str(self._count)
        paragraph._p.append(self._run(
            _element("w:footnoteReference", **{"w:id": number}), self._mark
        ))
        note, said = _element("w:footnote", **{"w:id": number}), self._paragraph()
        said.append(self._run(OxmlElement("w:footnoteRef"), self._mark))
        said.append(self._run(_words(f" {before}")))
        if address:
            said.append(self._hyperlink(address))
        said.append(self._run(_words(after)))
        note.append(said)
        self._root.append(note)

    def _separator(self, number: int, kind: str) -> Any:
        note = _element("w:footnote", **{"w:type": kind, "w:id": str(number)})
        paragraph, properties = OxmlElement("w:p"), OxmlElement("w:pPr")
        properties.append(_element(
            "w:spacing", **{"w:after": "0", "w:line": "240", "w:lineRule": "auto"}
        ))
        paragraph.append(properties)
        paragraph.append(self._run(OxmlElement(f"w:{kind}")))
        note.append(paragraph)
        return note

    def _paragraph(self) -> Any:
        paragraph, properties = OxmlElement("w:p"), OxmlElement("w:pPr")
        properties.append(_element("w:pStyle", **{"w:val": self._text}))
        paragraph.append(properties)
        return paragraph

    def _hyperlink(self, address: str) -> Any:
        known = self._part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        link = _element("w:hyperlink", **{"r:id": known})
        link.append(self._run(_words(address), self._link))
        return link

    def _run(self, content: Any, style: str = "") -> Any:
        run = OxmlElement("w:r")
        if style:
            properties = OxmlElement("w:rPr")
            properties.append(_element("w:rStyle", **{"w:val": style}))
            run.append(properties)
        run.append(content)
        return run


def _styles(document: WordDocument) -> tuple[str, str, str]:
    """The ids of the styles of a note's text, its mark and a link, under the names that Word has
    for them."""
    styles = document.styles
    text = styles.add_style("footnote text", WD_STYLE_TYPE.PARAGRAPH, builtin=True)
    text.base_style = styles["Normal"]
    text.font.size = Pt(9)
    text.paragraph_format.space_after = Pt(2)
    mark = styles.add_style("footnote reference", WD_STYLE_TYPE.CHARACTER, builtin=True)
    mark.font.superscript = True
    link = styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER, builtin=True)
    link.font.underline = True
    link.font.color.rgb = RGBColor(0x05, 0x63, 0xC1)
    return text.style_id, mark.style_id, link.style_id


def _element(name: str, **attributes: str) -> Any:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(key), value)
    return element


def _words(text: str) -> Any:
    words = OxmlElement("w:t")
    words.set(qn("xml:space"), "preserve")
    words.text = text
    return words
