"""The original's words for a sentence of its translation, on a text made up for this."""

from dataclasses import replace

import pytest

from assistant.corpus.parallel import original_wording
from assistant.corpus.passages import sentences
from assistant.types import Source, Span

# (translation, original): some sentences are joined, one has no counterpart
PAIRS = [
    ("The two cities have kept peace for a long time.", "Два города долгое время жили в мире."),
    ("In 1904 they made a treaty about their common harbour.",
     "В 1904 году они заключили договор об общей гавани."),
    ("It says little. Much was left to custom.",
     "В нём сказано немного, а многое оставлено обычаю."),
    ("", "Так говорят старики."),
    ("Each city may keep twelve ships there, and no more than that.",
     "Каждый город может держать там двенадцать судов, и не более того."),
    ("Whoever keeps more pays 250 coins for each ship.",
     "Кто держит больше, платит 250 монет за каждое судно."),
    ("We have paid.", "Мы заплатили."),
    ("The other city has never paid, though we have asked for it year after year.",
     "Другой город никогда не платил, хотя мы просили об этом из года в год."),
]


def made(id: str, language: str, text: str, original: Source | None = None) -> Source:
    return Source(
        id=id, title=id, kind="speech", voice="Mayor", status="issued", text_kind="original",
        checked="unverified", language=language, text=text, original=original,
    )


ORIGINAL = made("speech-ru", "ru", " ".join(russian for _, russian in PAIRS))
TRANSLATION = made("speech-en", "en", " ".join(e for e, _ in PAIRS if e), original=ORIGINAL)


@pytest.mark.parametrize(("english", "russian"), [pair for pair in PAIRS if pair[0]])
def test_a_sentence_is_found_in_the_original(english: str, russian: str) -> None:
    start = TRANSLATION.text.index(english)
    found = original_wording(TRANSLATION, Span(start, start + len(english)))
    assert found is not None
    assert russian in ORIGINAL.text[slice(*found)]


def test_what_is_found_is_whole_sentences_of_the_original() -> None:
    whole = sentences(ORIGINAL.text, "ru")
    for sentence in sentences(TRANSLATION.text, "en"):
        found = original_wording(TRANSLATION, sentence)
        assert found is None or {found.start, found.end} <= {e for s in whole for e in s}


def test_only_a_translation_has_an_original_wording() -> None:
    assert original_wording(ORIGINAL, Span(0, 10)) is None
    empty = replace(ORIGINAL, text="")
    assert original_wording(replace(TRANSLATION, original=empty), Span(0, 10)) is None


def test_a_long_text_with_few_common_numbers_is_paired() -> None:
    """Longer than nltk takes at once, with one sentence in fifty lacking in the translation."""
    english, russian = [], []
    for number in range(1500):
        filler = "and so on " * (number * 7 % 5)
        russian.append(f"Слово здесь {filler}конец.")
        if number % 50 != 7:
            english.append(f"A word here {filler}end.")
    here = made("a", "en", " ".join(english))
    here = replace(here, original=made("b", "ru", " ".join(russian)))
    for sentence in sentences(here.text, "en")[-3:]:
        found = original_wording(here, sentence)
        assert found is not None and found.end > len(here.original.text) * 0.98  # type: ignore[union-attr]
