"""Answers as files to keep."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from lxml import etree

from assistant.answering import Assistant
from assistant.errors import QuestionError
from assistant.export import (
    answers_file,
    say_reference,
    to_bibtex,
    to_json,
    to_markdown,
    to_text,
    to_word,
)
from assistant.settings import Settings
from assistant.types import Answer, Withheld

FOUNDING = "What did Russia ask about the 1997 Founding Act?"


def test_every_mark_in_markdown_has_its_footnote_with_the_quote(bundled: Assistant) -> None:
    answers = [bundled.ask(FOUNDING), bundled.ask("What does the CFE Treaty say on tanks?")]
    text = to_markdown(answers)
    marks = re.findall(r"(\[\^\d-\d+\])(?!:)", text)
    notes = re.findall(r"^(\[\^\d-\d+\]):", text, re.MULTILINE)
    assert set(marks) == set(notes)
    assert len(notes) == sum(len(answer.citations) for answer in answers)
    assert answers[0].citations[0].quote[:60].split(".")[0] in text
    assert f"Corpus version: {bundled.corpus.version}" in text


def test_an_answer_that_is_none_says_so(bundled: Assistant) -> None:
    text = to_markdown([bundled.ask("Who won the 2018 World Cup?")])
    assert "**The corpus does not hold an answer to this.**" in text
    assert "Outcome: not in corpus" in text


def test_a_reference_names_who_what_when_and_where(bundled: Assistant) -> None:
    answer = bundled.ask("What did NATO say about Ukraine and Georgia at Bucharest?")
    assert say_reference(answer.citations[0]).startswith(
        "NATO heads of State and Government, “Bucharest Summit Declaration,” 3 April 2008, "
    )


def test_json_holds_the_answers_and_each_source_once(bundled: Assistant) -> None:
    answer = bundled.ask(FOUNDING)
    read = json.loads(to_json([answer, answer]))
    assert [a["question"] for a in read["answers"]] == [FOUNDING, FOUNDING]
    cited = {c.passage.source.id for c in answer.citations}
    assert {r["id"] for r in read["references"]} == cited
    assert len(read["references"]) == len(cited)
    assert all(r["author"] and r["issued"]["date-parts"] for r in read["references"])


def test_nothing_of_a_document_is_obeyed_by_markdown(
    settings_for: Callable[..., Settings], write_source: Callable[..., Path], tmp_path: Path
) -> None:
    write_source(
        "harbour", "# The harbour\n\nEach city keeps <b>twelve</b> *ships* [here](http://x) in "
        "the harbour.", title="'Harbour <img src=x> *Act*'",
    )
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    text = to_markdown([assistant.ask("How many ships does each city keep in the harbour?")])
    assert "twelve" in text
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\[here", text)
    assert "\\*ships\\*" in text


def part(file: bytes, name: str) -> Any:
    return etree.fromstring(zipfile.ZipFile(io.BytesIO(file)).read(name))


@pytest.fixture(scope="module")
def answer(bundled: Assistant) -> Answer:
    """With a sentence of a model's withheld."""
    withheld = (Withheld(text="Russia asked for the moon.", reason="no source says so"),)
    return replace(bundled.ask(FOUNDING), withheld=withheld)


def test_word_has_a_real_footnote_for_every_mark(answer: Answer) -> None:
    file = to_word([answer])
    body, notes = part(file, "word/document.xml"), part(file, "word/footnotes.xml")
    marked = [e.get(qn("w:id")) for e in body.iter(qn("w:footnoteReference"))]
    written = {e.get(qn("w:id")): e for e in notes.iter(qn("w:footnote"))}
    assert marked == [str(n) for n in range(1, len(marked) + 1)]
    assert len(marked) == sum(len(s.citations) for s in answer.statements)
    assert list(written) == ["-1", "0", *marked]
    assert [written[n].get(qn("w:type")) for n in ("-1", "0")] == [
        "separator", "continuationSeparator"
    ]
    first = "".join(written["1"].itertext())
    assert answer.statements[0].citations[0].passage.source.title in first
    assert "Digest: our words" in first and "There:" not in first


def test_word_links_the_addresses_in_its_footnotes(answer: Answer) -> None:
    file = to_word([answer])
    links = part(file, "word/_rels/footnotes.xml.rels")
    targets = {e.get("Id"): (e.get("Target"), e.get("TargetMode")) for e in links}
    used = [e.get(qn("r:id")) for e in part(file, "word/footnotes.xml").iter(qn("w:hyperlink"))]
    assert used and set(used) == targets.keys()
    cited = {c.passage.source.address for c in answer.citations}
    assert set(targets.values()) == {(address, "External") for address in cited if address}


def test_the_parts_of_a_word_file_are_tied_as_word_expects(answer: Answer) -> None:
    file = to_word([answer])
    types = {e.get("PartName"): e.get("ContentType") for e in part(file, "[Content_Types].xml")}
    assert types["/word/footnotes.xml"].endswith("wordprocessingml.footnotes+xml")
    related = part(file, "word/_rels/document.xml.rels")
    assert [e.get("Target") for e in related if e.get("Type").endswith("/footnotes")] == [
        "footnotes.xml"
    ]
    styles = {e.get(qn("w:styleId")) for e in part(file, "word/styles.xml").iter(qn("w:style"))}
    for name in ("word/document.xml", "word/footnotes.xml"):
        root = part(file, name)
        named = [*root.iter(qn("w:pStyle")), *root.iter(qn("w:rStyle"))]
        assert {e.get(qn("w:val")) for e in named} <= styles
    order = [etree.QName(e).localname for e in part(file, "word/settings.xml")]
    assert order.index("savePreviewPicture") < order.index("footnotePr") < order.index("compat")


