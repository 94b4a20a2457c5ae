"""Sources as references: a note in Chicago style, CSL-JSON and BibTeX for reference managers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from assistant.compose import say_date, say_place, say_status
from assistant.export.document import Note, made_with
from assistant.render import CHECKED, TEXT_KIND, is_web, say_who
from assistant.tokenization import LANGUAGES
from assistant.types import Answer, Citation, Kind, Source

# CSL has no type for a political document or an official's statement.
_CSL_TYPE: Mapping[Kind, str] = {
    "treaty": "treaty", "political_document": "document", "draft": "document",
    "resolution": "legislation", "official_statement": "document", "official_reply": "document",
    "speech": "speech", "interview": "interview", "article": "article-magazine",
    "reference": "document",
}
# What TeX obeys. Braces must pair in BibTeX even where they are escaped, so they get names.
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "$&#%_"},
}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_NOT_OF_ADDRESSES = re.compile(r"[\\{}\s\"<>^`|]")


def say_reference(citation: Citation) -> str:
    """A note in Chicago style: who, what, when, the place in it, where it is published."""
    return f"{', '.join(filter(None, [say_work(citation), citation.passage.source.address]))}."


def say_work(citation: Citation) -> str:
    """The same without the address and the full stop."""
    source = citation.passage.source
    title = f"“{source.title},” {say_date(source)}"
    parts = [say_who(citation), title, say_place(citation.passage)]
    return ", ".join(filter(None, parts))


def say_note(note: Note) -> str:
    """What follows the reference: what is held of the text, how it was checked, with what force it
    speaks, and the words where they do not stand above."""
    passage, source = note.citation.passage, note.citation.passage.source
    held = f"{TEXT_KIND[source.text_kind]}, {CHECKED[passage.checked]}; {say_status(source)}."
    return f"{held} There: {note.citation.quote}" if note.words else held


def to_csl(source: Source) -> dict[str, Any]:
    """A source in the Citation Style Language's JSON, as reference managers read it."""
    day = source.date
    known = {
        "id": source.id, "type": _CSL_TYPE[source.kind], "title": source.title,
        "title-short": source.short_title, "URL": source.address, "archive": source.archive,
        "author": [{"literal": voice} for voice in source.voice.split("; ")],
        "issued": {"date-parts": [[day.year, day.month, day.day]]} if day else None,
        "language": source.language, "note": f"{say_status(source)}; {TEXT_KIND[source.text_kind]}",
    }
    return {name: value for name, value in known.items() if value}


def to_bibtex(answers: Sequence[Answer]) -> str:
    """Every source cited once, with the places cited; what the answers were made with stands in
    lines outside the entries, which BibTeX passes over."""
    head = [
        f"% {line}" for answer in answers
        for line in (_one_line(answer.question).replace("@", "(at)"), *made_with(answer), "")
    ]
    places: dict[str, list[Citation]] = {}
    for citation in (c for answer in answers for c in answer.citations):
        places.setdefault(citation.passage.source.id, []).append(citation)
    return "\n".join([*head, *(f"{_entry(cited)}\n" for cited in places.values())])


def _entry(cited: Sequence[Citation]) -> str:
    source = cited[0].passage.source
    fields = {name: value for name, value in _fields(source, cited).items() if value.strip("{}")}
    kind = "article" if "journal" in fields else "misc"
    width = max(map(len, fields))
    rows = (f"  {name.ljust(width)} = {value}" for name, value in fields.items())
    return f"@{kind}{{{source.id},\n" + ",\n".join(rows) + "\n}"


def _fields(source: Source, cited: Iterable[Citation]) -> dict[str, str]:
    """Field → value as it is written. A voice is no name to be parted into first and last, and a
    title keeps its capitals: both stand in two pairs of braces."""
    day = source.date
    site = urlsplit(web_address(source) or "").netloc.removeprefix("www.")
    places = "; ".join(dict.fromkeys(say_place(c.passage) for c in cited))
    note = f"{say_status(source)}; {TEXT_KIND[source.text_kind]}"
    return {
        "author": _braced(" and ".join(_braced(_tex(v)) for v in source.voice.split("; "))),
        "title": _braced(_braced(_tex(source.title))),
        "shorttitle": _braced(_braced(_tex(source.short_title))),
        "journal": _braced(_tex(site if source.kind == "article" else "")),
        "year": _braced(str(day.year)) if day else "",
        "month": _MONTHS[day.month - 1] if day else "",
        "day": _braced(str(day.day)) if day else "",
        "url": _braced(web_address(source) or ""),
        "language": _braced(_tex(LANGUAGES.get(source.language, source.language))),
        "note": _braced(_tex(note)),
        "annote": _braced(_tex(f"Cited: {places}")),
    }


def _braced(text: str) -> str:
    return f"{{{text}}}"


def _tex(text: str) -> str:
    """The text in one line, with nothing in it that TeX obeys."""
    return "".join(_TEX.get(sign, sign) for sign in _one_line(text))


def _one_line(text: str) -> str:
    """Composed letters, single spaces, nothing that is invisible."""
    shown = {"Cc": " ", "Cf": "", "Cs": "", "Co": "", "Cn": ""}
    visible = "".join(shown.get(unicodedata.category(c), c) for c in text)
    return " ".join(unicodedata.normalize("NFC", visible).split())


def web_address(source: Source) -> str | None:
    """The address, if it is one of the web, with what an address cannot hold in per cent."""
    if not source.address or not is_web(source.address):
        return None
    return _NOT_OF_ADDRESSES.sub(
        lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), source.address
    )
