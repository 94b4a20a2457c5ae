import pytest

from assistant.corpus.headings import headings

TREATY = """# Treaty of Ardal

The Parties, as agreed under Article 2,

## Article 1

Each city keeps ships. A ship under Article 3 is no ship.

## Article 2

Article 1 applies to barges. See Article 3.

## Article 3

1. Either city may leave.
"""


def anchors(text: str) -> list[str]:
    return [h.anchor for h in headings(text)]


@pytest.mark.parametrize("form", ["marked", "stripped", "joined"])
def test_articles_are_found_and_references_are_not(form: str) -> None:
    text = TREATY if form == "marked" else TREATY.replace("#", "")
    text = " ".join(text.split()) if form == "joined" else text
    articles = [a for a in anchors(text) if a.startswith("Article")]
    assert articles == ["Article 1", "Article 2", "Article 3"]


def test_roman_numbers_follow_one_another_too() -> None:
    text = "They agree: Article I The ships stay. Article II Ships leave, see Article I. " \
           "Article III The end. Article IV The protocol."
    assert anchors(text) == ["Article I", "Article II", "Article III", "Article IV"]


def test_a_title_behind_the_number_belongs_to_the_anchor() -> None:
    assert anchors("### Article 1\n\n#### Scope\n\nText.\n\n### Article 2\n\nText.") == [
        "Article 1 (Scope)", "Article 2",
    ]


def test_what_cannot_stand_alone_has_what_is_above_it_in_front() -> None:
    text = ("# Treaty\n\nText.\n\n## Article 1\n\nText.\n\n## Protocol on ships\n\nText.\n\n"
            "## Section I\n\nText.\n\n## 2\n\nText.\n")
    assert anchors(text)[2:] == [
        "Protocol on ships", "Protocol on ships, Section I", "Protocol on ships, Section I, 2",
    ]


def test_the_headings_of_a_digest_stay_as_they_are_written() -> None:
    text = "## Preamble {checked=excerpt}\n\nText.\n\n## Section IV (weapons)\n\nText.\n"
    found = headings(text)
    assert [(h.anchor, h.checked) for h in found] == [
        ("Preamble", "excerpt"), ("Section IV (weapons)", None),
    ]


def test_an_ordinary_text_has_no_headings() -> None:
    assert anchors("Under Article 5 they agree. Article 5 applies. The end of Article 1.") == []


def test_the_page_of_a_pdf_is_a_place_inside_the_article() -> None:
    first = "## page 1\n\nOpening.\n\nArticle 1\nText.\n\n"
    second = "## page 2\n\nMore.\n\nArticle 2\nText.\n"
    assert anchors(first + second) == [
        "page 1", "Article 1, page 1", "Article 1, page 2", "Article 2, page 2",
    ]


def test_an_annex_with_a_letter_that_is_a_roman_number_holds_its_sections() -> None:
    text = "".join(
        f"### Annex {letter}\n\n#### Rules {letter}\n\n### SECTION I\n\nText.\n\n"
        for letter in "KLM"
    )
    sections = [h.anchor for h in headings("### ARTICLE I\n\nText.\n\n" + text)
                if "SECTION" in h.anchor]
    assert sections == [f"Annex {letter} (Rules {letter}), SECTION I" for letter in "KLM"]


def test_a_long_title_of_an_article_is_cut_in_its_anchor() -> None:
    long = "RULES ON THE HARBOUR " * 9
    anchor = headings(f"### Article 1\n\n#### {long}\n\nText.")[0].anchor
    assert anchor.startswith("Article 1 (RULES ON THE HARBOUR") and anchor.endswith("…)")
    assert len(anchor) < 100


def test_a_section_inside_an_article_names_it_and_one_that_holds_articles_does_not() -> None:
    text = (
        "## Article 1\n\n### SECTION I\n\nText.\n\n### SECTION II\n\n#### 1\n\nText.\n\n"
        "## Article 2\n\nText.\n\n## SECTION 2\n\n### RULES\n\n## Article 3\n\nText.\n"
    )
    assert [h.anchor for h in headings(text)] == [
        "Article 1", "Article 1, SECTION I", "Article 1, SECTION II", "Article 1, SECTION II, 1",
        "Article 2", "SECTION 2 (RULES)", "Article 3",
    ]
