"""A bare text → what may be said of it: title, date, who speaks. Proposed, until a reader confirms.

What a file declares of itself goes before what its name tells, and that before what its text shows.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from assistant.corpus.speakers import speaker
from assistant.tokenization import MONTHS, language_of

# Words of titles and the kind of document that they announce.
_KINDS = (
    ("interview", r"interviews?|interviewed|интервью|інтерв[’']?ю"),
    ("speech", r"speech|address|remarks|news conference|press conference|briefing|обращение|речь"),
    ("treaty", r"treaty|convention|protocol|pact|accords?|договор|конвенция|протокол"),
    ("political_document", r"declaration|charter|final act|memorandum|communiqu[eé]|декларация"),
    ("resolution", r"resolution|резолюция"),
    ("official_statement", r"statement|readout|telephone conversations?|заявление"),
)
_AGREED = ("treaty", "political_document", "resolution")
# "[12]", and "The Treaty of Ardal is a peace treaty".
_REFERENCE = re.compile(r"\[\d{1,3}\]")
_FEW = 5
_DEFINED = re.compile(
    r"\b(?:is|was) (?:an?|the) (?:[\w-]+ ){0,4}?(?:treaty|agreement|convention|protocol|pact|"
    r"declaration|accord|charter|memorandum|resolution)\b"
)
_LANGUAGES = {code: code for code in ("en", "ru", "uk", "de", "fr", "es", "it", "pl")} | {
    "ua": "uk", "eng": "en", "rus": "ru", "ukr": "uk", "deu": "de", "ger": "de", "fra": "fr",
}
_MONTHS = (
    *MONTHS,
    *"января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split(),
    *"січня лютого березня квітня травня червня липня серпня вересня жовтня листопада".split(),
    "грудня",
)
_NAME_OF_MONTH = "|".join(_MONTHS)
_DAY_IN_NAME = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)")
_DAY_IN_TEXT = re.compile(
    rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?P<m>{_NAME_OF_MONTH}),? (?P<y>\d{{4}})\b"
    rf"|\b(?P<m2>{_NAME_OF_MONTH}) (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y2>\d{{4}})\b",
    re.IGNORECASE,
)
# Where in a text its own date is looked for, in characters.
_HEAD = 1500
_LONGEST_TITLE = 120
_LONGEST_DATELINE = 60
_JUNK_TITLE = re.compile(
    r"^(microsoft word|untitled|document\d*|slide \d)|\.(docx?|pdf|indd)$", re.IGNORECASE
)


def propose(text: str, name: str, declared: Mapping[str, str]) -> dict[str, str]:
    """Values for fields of the front matter; only those for which there is a sign.

    `name` is a file's name without its ending; `declared` what `declared_in` found.
    """
    title = declared.get("title") or _title(text, name)
    found = {
        "title": title,
        "date": _day_in(name) or declared.get("date") or _day_in_text(text[:_HEAD]),
        "voice": declared.get("voice") or speaker(text),
        "kind": _kind(f"{title}\n{name}", text),
        "language": language_in(name) if language_of(text[:5000]) == "en" else None,
    }
    return {field: value for field, value in found.items() if value}


def _tells_of(text: str) -> bool:
    """Whether a text tells of a document instead of being it, as an encyclopedia does."""
    return len(_REFERENCE.findall(text)) >= _FEW or bool(_DEFINED.search(text[:_HEAD]))


def language_in(name: str) -> str | None:
    """The language that a file's name tells: `kremlin-en-…`, `speech.fr`."""
    parts = re.split(r"[-_. ]+", name.lower())
    found = [_LANGUAGES[part] for part in parts if part in _LANGUAGES]
    return found[0] if len(found) == 1 else None


def without_language(name: str) -> str:
    """Equal for the names of two files that differ in nothing but their language."""
    return "-".join("*" if p in _LANGUAGES else p for p in re.split(r"[-_. ]+", name.lower()))


