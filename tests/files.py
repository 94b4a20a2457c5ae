"""A file of each kind that is read, good and bad, made by the libraries that make such files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

ARTICLES = ("Each city keeps twelve ships in the harbour.", "Either city may leave in May.")


def write_pdf(path: Path, pages: tuple[str, ...], password: str | None = None) -> Path:
    encrypt = StandardEncryption(password) if password else None
    canvas = Canvas(str(path), encrypt=encrypt)
    for page in pages:
        for number, line in enumerate(page.splitlines()):
            canvas.drawString(72, 700 - 20 * number, line)
        canvas.showPage()
    canvas.save()
    return path


def write_docx(path: Path) -> Path:
    document = docx.Document()
    document.add_heading("Harbour Treaty", level=1)
    for number, text in enumerate(ARTICLES, 1):
        document.add_heading(f"Article {number}", level=2)
        document.add_paragraph(text)
    row = document.add_table(rows=1, cols=2).rows[0].cells
    row[0].text, row[1].text = "ships", "twelve"
    document.save(str(path))
    return path


def write_html(path: Path) -> Path:
    articles = "".join(f"<h2>Article {n}</h2><p>{t} {t} {t}</p>" for n, t in enumerate(ARTICLES, 1))
    path.write_text(
        "<html><head><title>Harbour Treaty</title></head><body><nav><a href='/'>Home</a> "
        f"<a href='/x'>Menu entry</a></nav><main><h1>Harbour Treaty</h1>{articles}</main>"
        "<footer>All rights reserved</footer></body></html>", encoding="utf-8",
    )
    return path


def write_epub(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("META-INF/container.xml", "<container><rootfiles><rootfile full-path="
                      "'OPS/book.opf'/></rootfiles></container>")
        items = "".join(f"<item id='c{n}' href='c{n}.xhtml'/>" for n in (1, 2))
        # listed in another order than they are read in
        book.writestr("OPS/book.opf", f"<package><manifest>{items}</manifest><spine>"
                      "<itemref idref='c1'/><itemref idref='c2'/></spine></package>")
        for number in (2, 1):
            book.writestr(
                f"OPS/c{number}.xhtml",
                "<html xmlns='http://www.w3.org/1999/xhtml'><body>"
                f"<h2>Article {number}</h2><p>{ARTICLES[number - 1]}</p></body></html>",
            )
    return path


def bad_files(folder: Path) -> dict[str, Path]:
    cut = write_docx(folder / "cut.docx")
    cut.write_bytes(cut.read_bytes()[:500])
    odd = folder / "odd.docx"
    with zipfile.ZipFile(odd, "w") as archive:
        archive.writestr("word/document.xml", "<not-word/>")
    damaged = folder / "damaged.pdf"
    damaged.write_bytes(b"%PDF-1.7 nothing more")
    null = folder / "null.txt"
    null.write_bytes(b"text\x00text")
    empty = folder / "empty.txt"
    empty.write_bytes(b"")
    page = folder / "page.html"
    page.write_text("<html><body></body></html>", encoding="utf-8")
    return {
        "damaged": cut, "Word document is damaged": odd, "PDF is damaged": damaged,
        "not text": null, "empty": empty, "no text was found": page,
        "locked": write_pdf(folder / "locked.pdf", ("secret",), password="pass"),
        "scan": write_pdf(folder / "scan.pdf", ("",)),
    }
