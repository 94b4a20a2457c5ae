"""The marks of a model, as models write them."""

from __future__ import annotations

import json

import pytest

from assistant.compose.marks import (
    Marked,
    answer_schema,
    read_marks,
    schema_sentences,
    whole_sentences,
)

NAMES = ("the Harbour Treaty", "the mayor's letter")
SENTENCES = '{"sentences":[{"sources":["S1"],"text":"A keeps 12."},' \
    '{"sources":["S2","S9"],"text":"B asks \\"more\\"."}]}'
READ = [Marked("A keeps 12.", (1,)), Marked('B asks "more".', (2, 9))]


@pytest.mark.parametrize(("written", "text", "numbers"), [
    ("Ships sail [S1].", "Ships sail.", (1,)),
    ("Ships sail. [S1]", "Ships sail.", (1,)),
    ("Ships sail [1].", "Ships sail.", (1,)),
    ("Ships sail [S1, S2].", "Ships sail.", (1, 2)),
    ("Ships sail [S1][S2].", "Ships sail.", (1, 2)),
    ("Ships sail [S1; 2 and S4].", "Ships sail.", (1, 2, 4)),
    ("Ships sail [S1-S3].", "Ships sail.", (1, 2, 3)),
    ("Ships sail (S1).", "Ships sail.", (1,)),
    ("Ships sail (Source 2).", "Ships sail.", (2,)),
    ("Ships sail [Source 2].", "Ships sail.", (2,)),
    ("Ships sail 【1】.", "Ships sail.", (1,)),
    ("Ships sail【1†the treaty】.", "Ships sail.", (1,)),
    ("Ships sail. Source: S3", "Ships sail.", (3,)),
    ("Source 1: Ships sail.", "Ships sail.", (1,)),
    ("S1: Ships sail.", "Ships sail.", (1,)),
    ("[S1] Ships sail.", "Ships sail.", (1,)),
    ("- Ships sail [S1].", "Ships sail.", (1,)),
    ("1. Ships sail [S2].", "Ships sail.", (2,)),
    ("**Ships** sail [S2].", "Ships sail.", (2,)),
    ("According to [S2], ships sail.", "Ships sail.", (2,)),
    ("[S1] says that ships sail.", "the Harbour Treaty says that ships sail.", (1,)),
    ("Source 2 asks for ships.", "the mayor's letter asks for ships.", (2,)),
    ("Ships sail [S1], and boats row [S2].", "Ships sail, and boats row.", (1, 2)),
])
def test_a_mark_is_read_in_every_form_that_models_write(
    written: str, text: str, numbers: tuple[int, ...]
) -> None:
    assert read_marks(written, NAMES) == Marked(text, numbers)


@pytest.mark.parametrize("written", [
    "Article 2 (1) says that ships sail.", "The 12 ships (12) sail.", "It was in 1904 [sic].",
    "Ships sail under Articles 1 and 2.", "Sections 1 to 3 apply.", "The S-300 was sold.",
])
def test_what_is_no_mark_stays_in_the_sentence(written: str) -> None:
    assert read_marks(written) == Marked(written, ())


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("mark", ["[S1]", "(S1)", "【1】", "[Source 1]", "[S1, S2]"])
def test_no_half_written_mark_ever_leaves_the_stream(mark: str, size: int) -> None:
    text = f"Ships sail {mark}. Boats row. {mark} The end"
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    found = [" ".join(s.split()) for s in whole_sentences(pieces)]
    assert found == [f"Ships sail {mark}.", f"Boats row. {mark}", "The end"]


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
def test_sentences_in_a_schema_come_one_by_one(size: int) -> None:
    pieces = [SENTENCES[i : i + size] for i in range(0, len(SENTENCES), size)]
    assert list(schema_sentences(pieces)) == READ


def test_a_sentence_in_a_schema_comes_before_the_next_is_written() -> None:
    end = SENTENCES.index('"},') + 1
    assert next(schema_sentences([SENTENCES[:end]])) == READ[0]


@pytest.mark.parametrize(("written", "read"), [
    ("[S1] Ships sail.\n[S2] Boats row.\n", [("Ships sail.", (1,)), ("Boats row.", (2,))]),
    ("[S1] Ships sail. [S2] Boats row.", [("Ships sail.", (1,)), ("Boats row.", (2,))]),
    ("Ships sail. [S1] Boats row [S2].", [("Ships sail.", (1,)), ("Boats row.", (2,))]),
    ("Ships sail.\n[S1]\nBoats row. [S2]", [("Ships sail.", (1,)), ("Boats row.", (2,))]),
    ("Ships sail.\n[S1][S2]\n", [("Ships sail.", (1, 2))]),
])
def test_a_mark_that_begins_a_line_belongs_to_what_follows_in_it(
    written: str, read: list[tuple[str, tuple[int, ...]]]
) -> None:
    for pieces in (list(written), [written]):
        assert [read_marks(sentence) for sentence in whole_sentences(pieces)] == read


def test_a_reply_that_breaks_off_gives_its_whole_sentences() -> None:
    assert list(schema_sentences([SENTENCES[:-12]])) == READ[:1]


@pytest.mark.parametrize("reply", ["", "{", "[]", '{"sentences": 3}', '{"sentences":[{"text":4}]}'])
def test_a_reply_of_another_form_gives_nothing(reply: str) -> None:
    assert list(schema_sentences([reply])) in ([], [Marked("[]", ())])


def test_a_server_that_ignores_the_schema_is_read_as_prose() -> None:
    assert list(schema_sentences(["Ships sa", "il [S1]. Boats", " row [S2]."])) == [
        Marked("Ships sail.", (1,)), Marked("Boats row.", (2,)),
    ]


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_block_of_code_around_the_schema_is_no_matter(size: int) -> None:
    fenced = f"```json\n{SENTENCES}\n```"
    pieces = [fenced[i : i + size] for i in range(0, len(fenced), size)]
    assert list(schema_sentences(pieces)) == READ


def test_the_schema_admits_the_given_marks_only() -> None:
    assert '"enum": ["S1", "S2"]' in json.dumps(answer_schema(2))
