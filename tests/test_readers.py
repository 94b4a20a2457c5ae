"""Each kind of file that is read."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.corpus import readers
from assistant.corpus.headings import headings
from assistant.corpus.readers import read_text
from assistant.errors import UnreadableSource
from tests.files import ARTICLES, bad_files, write_docx, write_epub, write_html, write_pdf


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
