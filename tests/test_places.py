import pytest

from assistant.places import Place, places


@pytest.mark.parametrize(("text", "found"), [
    ("What does article 5 say?", {("article", "5")}),
    ("Articles IV and VI of the treaty", {("article", "4"), ("article", "6")}),
    ("Section XIV, para. 2", {("section", "14"), ("paragraph", "2")}),
    ("paras 22, 23 and 24", {("paragraph", "22"), ("paragraph", "23"), ("paragraph", "24")}),
    ("Annex B (Notifications)", {("annex", "B")}),
    ("the point is clear, and article after article says so", set()),
    ("an art in 5 parts", set()),
    ("Article 5a", set()),
])
def test_places_are_read_as_people_write_them(text: str, found: set[Place]) -> None:
    assert set(places(text)) == found
