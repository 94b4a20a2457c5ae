"""A file → its text. One reader per kind of file, chosen by the file's ending.

Headings become Markdown headings and the pages of a PDF headings of their own, so that
`headings` finds the anchors in every kind of file alike.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from assistant.errors import UnreadableSource

# Larger files are no documents that a person reads; the cap also holds for what a zip unpacks to.
MAX_BYTES = 50_000_000


def read_text(path: Path) -> str:
    """The text of a document, line ends as `\\n`, no byte-order mark.

    Raises UnreadableSource for what cannot be read or holds no text.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableSource(
            f"files of kind {path.suffix or 'without an ending'} cannot be read.",
            f"Save it as one of {', '.join(READERS)}.", path=path,
        )
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableSource(
                f"the file is larger than {MAX_BYTES // 1_000_000} MB.",
                "Split it into its parts.", path=path,
            )
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableSource(
            f"the file cannot be read ({error.strerror}).",
            "Check that it exists and that you may read it.", path=path,
        ) from error
    text = reader(raw, path).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise UnreadableSource("the file is empty.", "Put its text in, or remove it.", path=path)
    return text


def plain_text(raw: bytes, path: Path) -> str:
    """UTF-8 first; other encodings are detected."""
    if b"\x00" not in raw or raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            from charset_normalizer import from_bytes

            if best := from_bytes(raw).best():
                return str(best)
    raise UnreadableSource(
        "the file is not text.", "Save it as plain text (UTF-8), or remove it.", path=path
    )


def html_text(raw: bytes, path: Path) -> str:
    """The main text of a web page without menus and footers, headings marked."""
    import trafilatura

    text = trafilatura.extract(
        raw, output_format="markdown", include_comments=False, include_tables=True,
        include_links=False, include_images=False, include_formatting=True,
    )
    if not text:
        raise UnreadableSource(
            "no text was found in the page.", "Copy its text into a .txt file.", path=path
        )
    return re.sub(r"(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)", "", text)


def pdf_text(raw: bytes, path: Path) -> str:
    """The text of a PDF, each page under a heading `page n`."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise UnreadableSource(
            "the PDF is locked with a password." if locked else "the PDF is damaged.",
            "Save it without a password." if locked else "Download or save it again.", path=path,
        ) from error
    try:
        pages = [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
    if not any(page.strip() for page in pages):
        raise UnreadableSource(
            "the PDF has pages but no text: it is a scan.",
            "Run it through a text recognition program first.", path=path,
        )
    return "".join(
        f"## page {number}\n\n{_unhyphenated(page)}\n\n" for number, page in enumerate(pages, 1)
    )


def _unhyphenated(page: str) -> str:
    page = page.replace("\r\n", "\n").replace("\x02", "-").replace("\ufffe", "-")
    return re.sub(r"(?<=[a-zа-я])-\n(?=[a-zа-я])", "", page).replace("\x00", "")


def docx_text(raw: bytes, path: Path) -> str:
    """Paragraphs and table rows of a Word document in order, headings marked."""
    import docx
    from docx.table import Table

    _check_unpacked_size(raw, path)
    try:
        document = docx.Document(io.BytesIO(raw))
        blocks = list(document.iter_inner_content())
    except Exception as error:  # python-docx lets the errors of zipfile and lxml through
        raise UnreadableSource(
            "the Word document is damaged.", "Open it in a word processor and save it again.",
            path=path,
        ) from error
    return "\n\n".join(_docx_block(block, isinstance(block, Table)) for block in blocks)


def _docx_block(block: Any, is_table: bool) -> str:
    if is_table:
        return "\n".join(" | ".join(cell.text for cell in row.cells) for row in block.rows)
    style = str(block.style.name) if block.style else ""
    level = re.fullmatch(r"Heading (\d)", style)
    marks = "#" * int(level[1]) if level else "#" if style == "Title" else ""
    return f"{marks} {block.text}" if marks and block.text.strip() else str(block.text)


def epub_text(raw: bytes, path: Path) -> str:
    """The chapters of an e-book in reading order, headings marked."""
    from lxml import etree

    _check_unpacked_size(raw, path)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            return "\n\n".join(_xhtml_text(book.read(name)) for name in _spine(book))
    except (zipfile.BadZipFile, KeyError, IndexError, etree.XMLSyntaxError) as error:
        raise UnreadableSource("the e-book is damaged.", "Download it again.", path=path) from error


def _spine(book: zipfile.ZipFile) -> Iterator[str]:
    """Names of the chapters in the archive, in reading order."""
    container = _xml(book.read("META-INF/container.xml"))
    package_name = container.xpath("string(//*[local-name()='rootfile']/@full-path)")
    package = _xml(book.read(package_name))
    items = {i.get("id"): i.get("href") for i in package.xpath("//*[local-name()='item']")}
    for reference in package.xpath("//*[local-name()='itemref']"):
        href = unquote(items[reference.get("idref")])
        yield str(PurePosixPath(package_name).parent / href)


def _xhtml_text(raw: bytes) -> str:
    blocks = _xml(raw).xpath(
        "//*[local-name()='h1' or local-name()='h2' or local-name()='h3' or local-name()='h4' "
        "or local-name()='p' or local-name()='li' or local-name()='blockquote']"
    )
    lines = []
    for block in blocks:
        text = " ".join("".join(block.itertext()).split())
        name = block.tag.rpartition("}")[2]
        lines.append(f"{'#' * int(name[1])} {text}" if name[0] == "h" else text)
    return "\n\n".join(line for line in lines if line)


def _xml(raw: bytes) -> Any:
    """Parsed without entities and network: the file is a stranger's."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    return etree.fromstring(raw, parser)


def _check_unpacked_size(raw: bytes, path: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise UnreadableSource(
            "the file is damaged.", "Download or save it again.", path=path
        ) from error
    if size > 4 * MAX_BYTES:
        raise UnreadableSource(
            f"the file unpacks to {size // 1_000_000} MB.", "Split it into its parts.", path=path
        )


READERS: Mapping[str, Callable[[bytes, Path], str]] = {
    ".md": plain_text, ".txt": plain_text, ".html": html_text, ".htm": html_text,
    ".pdf": pdf_text, ".docx": docx_text, ".epub": epub_text,
}
