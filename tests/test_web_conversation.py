"""How the questions on the page follow one another."""

from __future__ import annotations

import pytest

from assistant.answering import Assistant
from assistant.types import Scope
from assistant.web import filters
from assistant.web.conversation import Conversation, How, Wish, follow, messages, stop

FIRST = Wish(text="What did Russia ask about the 1997 Founding Act?")
SECOND = Wish(text="And who replied to it?")
OTHER = Wish(text=FIRST.text, scope=Scope(voices=("NATO",)))


def said(assistant: Assistant, conversation: Conversation, wish: Wish, how: How) -> Conversation:
    *_, (conversation, running) = follow(assistant, conversation, wish, how)
    assert not running
    return conversation


def shown(conversation: Conversation) -> list[str]:
    return [message["content"] for message in messages(conversation)]


def test_an_edited_question_takes_the_place_of_the_last_and_keeps_what_was_before(
    bundled: Assistant,
) -> None:
    talk = said(bundled, said(bundled, (), FIRST, "next"), SECOND, "next")
    talk = said(bundled, talk, Wish(text="And what did it say on missiles?"), "edit")
    assert [e.wish.text for e in talk] == [FIRST.text, "And what did it say on missiles?"]
    assert talk[1].understood.startswith(FIRST.text)
    assert SECOND.text not in talk[1].understood


def test_a_corrected_question_is_asked_as_it_stands(bundled: Assistant) -> None:
    talk = said(bundled, said(bundled, (), FIRST, "next"), SECOND, "next")
    assert talk[1].understood == f"{FIRST.text} {SECOND.text}"
    corrected = Wish(text="Who replied to its draft agreement with NATO?", alone=True)
    talk = said(bundled, talk, corrected, "correct")
    assert (len(talk), talk[1].understood) == (2, "")


def test_asked_again_otherwise_both_answers_stand_side_by_side(bundled: Assistant) -> None:
    talk = said(bundled, said(bundled, (), FIRST, "next"), OTHER, "again")
    assert [e.beside for e in talk] == [False, True]
    assert [e.shelf.turn for e in talk] == [1, 2]
    asked, reply = shown(talk)
    assert "Founding Act" in asked
    assert reply.count('<section class="version">') == 2
    assert "#card-1-1" in reply and "#card-2-1" in reply


def test_asked_again_alike_the_new_answer_takes_the_place_of_the_old(bundled: Assistant) -> None:
    talk = said(bundled, said(bundled, (), FIRST, "next"), FIRST, "again")
    assert len(talk) == 1
    talk = said(bundled, said(bundled, talk, OTHER, "again"), OTHER, "again")
    assert [e.beside for e in talk] == [False, True]


def test_a_question_asked_twice_is_remembered_once(bundled: Assistant) -> None:
    talk = said(bundled, said(bundled, (), FIRST, "next"), OTHER, "again")
    talk = said(bundled, talk, SECOND, "next")
    assert talk[-1].understood == f"{FIRST.text} {SECOND.text}"
    assert len(shown(talk)) == 4
    edited = said(bundled, talk, FIRST, "edit")
    assert [e.wish.text for e in edited] == [FIRST.text, FIRST.text, FIRST.text]
    assert [e.beside for e in edited] == [False, True, False]


def test_only_the_last_question_can_be_corrected(bundled: Assistant) -> None:
    talk = said(bundled, said(bundled, (), FIRST, "next"), SECOND, "next")
    assert 'class="correct"' in shown(talk)[-1]
    talk = said(bundled, talk, SECOND, "next")
    assert 'class="correct"' not in shown(talk)[-3]


def test_a_model_that_there_is_not_is_an_error_in_the_chat(bundled: Assistant) -> None:
    talk = said(bundled, (), Wish(text=FIRST.text, model="no such"), "next")
    assert "There is no model &#39;no such&#39;" in shown(talk)[1].replace("&#x27;", "&#39;")
    assert said(bundled, talk, FIRST, "again")[0].said


def test_stopped_before_the_end_what_is_shown_stays(bundled: Assistant) -> None:
    growing = follow(bundled, (), FIRST, "next")
    conversation, running = next(growing)
    assert running
    assert "Stopped here" in stop(conversation)[0].reply
    finished = said(bundled, (), FIRST, "next")
    assert stop(finished) == finished
    assert stop(()) == ()


EMPTY: list[object] = [[], [], [], [], "", "", False]
SET: list[object] = [
    ["cfe-treaty-1990"], ["NATO", "Russian Federation"], ["treaty"], [], "1990", "2022-02", True,
]


def test_filters_are_read_as_on_the_command_line(bundled: Assistant) -> None:
    assert filters.read(bundled.corpus, EMPTY) == Scope()
    scope = filters.read(bundled.corpus, [[], ["NATO"], [], [], " 2021-12 ", "2022", False])
    assert scope.voices == ("NATO",)
    assert (str(scope.since), str(scope.until)) == ("2021-12-01", "2022-12-31")


def test_each_value_has_a_chip_that_takes_it_away(bundled: Assistant) -> None:
    chips = filters.chips_html(bundled.corpus, SET)
    assert chips.count('class="chip"') == 7
    assert "as of 2022-02" in chips and "primary texts" in chips
    left = filters.without(SET, {"field": "voices", "value": "NATO"})
    assert left[1] == ["Russian Federation"]
    assert filters.without(SET, {"field": "until", "value": "2022-02"})[5] == ""
    assert filters.without(SET, {"field": "primary", "value": "True"})[6] is False
    assert filters.chips_html(bundled.corpus, EMPTY) == ""


@pytest.mark.parametrize("wish", [None, "voices", {"field": "no such"}, {"field": ["voices"]}])
def test_nothing_in_a_click_is_trusted(wish: object) -> None:
    assert filters.without(SET, wish) == SET


def test_what_is_typed_in_a_field_is_escaped_in_its_chip_and_its_fault(bundled: Assistant) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    fault, chips = filters.shown(bundled.corpus, [*EMPTY[:4], hostile, "", False])
    assert "Write it as 2022" in fault
    assert "<img" not in fault and "<img" not in chips


def test_the_choices_are_what_the_corpus_holds(bundled: Assistant) -> None:
    offered = filters.choices(bundled.corpus)
    assert len(offered["sources"]) == len(bundled.corpus.sources)
    assert ("NATO", "NATO") in offered["voices"]
    assert ("official reply", "official_reply") in offered["kinds"]
