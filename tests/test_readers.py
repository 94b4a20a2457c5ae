"""Each kind of file that is read, made here by the libraries that make such files."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from assistant.corpus import readers
from assistant.corpus.adding import add_documents, files_below, remove_document
from assistant.corpus.catalogue import read_corpus
from assistant.corpus.checking import Document
from assistant.corpus.headings import headings
from assistant.corpus.readers import read_text
from assistant.errors import CorpusError, UnreadableSource

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


@pytest.mark.parametrize(
    ("name", "write"), [("a.docx", write_docx), ("a.html", write_html), ("a.epub", write_epub)]
)
def test_text_and_articles_are_read_in_order(
    tmp_path: Path, name: str, write: Callable[[Path], Path]
) -> None:
    text = read_text(write(tmp_path / name))
    assert text.index(ARTICLES[0]) < text.index(ARTICLES[1])
    anchors = [h.anchor for h in headings(text)]
    assert [a for a in anchors if a.startswith("Article")] == ["Article 1", "Article 2"]
    assert "Menu entry" not in text and "All rights" not in text


def test_a_word_table_is_read(tmp_path: Path) -> None:
    assert "ships | twelve" in read_text(write_docx(tmp_path / "a.docx"))


def test_a_pdf_keeps_its_pages_as_anchors(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", (f"Article 1\n{ARTICLES[0]}", f"Article 2\n{ARTICLES[1]}"))
    text = read_text(path)
    assert ARTICLES[0] in text and ARTICLES[1] in text
    assert [h.anchor for h in headings(text)] == [
        "page 1", "Article 1, page 1", "Article 1, page 2", "Article 2, page 2",
    ]


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


def test_each_unreadable_file_has_its_own_reason(tmp_path: Path) -> None:
    for reason, path in bad_files(tmp_path).items():
        with pytest.raises(UnreadableSource, match=reason):
            read_text(path)


def test_too_large_a_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(UnreadableSource, match="larger than 50 MB"):
        read_text(large)
    monkeypatch.setattr(readers, "MAX_BYTES", 1_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 1_000_000)
    bomb = tmp_path / "bomb.docx"
    bomb.write_bytes(packed.getvalue()[:1_000_000])
    monkeypatch.setattr(readers, "MAX_BYTES", len(packed.getvalue()))
    with pytest.raises(UnreadableSource, match="unpacks to 1 MB"):
        read_text(bomb)


def test_a_folder_is_added_and_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "below").mkdir(parents=True)
    write_docx(folder / "below" / "a treaty.docx")
    write_pdf(folder / "b.pdf", ("The mayor asks for twenty boats.",))
    bad = bad_files(folder)
    (folder / "loop").symlink_to(folder)
    (folder / "link.txt").symlink_to("/etc/passwd")
    files = list(files_below([folder]))
    results = dict(add_documents(files, {}, tmp_path / "documents", tmp_path / "none"))
    added = {r.source.id for r in results.values() if isinstance(r, Document)}
    assert added == {"a-treaty", "b"}
    told = {path for path, r in results.items() if isinstance(r, CorpusError)}
    assert told == set(bad.values())
    sources = read_corpus(tmp_path / "documents").sources
    assert {s.id: s.title for s in sources} == {
        "a-treaty": "Harbour Treaty", "b": "The mayor asks for twenty boats.",
    }


def test_the_same_text_is_not_added_twice(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("Twelve ships.", encoding="utf-8")
    (tmp_path / "two.txt").write_text("  Twelve \n SHIPS.\n", encoding="utf-8")
    (_, first), (_, second) = add_documents(
        [tmp_path / "one.txt", tmp_path / "two.txt"], {}, tmp_path / "documents", tmp_path / "none"
    )
    assert isinstance(first, Document)
    assert isinstance(second, CorpusError) and "held as 'one' already" in str(second)


def test_a_name_that_climbs_out_of_the_folder_stays_inside(tmp_path: Path) -> None:
    (tmp_path / "..up.txt").write_text("Twelve ships.", encoding="utf-8")
    (_, result), = add_documents(
        [tmp_path / "..up.txt"], {}, tmp_path / "documents", tmp_path / "none"
    )
    assert isinstance(result, Document)
    assert os.listdir(tmp_path / "documents") == ["up.md"]


def test_an_added_document_can_be_removed_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("Twelve ships.", encoding="utf-8")
    documents, corpus = tmp_path / "documents", tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "held.txt").write_text("Nine barges.", encoding="utf-8")
    list(add_documents([tmp_path / "one.txt"], {}, documents, corpus))
    with pytest.raises(CorpusError, match="part of the corpus folder"):
        remove_document("held", documents, corpus)
    with pytest.raises(CorpusError, match="Added are: one"):
        remove_document("../held", documents, corpus)
    remove_document("one", documents, corpus)
    assert [s.id for s in read_corpus(corpus, documents).sources] == ["held"]
