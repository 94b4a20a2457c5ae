"""Documents of the user's: files, folders and pages into the home folder, and out again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import docx
import pytest
from reportlab.pdfgen.canvas import Canvas

from assistant.answering import Assistant
from assistant.corpus.adding import (
    add_documents,
    correct_document,
    files_below,
    remove_document,
)
from assistant.corpus.catalogue import read_corpus
from assistant.corpus.checking import Document
from assistant.corpus.download import Limits
from assistant.errors import CorpusError
from assistant.settings import Settings
from assistant.types import Source
from tests.files import bad_files, write_docx, write_pdf
from tests.web_server import WebServer

QUICK = Limits(
    connect=1, read=0.4, total=8, pause=0, backoff=0.01, longest_wait=3, tries=1, reading=20,
    allow_private=True,
)
Write = Callable[..., Path]


def test_an_added_text_gets_the_front_matter_given(tmp_path: Path, write_source: Write) -> None:
    write_source("harbour", "Twelve ships.")
    file = tmp_path / "letter.txt"
    file.write_text("The mayor asks for twenty ships.", encoding="utf-8")
    fields = {"id": "letter", "title": "A letter", "voice": "Mayor", "date": "1905-06-09",
              "kind": "official_statement", "status": "issued"}
    (_, document), = add_documents([file], fields, tmp_path / "documents", tmp_path / "corpus")
    assert isinstance(document, Document)
    source = read_corpus(tmp_path / "corpus", tmp_path / "documents").sources[1]
    assert source == document.source
    assert (source.voice, source.date) == ("Mayor", date(1905, 6, 9))
    assert source.text.strip() == "The mayor asks for twenty ships."


@pytest.mark.parametrize(
    "fields", [{"id": "harbour"}, {"id": "../up"}, {"id": "x", "kind": "treety"}]
)
def test_a_document_that_cannot_be_added_leaves_nothing_behind(
    tmp_path: Path, write_source: Write, fields: dict[str, str]
) -> None:
    write_source("harbour", "Twelve ships.")
    file = tmp_path / "letter.txt"
    file.write_text("Twenty ships.", encoding="utf-8")
    (_, fault), = add_documents([file], fields, tmp_path / "documents", tmp_path / "corpus")
    assert isinstance(fault, CorpusError)
    assert not list((tmp_path / "documents").glob("*.md"))


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
        "a-treaty": "Harbour Treaty", "b": "B",
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


Add = Callable[..., Source]


@pytest.fixture
def add(tmp_path: Path) -> Add:
    """Add one origin and return the source that came of it, read again from its file."""

    def add(origin: Path | str, **fields: str) -> Source:
        documents = tmp_path / "documents"
        (_, result), = add_documents(
            [origin], fields, documents, tmp_path / "corpus", limits=QUICK
        )
        if isinstance(result, CorpusError):
            raise result
        return {s.id: s for s in read_corpus(documents).sources}[result.source.id]

    return add


def write_text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_what_a_bare_text_does_not_say_is_proposed_and_marked(tmp_path: Path, add: Add) -> None:
    source = add(write_text(
        tmp_path / "palace-en-1905-06-09-81-address-on-the-harbour.txt",
        "Mayor of the City Ada Stone: Citizens, the harbour is ours. Question: And the ships? "
        "Ada Stone: We keep twelve. Thomas Reed: Nine would do.",
    ))
    assert source.title == "Palace address on the harbour"
    assert (source.date, source.kind) == (date(1905, 6, 9), "speech")
    assert source.voice == "Mayor of the City Ada Stone"
    assert set(source.proposed) == {"title", "date", "voice", "kind", "language"}


@pytest.mark.parametrize(("text", "kind"), [
    ("The Parties shall keep the peace. Article 1 of it binds both cities.", "treaty"),
    ("The Peace of Ardal was a short-lived treaty between two cities. They met.", "reference"),
    ("The war ended.[1] Both signed.[2] The mayor was absent.[3][4] Bread fell.[5]", "reference"),
])
def test_a_text_that_tells_of_a_treaty_is_none(
    text: str, kind: str, tmp_path: Path, add: Add
) -> None:
    assert add(write_text(tmp_path / "peace-treaty-of-ardal.txt", text)).kind == kind


def test_what_is_given_is_not_marked_as_proposed(tmp_path: Path, add: Add) -> None:
    file = write_text(tmp_path / "1905-06-09-letter.txt", "Twenty ships are too many for us.")
    source = add(file, voice="Mayor", date="1905-06-10")
    assert (source.voice, source.date) == ("Mayor", date(1905, 6, 10))
    assert source.proposed == ("title",)


def test_front_matter_is_taken_as_it_is(write_source: Write, add: Add, tmp_path: Path) -> None:
    file = write_source("harbour-1905-06-09", "Twelve ships.")
    moved = file.rename(tmp_path / file.name)
    source = add(moved)
    assert (source.date, source.voice, source.proposed) == (date(1904, 5, 3), "Parties", ())


@pytest.mark.parametrize(("text", "title", "day"), [
    ("# Harbour Treaty\n\nTwelve ships.", "Harbour Treaty", None),
    ("Harbour Treaty\n\nParis, 3 May 1904\n\nTwelve ships.", "Harbour Treaty", date(1904, 5, 3)),
    ("Обращение мэра\n\n9 июня 1905 года\n\nДвенадцать кораблей.", "Обращение мэра",
     date(1905, 6, 9)),
    ("Twelve ships are kept.\nThe treaty of 3 May 1904 says so, and so did that of May 1, 1899, "
     "which nobody reads.", "Note", None),
])
def test_only_a_line_of_its_own_is_title_or_date(
    tmp_path: Path, add: Add, text: str, title: str, day: date | None
) -> None:
    source = add(write_text(tmp_path / "note.txt", text))
    assert (source.title, source.date) == (title, day)


def test_what_a_file_declares_of_itself_is_proposed(tmp_path: Path, add: Add) -> None:
    word = docx.Document()
    word.core_properties.title, word.core_properties.author = "A letter", "Ada Stone"
    word.add_paragraph("Twenty ships are too many for us.")
    word.save(str(tmp_path / "word.docx"))
    canvas = Canvas(str(tmp_path / "print.pdf"))
    canvas.setTitle("Microsoft Word - letter.docx")
    canvas.setAuthor("Thomas Reed")
    canvas.drawString(72, 700, "Nine ships would do, and no more.")
    canvas.save()
    letter, printed = add(tmp_path / "word.docx"), add(tmp_path / "print.pdf")
    assert (letter.title, letter.voice) == ("A letter", "Ada Stone")
    assert printed.voice == "Thomas Reed" and "Microsoft" not in printed.title


PAGE = (
    "<!doctype html><html><head><title>On ships | The Gazette</title>"
    '<meta name="author" content="Ada Stone"><meta property="og:title" content="On ships">'
    '<meta property="article:published_time" content="1999-06-09T08:00:00Z"></head><body>'
    "<main><article><h1>On ships</h1>"
    + "".join(f"<p>Each city keeps twelve ships in harbour number {n}.</p>" for n in range(30))
    + "</article></main></body></html>"
).encode()


def test_a_page_is_added_by_its_address(add: Add, web: WebServer) -> None:
    address = web.serve("on-ships", PAGE)
    source = add(address)
    assert source.address == address and "twelve ships in harbour number 7" in source.text
    assert (source.id, source.title, source.voice) == ("on-ships", "On ships", "Ada Stone")
    assert source.date == date(1999, 6, 9)
    assert {"title", "voice", "date"} <= set(source.proposed)


@pytest.mark.parametrize(("behaviour", "said"), [
    ("status/404", "404"), ("loop/", "redirected more than"), ("slow", "no word from it"),
])
def test_a_page_that_does_not_come_is_told_in_a_line(
    add: Add, web: WebServer, behaviour: str, said: str
) -> None:
    with pytest.raises(CorpusError, match=said) as caught:
        add(web.at(behaviour))
    assert web.at(behaviour) in str(caught.value) and "\n" not in str(caught.value)


def test_a_page_of_the_own_network_is_not_read_unless_allowed(
    tmp_path: Path, web: WebServer
) -> None:
    (_, result), = add_documents(
        [web.serve("a", PAGE)], {}, tmp_path / "documents", tmp_path / "none",
        limits=replace(QUICK, allow_private=False),
    )
    assert isinstance(result, CorpusError) and "not on the open net" in str(result)
    assert web.asked == []


@pytest.mark.parametrize("order", [("en", "ru"), ("ru", "en")])
def test_two_languages_of_one_document_are_linked(
    tmp_path: Path, add: Add, order: tuple[str, str]
) -> None:
    texts = {"en": "Each city keeps twelve ships.", "ru": "Каждый город держит двенадцать судов."}
    for language in order:
        add(write_text(tmp_path / f"palace-{language}-1905-06-09-ships.txt", texts[language]))
    sources = {s.language: s for s in read_corpus(tmp_path / "documents").sources}
    assert sources["en"].original == sources["ru"] and sources["ru"].original is None
    assert sources["en"].text_kind == "unofficial_translation"
    assert {"relations", "text_kind"} <= set(sources["en"].proposed)


def test_a_correction_changes_what_it_names_and_confirms_the_rest(
    tmp_path: Path, add: Add
) -> None:
    add(write_text(tmp_path / "1905-06-09-letter.txt", "Twenty ships are too many for us."))
    documents, corpus = tmp_path / "documents", tmp_path / "corpus"
    corrected = correct_document("1905-06-09-letter", {"voice": "Mayor"}, documents, corpus).source
    assert (corrected.voice, corrected.date) == ("Mayor", date(1905, 6, 9))
    assert corrected.proposed == ()
    with pytest.raises(CorpusError, match="'kind'"):
        correct_document("1905-06-09-letter", {"kind": "treety"}, documents, corpus)
    kept, = read_corpus(documents).sources
    assert kept == corrected
    with pytest.raises(CorpusError, match="no added document"):
        correct_document("harbour", {}, documents, corpus)


def test_a_readme_is_no_document(tmp_path: Path, add: Add) -> None:
    readme = write_text(tmp_path / "README.md", "How this folder is kept.")
    assert list(files_below([tmp_path])) == []
    with pytest.raises(CorpusError, match="is no id"):
        add(readme)


def test_a_kill_at_any_moment_leaves_corpus_and_index_in_agreement(
    tmp_path: Path, settings_for: Callable[..., Settings], write_source: Write
) -> None:
    """Whatever `add` and `remove` were doing when killed, the next start puts it right."""
    write_source("harbour", "## Article 1\n\nEach city keeps twelve ships.")
    for number in range(12):
        write_text(tmp_path / f"letter-{number}.txt", f"The mayor asks for {number + 20} ships.")
    files = [str(tmp_path / f"letter-{n}.txt") for n in range(12)]
    settings = settings_for(corpus=tmp_path / "corpus")
    seen = set()
    for number in range(8):
        verb = ["add", *files] if number % 2 == 0 else ["remove", *(Path(f).stem for f in files)]
        run = subprocess.Popen(
            [sys.executable, "-m", "assistant", *verb], cwd=Path(__file__).parents[1],
            env={**os.environ, "ASSISTANT_CORPUS": str(tmp_path / "corpus"),
                 "ASSISTANT_HOME": str(settings.home)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        # from before the first document is written to after the index is
        _wait_for_change(settings.documents, run, more=0.15 * number)
        run.kill()
        run.wait()
        after = Assistant.open(settings)
        held = {p.source.id for p in after.index.passages.values()}
        assert held == {s.id for s in after.corpus.sources} and after.corpus.faults == ()
        for source in after.corpus.sources:
            found = after.index.bm25(source.text, 1)
            assert found and found[0].passage.source.id == source.id
        seen.add(len(held))
        for letter in settings.documents.glob("letter-*.md") if number % 2 else ():
            letter.unlink()
    assert len(seen) > 1, "no kill fell into the middle of the work"


def _wait_for_change(folder: Path, run: subprocess.Popen[bytes], more: float) -> None:
    before = sorted(folder.glob("*.md")) if folder.exists() else []
    end = time.monotonic() + 20
    while time.monotonic() < end and run.poll() is None:
        if (sorted(folder.glob("*.md")) if folder.exists() else []) != before:
            break
        time.sleep(0.002)
    time.sleep(more)
