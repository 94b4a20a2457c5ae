from datetime import date

import pytest

from assistant.answering import Assistant
from assistant.errors import QuestionError
from assistant.scope import read_scope, say_scope
from assistant.types import TIER_OF_KIND, Scope, Source

MISSILES = "What was said about missiles?"


def the_one(sources: tuple[Source, ...], name: str) -> Source:
    return next(source for source in sources if source.id == name)


def test_only_sources_of_the_named_voice_answer(bundled: Assistant) -> None:
    scope = read_scope(bundled.corpus.sources, voices=["nato"])
    answer = bundled.ask(MISSILES, scope=scope)
    voices = {e.passage.source.voice for e in answer.evidence}
    assert voices and all("NATO" in voice.split("; ") for voice in voices)
    # without the filter others come first
    assert {e.passage.source.voice for e in bundled.ask(MISSILES).evidence} - voices
    assert any(notice.startswith("Asked of ") and "voice NATO" in notice
               for notice in answer.notices)


def test_only_primary_texts_answer_when_these_are_asked_for(bundled: Assistant) -> None:
    scope = read_scope(bundled.corpus.sources, primary=True)
    evidence = bundled.ask("What did Korybko write about missiles?", scope=scope).evidence
    assert evidence
    assert {TIER_OF_KIND[e.passage.source.kind] for e in evidence} == {"primary"}


def test_a_date_range_leaves_out_what_is_older_or_younger(bundled: Assistant) -> None:
    scope = read_scope(bundled.corpus.sources, since="2021-12", until="2022-01")
    dates = [e.passage.source.date for e in bundled.ask(MISSILES, scope=scope).evidence]
    assert dates
    assert all(day and date(2021, 12, 1) <= day <= date(2022, 1, 31) for day in dates)


def test_a_text_that_is_left_out_does_not_come_back_as_what_another_repeats(
    bundled: Assistant,
) -> None:
    only = ("korybko-2022-02-18",)
    answer = bundled.ask("What does Korybko write about the CFE Treaty?", scope=Scope(sources=only))
    assert {e.passage.source.id for e in answer.evidence} == set(only)


def test_filters_are_joined_and_said_in_words(bundled: Assistant) -> None:
    scope = read_scope(
        bundled.corpus.sources, voices=["NATO"], kinds=["official reply"], since="2014"
    )
    assert say_scope(scope) == "voice NATO; kind official reply; since 1 January 2014"
    assert scope.kinds == ("official_reply",)


def test_a_joint_text_has_each_of_its_voices(bundled: Assistant) -> None:
    act = the_one(bundled.corpus.sources, "nato-russia-founding-act-1997")
    assert Scope(voices=("NATO",)).admits(act)
    assert Scope(voices=("Russian Federation",)).admits(act)
    assert not Scope(voices=("Ukraine",)).admits(act)


@pytest.mark.parametrize(("typed", "told"), [
    ({"voices": ["Russian Federatoin"]}, "Did you mean 'Russian Federation'?"),
    ({"kinds": ["treatys"]}, "Did you mean 'treaty'?"),
    ({"sources": ["zzz"]}, "There are "),
    ({"since": "last year"}, "Write it as 2022"),
    ({"until": "2022-13"}, "Write it as 2022"),
    ({"voices": ["NATO"], "until": "1948"}, "Leave one of the filters out"),
])
def test_a_filter_that_fits_nothing_is_told(
    typed: dict[str, list[str]], told: str, bundled: Assistant
) -> None:
    with pytest.raises(QuestionError) as caught:
        read_scope(bundled.corpus.sources, **typed)  # type: ignore[arg-type]
    assert told in caught.value.next_step
