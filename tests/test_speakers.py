"""Who speaks where in a transcript, in the lead of a quote and in the check of a sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.answering import Assistant
from assistant.compose import lead
from assistant.corpus import speakers as reading
from assistant.corpus.catalogue import read_document
from assistant.corpus.passages import split
from assistant.corpus.speakers import say_voice, speakers, voice_at
from assistant.settings import Settings
from assistant.types import Draft, Source, Span, Statement, Withheld
from assistant.verify import Numbering, check

TALKS = """President of Ardal Maria Winter: Mr Chancellor, welcome to the harbour.

Question: How many ships will Ardal send?

Maria Winter: Ardal will send twelve ships to the northern lighthouse.

Otto Summer (retranslated): Brack will send no ships before the harvest is over.
"""


@pytest.fixture
def talks(write_source: Callable[..., Path]) -> Source:
    path = write_source("talks", TALKS, title="Harbour talks", voice="Maria Winter", kind="speech")
    return read_document(path).source


def test_each_place_of_a_transcript_has_its_speaker(talks: Source) -> None:
    at = {words: voice_at(talks, talks.text.index(words)) for words in (
        "welcome", "How many", "twelve", "harvest"
    )}
    assert at == {
        "welcome": "President of Ardal Maria Winter", "How many": "a questioner",
        "twelve": "Maria Winter", "harvest": "Otto Summer",
    }
    assert speakers(talks, Span(talks.text.index("twelve"), len(talks.text))) == (
        "Maria Winter", "Otto Summer",
    )


def test_a_label_is_known_with_the_caption_that_a_page_puts_behind_it(
    write_source: Callable[..., Path],
) -> None:
    text = (
        "They met in the town hall. * * * Maria Winter: Good morning. Prime Minister of the Free "
        "City of Brack Otto Summer Summer OttoPrime Minister of the Free City of Brack"
        "(retranslated): The toll is too high. Maria Winter: It is not.\n\nВ.Осень     Осень Вера "
        "ПетровнаМинистр торговых дел : Соль дорога."
    )
    source = read_document(write_source("talk", text, voice="Maria Winter", kind="speech")).source
    at = [voice_at(source, text.index(w)) for w in ("Good", "too high", "It is not", "дорога")]
    assert at == [
        "Maria Winter", "Prime Minister of the Free City of Brack Otto Summer", "Maria Winter",
        "В.Осень",
    ]


def test_a_text_in_which_only_one_speaks_has_the_voice_of_its_source(
    write_source: Callable[..., Path],
) -> None:
    path = write_source("speech", "Maria Winter: Good morning. The Rule of Law: a reminder.",
                        voice="The mayor")
    source = read_document(path).source
    assert voice_at(source, 20) == "The mayor" and speakers(source, Span(0, 30)) == ()


def test_a_quote_names_who_said_it_not_whose_page_it_is(
    talks: Source, settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    answer = assistant.ask("Will Brack send ships before the harvest?")
    leads = {s.lead: s.text for s in answer.statements}
    said, = (lead for lead, text in leads.items() if "harvest" in text)
    assert "(Otto Summer, " in said


def test_words_put_in_another_speakers_mouth_are_withheld(talks: Source) -> None:
    passage = split(talks)[0]
    draft = Draft(text="Summer said Ardal will send twelve ships to the northern lighthouse.",
                  cited=((passage, passage.span),), origin="model")
    wrong = check(draft, Numbering())
    assert isinstance(wrong, Withheld) and "Maria Winter does" in wrong.reason
    right = Draft(text="Winter said Ardal will send twelve ships to the northern lighthouse.",
                  cited=((passage, passage.span),), origin="model")
    assert isinstance(check(right, Numbering()), Statement)


RELEASE = """The mayors met on Monday. "The harbour is open to all who trade in salt. No toll will \
be taken before the harvest is over," Maria Winter said. The Chancellor of Brack was heard too. \
"Ships from the south will wait outside the northern lighthouse. We call this the \"salt rule\"," \
the Chancellor stressed.

According to Otto Summer, "nobody was asked about any of this. The council will object in spring."

They had agreed on "salt and toll" before.
"""


@pytest.fixture
def release(write_source: Callable[..., Path]) -> Source:
    path = write_source("release", RELEASE, title="News from the harbour", voice="Harbour Gazette",
                        kind="article")
    return read_document(path).source


def test_words_in_quotation_marks_are_those_of_whom_the_text_names(release: Source) -> None:
    at = {words: say_voice(release, release.text.index(words)) for words in (
        "The mayors", "No toll", "We call", "salt rule", "The council", "toll\" before"
    )}
    assert at == {
        "The mayors": "Harbour Gazette",
        "No toll": "Maria Winter, as quoted by Harbour Gazette",
        "We call": "the Chancellor, as quoted by Harbour Gazette",
        "salt rule": "the Chancellor, as quoted by Harbour Gazette",
        "The council": "Otto Summer, as quoted by Harbour Gazette",
        "toll\" before": "Harbour Gazette",  # too short to be anybody's words
    }


def test_a_quotation_without_a_name_is_nobodys_and_a_treaty_quotes_nobody(
    write_source: Callable[..., Path],
) -> None:
    text = 'On the wall: "No ship may enter this harbour. No ship may leave it."'
    article = read_document(write_source("wall", text, voice="Gazette", kind="article")).source
    assert say_voice(article, text.index("leave")) == "someone, as quoted by Gazette"
    treaty = read_document(write_source("treaty", text, voice="Ardal", kind="treaty")).source
    assert say_voice(treaty, text.index("leave")) == "Ardal"


@pytest.mark.parametrize(("text", "why"), [
    ("Maria Winter said the council will object in spring.", "Winter does not say this"),
    ("Otto Summer said no toll will be taken before the harvest is over.", "Summer does not"),
    ("Otto Summer said the council will object in spring.", None),
    ("Maria Winter said no toll will be taken before the harvest is over.", None),
])
def test_a_sentence_keeps_quoted_words_in_their_speakers_mouth(
    text: str, why: str | None, release: Source
) -> None:
    passage = split(release)[0]
    checked = check(Draft(text=text, cited=((passage, passage.span),), origin="model"), Numbering())
    if why is None:
        assert isinstance(checked, Statement), checked
    else:
        assert isinstance(checked, Withheld) and why in checked.reason


def test_of_a_text_without_an_author_it_is_said_that_he_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "notice.txt"
    path.write_text("The harbour of Ardal is closed to all ships until the spring.\n")
    passage, = split(read_document(path).source)
    assert "(author not known, undated, force not known; " in lead(passage)


@pytest.mark.parametrize("text", [
    "Ada Byron: Yes. Bea Carr (aside): no: Why? Cy Dorn:\nThen go.",
    "1. Ada Byron : Yes.\n\nBea\nCarr: No.\n Cy Dorn: ",
    "He said: Ada Byron: Bea Carr: all, of the Fleet: none",
    "",
])
def test_labels_looked_for_before_colons_are_those_of_the_whole_text(text: str) -> None:
    found = [match.span() for match in reading._before_colons(text)]
    assert found == [match.span() for match in reading._LABEL.finditer(text)]
