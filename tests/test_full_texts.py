"""Numbers and quotations of digests against the full texts, where these are at hand.

The texts are not ours to keep here. ASSISTANT_TEST_FULL_TEXTS names a folder that holds them; the
table below tells which file is the text of which source. For a provision marked `full_text` every
number in digits, and every one in words before a unit, must stand in the text, of an article in
that article (a year anywhere); and every quoted formula must stand there verbatim.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.corpus.catalogue import read_corpus, read_document
from assistant.corpus.passages import sections
from assistant.settings import bundled
from assistant.types import Source

FOLDER = os.environ.get("ASSISTANT_TEST_FULL_TEXTS", "")
TEXTS = {
    "association-trio-joint-statement-2021-12-15": "zelenskyy-en-2021-12-15-association-trio",
    "belovezh-accords-1991": "belovezh-accords-1991-en",
    "biden-nato-summit-2022-02-25":
        "us-2022-02-25-statement-on-the-north-atlantic-treaty-organization-summit-a",
    "biden-nord-stream-2-2022-02-23":
        "us-2022-02-23-statement-on-the-nord-stream-2-natural-gas-pipeline-between",
    "biden-statement-2022-02-23": "us-2022-02-23-statement-on-russia-s-attack-on-ukraine",
    "biden-zelenskyy-call-2022-02-24":
        "us-2022-02-24-statement-on-the-president-s-telephone-conversation-with-pre",
    "cfe-document-of-the-states-parties-1993": "cfe-1993-document-of-the-states-parties",
    "cfe-flank-document-1996": "cfe-1996-review-conference-final-document-flank",
    "cfe-oslo-final-document-1992": "cfe-1992-oslo-final-document",
    "cfe-treaty-1990": "cfe-treaty-1990|cfe-1996-review-conference-final-document-flank",
    "danilov-vereshchuk-briefing-2022-02-18": "zelenskyy-en-2022-02-18-does-not-intend-to-move",
    "joint-statement-economic-measures-2022-02-26":
        "us-2022-02-26-joint-statement-on-further-restrictive-economic-measures",
    "korybko-2022-02-18": "korybko-2022-02-18",
    "lavrov-india-today-2022-04-19": "mid-en-2022-04-19-lavrov-india-today",
    "lavrov-rossiya-1-2022-02-22": "mid-ru-2022-02-22-lavrov-interview-rossiya24",
    "nato-accession-protocols": "nato-accession-protocol-*",
    "nato-leaders-statement-2022-02-25":
        "us-2022-02-25-joint-statement-by-the-north-atlantic-treaty-organization-he",
    "north-atlantic-treaty-1949": "north-atlantic-treaty-1949",
    "npt-1968": "npt-1968",
    "open-skies-treaty-1992": "open-skies-treaty-1992",
    "ukraine-lithuania-poland-joint-statement-2021-12-20":
        "zelenskyy-en-2021-12-20-joint-statement-by-the-president",
    "ukraine-lithuania-poland-joint-statement-2022-02-23":
        "zelenskyy-en-2022-02-23-joint-statement-by-the-president",
    "ukraine-readout-biden-2022-02-13": "zelenskyy-en-2022-02-13-president-of-the-united-states",
    "ukraine-readout-normandy-paris-2022-01-26": "zelenskyy-en-2022-01-26-normandy-four",
    "ukraine-security-council-meeting-2022-01-24":
        "zelenskyy-en-2022-01-24-national-security-and-defense-council",
    "un-charter-1945": "un-charter-1945",
    "us-nl-inf-exchange-of-notes-1987": "us-nl-inf-exchange-of-notes-1987",
    "vienna-convention-law-of-treaties-1969": "vienna-convention-law-of-treaties-1969",
    "zelenskyy-1plus1-interview-2021-12-10": "zelenskyy-en-2021-12-10-we-have-done-everything",
    "zelenskyy-address-2022-02-22": "zelenskyy-en-2022-02-22-ukraine-qualifies",
    "zelenskyy-address-2022-02-24": "zelenskyy-en-2022-02-24-address-by-the-president-of-ukraine",
    "zelenskyy-address-2022-02-25": "zelenskyy-en-2022-02-25-end-of-the-first-day",
    "zelenskyy-ambassadors-speech-2021-12-21": "zelenskyy-en-2021-12-21-speed-creativity",
    "zelenskyy-donbas-settlement-2021-12-21": "zelenskyy-en-2021-12-21-peace-settlement-in-donbas",
    "zelenskyy-eastern-partnership-media-2021-12-15": "zelenskyy-en-2021-12-15-normandy-format",
    "zelenskyy-foreign-diplomats-2022-01-28": "zelenskyy-en-2022-01-28-foreign-diplomats",
    "zelenskyy-karis-2022-02-22": "zelenskyy-en-2022-02-22-by-recognizing",
    "zelenskyy-la-repubblica-2021-12-14": "zelenskyy-en-2021-12-14-la-repubblica",
    "zelenskyy-macron-news-conference-2022-02-08":
        "zelenskyy-en-2022-02-08-partnership-between-ukraine-and-france",
    "zelenskyy-munich-2022-02-19": "zelenskyy-en-2022-02-19-munich-security",
    "zelenskyy-scholz-2022-02-14": "zelenskyy-en-2022-02-14-european-security-architecture",
    "zelenskyy-stoltenberg-2021-12-16": "zelenskyy-en-2021-12-16-membership-in-nato",
    "zelenskyy-unity-address-2022-02-14": "zelenskyy-en-2022-02-14-unity-of-ukrainian-society",
    "zelenskyy-verkhovna-rada-speech-2022-02-01": "zelenskyy-en-2022-02-01-seventh-session",
}
# Numbers of our own: what is counted in a text and not written in it, days after the text.
OURS = {
    "cfe-treaty-1990": {30, 14, 16},
    "cfe-oslo-final-document-1992": {29},
    "cfe-document-of-the-states-parties-1993": {30},
    "cfe-flank-document-1996": {30, 21},
    "korybko-2022-02-18": {24},
    "nato-accession-protocols": {6},
    "zelenskyy-address-2022-02-24": {25},
}
# Texts of the Kremlin are found by the number at the end of their address.
_KREMLIN = re.compile(r"kremlin\.ru/.*/(\d+)$")

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(),
                 range(20, 100, 10), strict=True))
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "twelfth": 12, "twentieth": 20, "thirtieth": 30,
    "sixtieth": 60, "ninetieth": 90,
}
_UNITS = (
    "day", "week", "month", "year", "hour", "minute", "kilometre", "km", "percent", "per cent",
    "metre", "thousand", "million", "billion", "third",
)
_ROMAN = re.compile(r"\b[IVXLC]+\b")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_ARTICLES = re.compile(r"\bArticles? [\dIVXL]+(?:(?:, | and | or | to )[\dIVXL]+)*")
_WHOLE = re.compile(r"Article [\dIVXL]+(?: \(.*\))?")
_NEVER = re.compile(r"(?!)")
_QUOTED = re.compile(r'"([^"]{3,})"')


def full_texts() -> Iterator[tuple[Source, list[Path]]]:
    """Every source with a provision marked `full_text`, and the files that hold its text."""
    for source in read_corpus(bundled("corpus")).sources:
        if any((s.checked or source.checked) == "full_text" for s in sections(source.text)):
            kremlin = _KREMLIN.search(source.address or "")
            name = f"kremlin-en-*-{kremlin[1]}-*" if kremlin else TEXTS.get(source.id, "none")
            yield source, [
                path for one in name.split("|") for path in sorted(Path(FOLDER).glob(f"{one}.txt"))
            ]


def numbers(text: str, *, measured: bool = False) -> set[int]:
    """Numbers in digits, Latin or Roman, and in words; "20,000" is one number, "15 thousand" also.

    With `measured` those in words count only before a unit: others count what is listed.
    """
    text = re.sub(r"\b(\d+)[ -]thousand\b", r"\g<1>000 \g<0>", text)
    plain = re.sub(r"(?<=\d)[,\u00a0\u202f ](?=\d{3}(?!\d))", "", text)
    found = {int(number) for number in re.findall(r"\d+", plain)}
    found |= {_roman(numeral) for numeral in _ROMAN.findall(text)}
    parts = re.findall(r"[a-z]+", plain.lower())
    for place, part in enumerate(parts):
        after = " ".join(parts[place + 1 : place + 4])
        if measured and not re.match(rf"(?:\w+ )?(?:{'|'.join(_UNITS)})", after):
            continue
        if part in _ONES:
            found.add(_ONES.index(part))
        elif part in _TENS:
            ones = after.partition(" ")[0]
            found |= {_TENS[part], _TENS[part] + (_ONES.index(ones) if ones in _ONES else 0)}
        elif part in _ORDINALS:
            found.add(_ORDINALS[part])
    return found


def _roman(numeral: str) -> int:
    values = [_ROMAN_DIGITS[letter] for letter in numeral]
    return sum(
        -value if value < max(values[place:]) else value for place, value in enumerate(values)
    )


def plain(text: str) -> str:
    """Letters and digits alone: typography and line breaks differ between copies."""
    return "".join(character for character in text.lower() if character.isalnum())


def _parts(anchor: str, text: str) -> list[str]:
    """The text of one article, with all its numbered paragraphs."""
    whole = re.compile(rf"{re.escape(anchor)}\b(?!-)", re.IGNORECASE) if anchor else _NEVER
    return [text[slice(*s.span)] for s in sections(text) if whole.match(s.anchor)]


if FOLDER:
    _CASES = [pytest.param(s, files, id=s.id) for s, files in full_texts()]
else:
    _CASES = [pytest.param(None, [], marks=pytest.mark.skip("no folder of full texts is named"))]


@pytest.mark.parametrize(("source", "files"), _CASES)
def test_numbers_and_quotations_of_a_digest_stand_in_the_full_text(
    source: Source, files: list[Path]
) -> None:
    assert files, f"{source.id} is marked full_text, but no text of it is named here"
    text = "\n".join(read_document(path).source.text for path in files)
    first = read_document(files[0]).source.text
    names = f"{source.title} {source.short_title} {' '.join(source.aliases)}"
    known = numbers(f"{names} {source.date} {source.entry_into_force}")
    known |= {number for number in numbers(text) if 1800 < number < 2100}
    known |= OURS.get(source.id, set())
    known.add(sum(bool(_WHOLE.fullmatch(s.anchor)) for s in sections(first)))
    wrong = []
    for section in sections(source.text):
        if (section.checked or source.checked) != "full_text":
            continue
        said = source.text[slice(*section.span)]
        place = "\n".join(_parts(section.anchor.partition("(")[0].strip(), first)) or text
        if place is not text:
            missing_articles = numbers(" ".join(_ARTICLES.findall(said))) - numbers(text)
            wrong += [f"{section.anchor}: no Article {number}" for number in missing_articles]
            said = _ARTICLES.sub("", said)
        missing = numbers(said, measured=True) - numbers(place) - numbers(section.anchor) - known
        wrong += [f"{section.anchor}: {number} is not in the text" for number in sorted(missing)]
        wrong += [
            f"{section.anchor}: “{quoted}” is not in the text"
            for quoted in _QUOTED.findall(said) if plain(quoted) not in plain(text)
        ]
    assert not wrong, "\n".join(wrong)
