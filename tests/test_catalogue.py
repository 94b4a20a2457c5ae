from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.corpus.catalogue import read_corpus, read_document
from assistant.errors import CorpusError, EmptyCorpus, UnreadableSource
from assistant.settings import Settings, bundled

Write = Callable[..., Path]


def test_the_bundled_corpus_has_at_least_45_sources_and_no_fault() -> None:
    corpus = read_corpus(bundled("corpus"))
    assert len(corpus.sources) >= 45
    assert corpus.faults == ()


def test_a_document_that_was_not_read_is_listed_and_never_evidence(
    write_source: Write, tmp_path: Path, settings_for: Callable[..., Settings]
) -> None:
    write_source("harbour", "Twelve ships.")
    write_source("essay", "", kind="article", status="opinion", text_kind="not_read")
    corpus = read_corpus(tmp_path / "corpus")
    assert [s.id for s in corpus.sources] == ["harbour"]
    assert [s.id for s in corpus.unread] == ["essay"]
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    assert {p.source.id for p in assistant.index.passages.values()} == {"harbour"}


@pytest.mark.parametrize(("kind", "text", "said"), [
    ("not_read", "Twelve ships.", "listed as not read, but there is text"),
    ("digest", " \n", "no text below"),
])
def test_text_and_not_read_exclude_each_other(
    write_source: Write, kind: str, text: str, said: str
) -> None:
    path = write_source("essay", text, text_kind=kind)
    with pytest.raises(UnreadableSource, match=said):
        read_document(path)


def test_a_corpus_of_nothing_but_unread_documents_is_empty(
    write_source: Write, tmp_path: Path
) -> None:
    write_source("essay", "", text_kind="not_read")
    with pytest.raises(EmptyCorpus):
        read_corpus(tmp_path / "corpus")


def test_a_translation_has_its_original(write_source: Write, tmp_path: Path) -> None:
    write_source("harbour-ru", "Двенадцать судов.", language="ru")
    write_source("harbour-en", "Twelve ships.",
                 status="in_force\nrelations: [{type: translates, to: harbour-ru}]")
    translation, original = read_corpus(tmp_path / "corpus").sources
    assert translation.original == original and original.original is None


def test_a_translation_into_the_same_language_is_told(
    write_source: Write, tmp_path: Path
) -> None:
    write_source("one", "Twelve ships.")
    write_source("two", "Twelve boats.",
                 status="in_force\nrelations: [{type: translates, to: one}]")
    fault, = read_corpus(tmp_path / "corpus").faults
    assert "in the same language" in str(fault)


def test_every_bundled_source_says_who_when_with_what_force_and_is_marked_a_digest() -> None:
    corpus = read_corpus(bundled("corpus"))
    assert len(corpus.sources) >= 45
    for source in corpus.sources:
        assert source.voice and source.date, source.id
        # a force that is not known is told in the text as well
        assert source.status != "unknown" or "took effect was not seen" in source.text, source.id
        assert source.text_kind == "digest", source.id


def test_front_matter_becomes_a_source(write_source: Write) -> None:
    document = read_document(write_source("harbour", "\n## Article 1\n\nTwelve ships.\n"))
    assert document.source.date == date(1904, 5, 3)
    assert document.source.text == "\n## Article 1\n\nTwelve ships.\n"
    assert document.lines_before == 11


@pytest.mark.parametrize(
    ("line", "wrong", "field", "number"),
    [
        ("kind: treaty", "kind: treety", "kind", 4),
        ("date: 1904-05-03", "date: soon", "date", 6),
        ("voice: Parties", "voices: Parties", "voices", 5),
        ("id: harbour", "id: Har bour", "id", 2),
    ],
)
def test_a_faulty_field_is_told_with_file_line_and_field(
    write_source: Write, line: str, wrong: str, field: str, number: int
) -> None:
    path = write_source("harbour", "Twelve ships.")
    path.write_text(path.read_text(encoding="utf-8").replace(line, wrong), encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        read_document(path)
    missing_or_wrong = {caught.value.field, field}
    assert missing_or_wrong <= {field, "voice"}
    assert str(path) in str(caught.value)
    if caught.value.field == field:
        assert caught.value.line == number


def test_a_missing_field_is_named(write_source: Write) -> None:
    path = write_source("harbour", "Twelve ships.")
    text = path.read_text(encoding="utf-8").replace("voice: Parties\n", "")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match="'voice': it is missing") as caught:
        read_document(path)
    assert caught.value.field == "voice"


def test_broken_yaml_names_its_line(write_source: Write) -> None:
    path = write_source("harbour", "Twelve ships.", title='"unclosed')
    with pytest.raises(CorpusError, match="not valid YAML") as caught:
        read_document(path)
    assert caught.value.line is not None


def test_front_matter_without_an_end_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\nid: a\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="has no end"):
        read_document(path)


def test_one_faulty_file_does_not_hide_the_others(write_source: Write, tmp_path: Path) -> None:
    write_source("good", "Twelve ships.")
    write_source("bad", "Nine ships.", kind="treety")
    (tmp_path / "corpus" / "binary.txt").write_bytes(b"\x00\x01\x02" * 99)
    corpus = read_corpus(tmp_path / "corpus")
    assert [s.id for s in corpus.sources] == ["good"]
    assert len(corpus.faults) == 2
    assert isinstance(corpus.faults[1], UnreadableSource | CorpusError)
    assert any("Left out" in notice for notice in corpus.notices)