def test_a_word_file_opens_and_holds_answer_verdicts_and_corpus(answer: Answer) -> None:
    paragraphs = [p.text for p in docx.Document(io.BytesIO(to_word([answer, answer]))).paragraphs]
    assert paragraphs.count(FOUNDING) == 2
    assert "Russia asked for the moon. (no source says so)" in paragraphs
    assert f"Corpus version: {answer.corpus_version}" in paragraphs
    assert "Language model: none, the sources themselves" in paragraphs
    assert (f"Statements supported in full: {len(answer.statements)}, in part: 0, withheld: 1"
            in paragraphs)


def test_the_note_of_a_sentence_in_other_words_gives_those_of_the_source(answer: Answer) -> None:
    said = replace(answer.statements[0], text="Russia asked for 1997.", origin="model", lead="")
    written = replace(answer, statements=(said, *answer.statements[1:]), model="x#small")
    quote = said.citations[0].quote
    for text in (to_markdown([written]), to_text([written]),
                 "".join(part(to_word([written]), "word/footnotes.xml").itertext())):
        assert text.count(f"There: {quote.split('.')[0]}") == 1


def test_a_place_cited_again_gets_a_short_note(answer: Answer) -> None:
    twice = replace(answer, statements=(answer.statements[0], *answer.statements))
    notes = part(to_word([twice]), "word/footnotes.xml")
    again = "".join(list(notes)[3].itertext())
    assert again.endswith("as quoted above.") and "There:" not in again


def test_what_xml_cannot_hold_is_left_out_of_word(answer: Answer) -> None:
    odd = replace(answer, question="What\x00 did\x0b \ud800Russia\uffff <ask> & why?")
    shown = docx.Document(io.BytesIO(to_word([odd]))).paragraphs[0].text
    assert shown == "What did Russia <ask> & why?"


def entries(bibtex: str) -> dict[str, str]:
    """Key → entry, read by counting braces as BibTeX does."""
    found, rest = {}, bibtex
    while start := re.search(r"^@(misc|article)\{([^,\s]+),", rest, re.M):
        depth, end = 1, start.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            end += 1
        assert start[2] not in found
        found[start[2]], rest = rest[start.start() : end], rest[end:]
    assert "@" not in rest
    return found


def test_bibtex_has_an_entry_for_each_source_cited(answer: Answer, bundled: Assistant) -> None:
    also = bundled.ask("What does Korybko say about Russia's security requests?")
    found = entries(to_bibtex([answer, also]))
    assert found.keys() == {
        c.passage.source.id for one in (answer, also) for c in one.citations
    }
    draft = found["russia-draft-treaty-us-2021"]
    assert re.search(r"author +=\s\{\{Russian Federation\}\}", draft)
    assert re.search(r"month +=\sdec,", draft) and re.search(r"year +=\s\{2021\}", draft)
    assert "draft proposal; Digest" in draft and "digest of " in draft
    assert found["korybko-2022-02-18"].startswith("@article{")


def test_bibtex_tells_outside_its_entries_what_the_answer_was_made_with(answer: Answer) -> None:
    head = to_bibtex([answer]).partition("@")[0]
    assert f"% Corpus version: {answer.corpus_version}" in head
    assert "withheld: 1" in head and "% Language model: none" in head


def test_nothing_of_a_document_is_obeyed_by_tex(answer: Answer) -> None:
    title = r"50% of {costs} & \input{x} ~ $1_000 #2^3 @misc{evil, – Ünïcödé"
    citation = answer.statements[0].citations[0]
    source = replace(
        citation.passage.source, title=title, short_title="", voice="A {Co; B & C",
        address="https://example.org/a_b?x={1}%20",
    )
    cited = replace(citation, passage=replace(citation.passage, source=source))
    statement = replace(answer.statements[0], citations=(cited,))
    written = to_bibtex([replace(answer, statements=(statement,), question="@misc{x,\n@y")])
    (entry,) = entries(written).values()
    assert (r"{{50\% of \textbraceleft{}costs\textbraceright{} \& \textbackslash{}input"
            r"\textbraceleft{}x\textbraceright{} \textasciitilde{} \$1\_000 \#2"
            r"\textasciicircum{}3 @misc\textbraceleft{}evil, – Ünïcödé}}") in entry
    assert r"author   = {{A \textbraceleft{}Co} and {B \& C}}" in entry
    assert "{https://example.org/a_b?x=%7B1%7D%20}" in entry
    assert "journal" not in entry and "shorttitle" not in entry


def test_text_for_the_clipboard_has_numbered_notes(answer: Answer) -> None:
    text = to_text([answer])
    body, _, notes = text.partition("\n[1] ")
    assert f"{answer.statements[0].text} [1]" in body
    assert re.findall(r"^\[(\d+)\]", f"[1] {notes}", re.MULTILINE) == [
        str(c.number) for c in answer.citations
    ]
    assert "\\" not in text and "*" not in text


def test_an_unknown_kind_of_file_is_told_with_those_that_are_known(answer: Answer) -> None:
    assert answers_file([answer], "x.MD") == to_markdown([answer]).encode()
    with pytest.raises(QuestionError, match=r"answer\.odt is of no kind.*\.docx, \.md"):
        answers_file([answer], "/tmp/answer.odt")
