import re
from collections.abc import Callable
from pathlib import Path

from assistant.corpus.catalogue import read_corpus, read_document
from assistant.corpus.passages import MAX_SENTENCE_WORDS, MAX_WORDS, sentences, split
from assistant.settings import bundled

Write = Callable[..., Path]


def test_each_article_is_a_passage_with_its_anchor(write_source: Write) -> None:
    text = (
        "Opening words.\n\n## Article 1\n\nTwelve ships.\n\n"
        "## Article 2 {checked=unverified}\n\nNine."
    )
    passages = split(read_document(write_source("harbour", text)).source)
    assert [(p.anchor, p.text, p.checked) for p in passages] == [
        ("introduction", "Opening words.", "full_text"),
        ("Article 1", "Twelve ships.", "full_text"),
        ("Article 2", "Nine.", "unverified"),
    ]


def test_passages_hold_all_of_the_text_but_headings_and_overlap_nowhere() -> None:
    for source in read_corpus(bundled("corpus")).sources:
        passages = split(source)
        body = re.sub(r"^#+ .*$", "", source.text, flags=re.M)
        assert "".join("".join(p.text.split()) for p in passages) == "".join(body.split())
        ends = [p.span.end for p in passages]
        assert all(end <= p.span.start for end, p in zip(ends, passages[1:], strict=False))


def test_a_long_article_is_cut_between_sentences(write_source: Write) -> None:
    sentence = "Each city keeps its ships in the old harbour until the winter is over. "
    passages = split(read_document(write_source("long", "## Article 1\n\n" + sentence * 40)).source)
    assert len(passages) > 3
    assert all(len(p.text.split()) <= MAX_WORDS for p in passages)
    assert all(p.text.endswith("over.") for p in passages)
    assert {p.anchor for p in passages} == {"Article 1"}


def test_a_sentence_without_an_end_is_cut_all_the_same(write_source: Write) -> None:
    passages = split(read_document(write_source("endless", "word " * 2000)).source)
    assert max(len(p.text.split()) for p in passages) <= MAX_SENTENCE_WORDS
    assert sum(len(p.text.split()) for p in passages) == 2000


def test_ids_stay_while_wording_stays_and_differ_between_equal_texts(write_source: Write) -> None:
    text = "## Article 1\n\nTwelve ships.\n\n## Article 1\n\nTwelve ships.\n"
    path = write_source("harbour", text)
    first = [p.id for p in split(read_document(path).source)]
    path.write_text(path.read_text(encoding="utf-8") + "\n## Article 2\n\nNine.", encoding="utf-8")
    second = [p.id for p in split(read_document(path).source)]
    assert len(set(first)) == 2
    assert second[:2] == first and len(second) == 3


def test_sentences_keep_abbreviations_whole_and_part_glued_ones() -> None:
    text = "Mr. Lavrov cited Art. 5, para. 3. The Parties agree.They sign. No. 2202 applies."
    spans = sentences(text)
    assert [text[s.start : s.end] for s in spans] == [
        "Mr. Lavrov cited Art. 5, para. 3.", "The Parties agree.", "They sign.",
        "No. 2202 applies.",
    ]