def _title(text: str, name: str) -> str:
    """The first line, where it stands as a heading does; else the file's name, made readable."""
    lines = re.sub(r"^## page \d+$", "", text[:_HEAD], flags=re.MULTILINE).strip().splitlines()
    first = lines[0].strip() if lines else ""
    alone = first.startswith("#") or (len(lines) > 1 and not lines[1].strip())
    title = first.lstrip("# ")
    fits = 0 < len(title) <= _LONGEST_TITLE and title[0].isalnum()
    if alone and fits and title[-1] not in ":,;.":
        return title
    return _readable(name) or name


def _readable(name: str) -> str:
    """`kremlin-en-2022-02-21-67828-address-…` → `Kremlin address …`."""
    rest = _DAY_IN_NAME.sub(" ", name)
    parts = [p for p in re.split(r"[-_. ]+", rest) if p and not p.isdigit()]
    plain = " ".join(p for p in parts if p.lower() not in _LANGUAGES)
    return plain[:1].upper() + plain[1:]


def _kind(title: str, text: str) -> str | None:
    """The kind that the first telling word of the title announces, unless the text only tells of
    such a document."""
    plain = re.sub(r"[-_]", " ", title.lower())
    found = [
        (match.start(), kind) for kind, words in _KINDS
        if (match := re.search(rf"\b(?:{words})\b", plain))
    ]
    kind = min(found)[1] if found else None
    return None if kind in _AGREED and _tells_of(text) else kind


def _day_in(name: str) -> str | None:
    return _iso(*match.groups()) if (match := _DAY_IN_NAME.search(name)) else None


def _day_in_text(text: str) -> str | None:
    """The day that a line of its own tells ("Paris, 27 May 1997"): others are of other acts."""
    lines = [line for line in text.splitlines() if len(line) <= _LONGEST_DATELINE]
    match = next(filter(None, map(_DAY_IN_TEXT.search, lines)), None)
    if match is None:
        return None
    month = _MONTHS.index((match["m"] or match["m2"]).lower()) % 12 + 1
    return _iso(match["y"] or match["y2"], month, match["d"] or match["d2"])


def _iso(year: str | int, month: str | int, day: str | int) -> str | None:
    from datetime import date

    with suppress(ValueError):
        return date(int(year), int(month), int(day)).isoformat()
    return None


def declared_in(raw: bytes, kind: str) -> dict[str, str]:
    """Title, author and date that a file states of itself; `kind` is its ending without the dot.

    The file is a stranger's: what cannot be read is left out.
    """
    reader = _DECLARED.get(kind)
    found: dict[str, Any] = {}
    if reader:
        with suppress(Exception):  # the text is what counts, and its reader tells what is wrong
            found = reader(raw)
    plain = {field: " ".join(str(value).split()) for field, value in found.items() if value}
    if _JUNK_TITLE.search(plain.get("title", "")):
        del plain["title"]
    return {field: value for field, value in plain.items() if 2 < len(value) <= 2 * _LONGEST_TITLE}


def _of_html(raw: bytes) -> dict[str, Any]:
    import trafilatura

    found = trafilatura.extract_metadata(raw)
    return {"title": found.title, "voice": found.author, "date": found.date} if found else {}


def _of_pdf(raw: bytes) -> dict[str, Any]:
    import pypdfium2

    document = pypdfium2.PdfDocument(raw)
    try:
        found = document.get_metadata_dict()
    finally:
        document.close()
    return {"title": found.get("Title"), "voice": found.get("Author")}


def _of_docx(raw: bytes) -> dict[str, Any]:
    import docx

    found = docx.Document(io.BytesIO(raw)).core_properties
    # the template's author is not the text's
    author = found.author if found.author != "python-docx" else None
    return {"title": found.title, "voice": author}


def _of_epub(raw: bytes) -> dict[str, Any]:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        name = next(n for n in book.namelist() if n.endswith(".opf"))
        package = etree.fromstring(book.read(name), parser)
    texts = {
        tag: package.xpath(f"string(//*[local-name()='metadata']/*[local-name()='{tag}'])")
        for tag in ("title", "creator", "date")
    }
    day = texts["date"][:10]
    return {
        "title": texts["title"], "voice": texts["creator"],
        "date": day if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day) else None,
    }


_DECLARED = {
    "html": _of_html, "htm": _of_html, "pdf": _of_pdf, "docx": _of_docx, "epub": _of_epub,
}
