"""Who is asked beside whom has a say of his own."""

from __future__ import annotations

import pytest

from assistant.answering import Assistant
from assistant.question import understand
from assistant.sides import Side, sides


@pytest.mark.parametrize(("asked", "told"), [
    ("What do the US reply and Russia's reaction say about the open door?",
     [{"russia-reaction-2022-02-17"}, {"us-reply-2022-01-26"}]),
    ("Compare the Minsk Protocol and the Minsk Package of Measures.",
     [{"minsk-package-of-measures-2015"}, {"minsk-protocol-2014"}]),
    ("What does the Rome Declaration say about the Founding Act?", []),
    ("What does Article 5 of the North Atlantic Treaty say?", []),
])
def test_sources_named_beside_each_other_are_sides(
    bundled: Assistant, asked: str, told: list[set[str]]
) -> None:
    found = sides(understand(asked), bundled.index)
    assert [set(side.sources) for side in found] == told


@pytest.mark.parametrize(("asked", "told"), [
    ("What did Putin and Zelenskyy each say about Minsk?", ["putin", "zelenskyy"]),
    ("Who shells whom according to Putin and according to Zelenskyy?", ["putin", "zelenskyy"]),
    ("How did Putin explain it, and how did Biden answer?", ["putin", "biden"]),
    ("What did Putin tell Macron?", []),
])
def test_speakers_are_sides_where_they_are_set_beside_each_other(
    bundled: Assistant, asked: str, told: list[str]
) -> None:
    assert [side.speaker for side in sides(understand(asked), bundled.index)] == told


def test_each_side_is_quoted_first(bundled: Assistant) -> None:
    asked = "What do the US reply and Russia's reaction of 17 February say about NATO's open door?"
    first, second, *_ = bundled.ask(asked).evidence
    assert {first.passage.source.id, second.passage.source.id} == {
        "russia-reaction-2022-02-17", "us-reply-2022-01-26",
    }
    asked = "What did Putin and Zelenskyy each say about the Minsk agreements?"
    first, second, *_ = bundled.ask(asked).evidence
    assert [Side(speaker=s).has(e.passage) for s, e in
            (("putin", first), ("zelenskyy", second))] == [True, True]