def test_an_id_used_twice_is_told_with_both_files(write_source: Write, tmp_path: Path) -> None:
    first = write_source("harbour", "Twelve ships.")
    second = first.with_name("zz-copy.md")
    second.write_bytes(first.read_bytes())
    fault, = read_corpus(tmp_path / "corpus").faults
    assert str(first) in str(fault) and str(second) in str(fault)
    assert (fault.line, fault.field) == (2, "id")


def test_a_relation_to_a_document_that_is_not_there_is_told(
    write_source: Write, tmp_path: Path
) -> None:
    write_source("harbour", "Twelve.", status="in_force\nrelations: [{type: amends, to: harbur}]")
    fault, = read_corpus(tmp_path / "corpus").faults
    assert "Did you mean 'harbour'?" in str(fault)


def test_a_text_without_front_matter_is_accepted_with_a_notice(tmp_path: Path) -> None:
    (tmp_path / "Speech 7.txt").write_text("# A speech\n\nTwelve ships.", encoding="utf-8")
    corpus = read_corpus(tmp_path)
    source, = corpus.sources
    assert (source.id, source.title, source.voice) == ("speech-7", "A speech", "unknown")
    assert source.status == "unknown" and source.checked == "unverified"
    assert any("without front matter" in notice for notice in corpus.notices)


def test_other_encodings_are_read(tmp_path: Path) -> None:
    text = "Статья первая. Каждая сторона держит двенадцать кораблей в старой гавани. " * 5
    (tmp_path / "a.txt").write_bytes(text.encode("cp1251"))
    (tmp_path / "b.txt").write_bytes(text.encode("utf-16"))
    for source in read_corpus(tmp_path).sources:
        assert "двенадцать кораблей" in source.text
        assert source.language == "ru"


def test_a_link_out_of_the_folder_is_not_followed(write_source: Write, tmp_path: Path) -> None:
    write_source("harbour", "Twelve ships.")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    (tmp_path / "corpus" / "link.txt").symlink_to(secret)
    (tmp_path / "corpus" / "loop").symlink_to(tmp_path / "corpus")
    assert [s.id for s in read_corpus(tmp_path / "corpus").sources] == ["harbour"]


def test_a_missing_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(EmptyCorpus, match="no such folder"):
        read_corpus(tmp_path / "none")
    with pytest.raises(EmptyCorpus, match=r"no \.md or \.txt"):
        read_corpus(tmp_path)


@pytest.mark.parametrize(("fields", "said"), [
    ({"status": "in_force\nrelations: [{type: amends, to: letter, anchor: Article 9}]"},
     "no heading 'Article 9'"),
    ({"status": "in_force\nstatus_as_of: 1900-01-01"}, "lies before the date of the act"),
    ({"status": "in_force\nentry_into_force: 1900-01-01"}, "lies before the date of the act"),
    ({"date": "1901-01-01", "status": "in_force\nrelations: [{type: replies_to, to: letter}]"},
     "which is later"),
    ({"status": "in_force\nrelations: [{type: quotes, to: harbour}]"}, "in a circle"),
])
def test_what_contradicts_itself_or_another_document_is_told(
    write_source: Write, tmp_path: Path, fields: dict[str, str], said: str
) -> None:
    write_source("letter", "## Article 1\n\nTwenty ships.", date="1903-01-01")
    path = write_source("harbour", "## Article 1\n\nTwelve ships.", **fields)
    fault, = read_corpus(tmp_path / "corpus").faults
    assert said in str(fault)
    assert fault.path == path and fault.line is not None and fault.next_step


def test_a_heading_used_twice_in_a_digest_is_told_with_its_line(
    write_source: Write, tmp_path: Path
) -> None:
    text = "Lead.\n\n## Article 1\n\nOne.\n\n## Article 1\n\nTwo."
    path = write_source("harbour", text, text_kind="digest")
    fault, = read_corpus(tmp_path / "corpus").faults
    assert "'Article 1' is used 2 times" in str(fault)
    assert path.read_text(encoding="utf-8").splitlines()[(fault.line or 0) - 1] == "## Article 1"
    write_source("harbour", text)
    assert read_corpus(tmp_path / "corpus").faults == ()


def test_a_circle_behind_a_second_relation_is_told(write_source: Write, tmp_path: Path) -> None:
    write_source("a", "Text.", status="in_force\nrelations: [{type: quotes, to: b}]")
    write_source("b", "Text.", status="in_force\nrelations: [{type: quotes, to: c}, "
                 "{type: quotes, to: a}]")
    write_source("c", "Text.")
    fault, = read_corpus(tmp_path / "corpus").faults
    assert "a → b." in str(fault)


def test_a_circle_of_three_is_told_once(write_source: Write, tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        relations = f"in_force\nrelations: [{{type: quotes, to: {other}}}]"
        write_source(one, "Text.", status=relations)
    fault, = read_corpus(tmp_path / "corpus").faults
    assert "a → b → c" in str(fault)


def test_a_relation_to_one_article_is_read(write_source: Write, tmp_path: Path) -> None:
    write_source("letter", "## Article 1\n\nTwenty ships.", date="1903-01-01")
    relations = "in_force\nrelations: [{type: amends, to: letter, anchor: Article 1}]"
    write_source("harbour", "Twelve.", status=relations)
    corpus = read_corpus(tmp_path / "corpus")
    assert corpus.faults == ()
    assert corpus.sources[0].relations[0].anchor == "Article 1"
