"""Who speaks where in a text: by labels ("President of Russia Vladimir Putin: …"), or because the
place stands in quotation marks and the text says whose words these are."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from assistant.tokenization import terms
from assistant.types import UNKNOWN_VOICE, Source, Span

# "President of Russia Vladimir Putin:" or "С.В.Лавров:", where a sentence may begin
_LABEL = re.compile(
    r"(?:^|\n|(?<=[.!?…»”\"*])\s)\s*"
    r"((?:[A-ZА-ЯІЇЄҐ][\w.’'-]+)(?: (?:(?:of|the|and|for|de|von) )*[A-ZА-ЯІЇЄҐ][\w.’'-]*){0,20})"
    r"\s?(?:\([\w ]+\))?:\s"
)
_COLON = re.compile(r":\s")
# What stands in a label and around it, back from the colon.
_LETTERS_OF_LABELS = re.compile(r"[\w\s.’'()-]*")
# "В.Колокольцев   Колокольцев Владимир АлександровичМинистр внутренних дел :", as pages print it
_CAPTIONED = re.compile(
    r"(?:^|\n|(?<=[.!?…»”\"*])\s)\s*"
    r"((?:[A-ZА-ЯІЇЄҐ][\w.’'-]* )*(?:[A-ZА-ЯІЇЄҐ]\.)*(\w{4,}))\s+\2 [^:.!?\n]{2,140}:\s"
)
_ASKING = re.compile(r"question|вопрос|запитання|питання|answer|ответ|remark|note", re.IGNORECASE)
_QUESTION = re.compile(r"question|вопрос|запитання|питання", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|an?|this|these|in|on|for|of) ", re.IGNORECASE)
_TWICE = re.compile(r"(.*?\b(\w{4,})) \2\b")
_DIVISION = re.compile(
    r"(?i:article|chapter|section|part|annex|protocol|point|paragraph)\b|.*\b[IVXLC]+\b"
)
# A question touches about a hundred sources.
_TEXTS_REMEMBERED = 10_000
# Where the first label stands, at the latest, in characters.
_HEAD = 1500
_LONGEST_LABEL = 100

_SOMEONE = "someone"
_PARAGRAPH = re.compile(r"(?:[^\n]+|\n(?!\s*\n))+")
# What stands before the mark is looked at behind it: a pattern that begins with certain letters is
# searched for ten times as fast.
_MARK = re.compile(
    r"[\"“„«”»](?:(?<=[\"“„«])(?<![^\s(\[—–:].)(?P<open>(?=\S))|"
    r"(?<=[\"”“»])(?<=\S.)(?P<close>(?=$|[\s.,;:!?)\]—–-])))", re.MULTILINE,
)
_FEWEST_QUOTED = 6
# How far from a quotation, in characters, the text says whose words it is.
_NEARBY = 120
SAYING = (
    r"(?:sa(?:id|ys)|stat(?:ed|es)|told|tells|argu(?:ed|es)|warn(?:ed|s)|claim(?:ed|s)|ask(?:ed|s)|"
    r"insist(?:ed|s)|declar(?:ed|es)|not(?:ed|es)|add(?:ed|s)|stress(?:ed|es)|explain(?:ed|s)|"
    r"call(?:ed|s)|describ(?:ed|es)|demand(?:ed|s)|propos(?:ed|es)|reject(?:ed|s)|den(?:ied|ies)|"
    r"announc(?:ed|es)|admit(?:ted|s)|accus(?:ed|es)|express(?:ed|es)|emphasi[sz](?:ed|es)|"
    r"summed up|recall(?:ed|s)|conclud(?:ed|es)|believ(?:ed|es)|repl(?:ied|ies)|wr(?:ote|ites)|"
    r"report(?:ed|s)|remark(?:ed|s)|respond(?:ed|s)|answer(?:ed|s)|underlin(?:ed|es)|assur(?:ed|es)|agree[ds]|"
    r"according to|in the words of)"
)
_WORD = r"(?:(?!(?:I|It|He|She|They|We|This|That)\b)[A-ZА-ЯІЇЄҐ][\w’'-]*\w|[A-Z]\.)"
_SOMEBODY = rf"((?:[Tt]he )?{_WORD}(?: (?:(?:of|the|and|for|de|von) )*{_WORD}){{0,9}})"
_BEHIND = re.compile(rf"[\s,.—–-]*(?:{SAYING}\s+{_SOMEBODY}|{_SOMEBODY},? (?:also )?{SAYING}\b)")
_AHEAD = re.compile(
    rf"(?:{_SOMEBODY},?(?: also| has| had)? {SAYING}|"
    rf"(?:[Aa]ccording to|[Ii]n the words of) {_SOMEBODY},?)[^.!?“\"]{{0,60}}$"
)


class _Label(NamedTuple):
    """Where a label begins, and whom it names."""

    start: int
    who: str


class _Quotation(NamedTuple):
    """A stretch in quotation marks, marks included, and who is said to have said it."""

    start: int
    end: int
    speaker: str | None


def surname(label: str) -> str:
    return re.split(r"[ .]+", label.strip(" ."))[-1]


def speaker(text: str) -> str | None:
    """Whose label stands before most of the text, in its longest form ("President … Putin")."""
    found = [one for one in _labelled(text) if not _ASKING.search(one.who)]
    if not found or found[0].start > _HEAD:
        return None
    ends = [one.start for one in found[1:]] + [len(text)]
    share: Counter[str] = Counter()
    for one, end in zip(found, ends, strict=True):
        share[surname(one.who)] += end - one.start
    (most, _), = share.most_common(1)
    labels = [one.who for one in found if surname(one.who) == most]
    return max(labels, key=len, default=None)


def speakers(source: Source, span: Span) -> tuple[str, ...]:
    """Who speaks in a stretch of a transcript, in order; empty where the text is none."""
    starts, labels = _labels(source.text)
    if not starts:
        return ()
    first = max(0, bisect_right(starts, span.start) - 1)
    last = max(first + 1, bisect_right(starts, span.end - 1))
    return tuple(dict.fromkeys(labels[first:last])) if span.end > starts[0] else ()


def voice_at(source: Source, place: int) -> str:
    """Who speaks at a place: as the label there or the text around a quotation names them, else
    the voice of the source."""
    found = speakers(source, Span(place, place + 1))
    if found:
        return found[0]
    inside = _quotation_at(source, place)
    return (inside.speaker or _SOMEONE) if inside else source.voice


def say_voice(source: Source, place: int) -> str:
    """The same for the reader: of words that the source quotes, that it quotes them."""
    who = voice_at(source, place)
    if _quotation_at(source, place) is None or set(terms(who)) & set(terms(source.voice)):
        return "author not known" if who == UNKNOWN_VOICE else who
    return f"{who}, as quoted " + (
        "there" if source.voice == UNKNOWN_VOICE else f"by {source.voice}"
    )


def heard(source: Source, span: Span | None = None) -> tuple[str, ...]:
    """All who speak or are quoted by name in a stretch of a source, by default the whole of it."""
    within = span or Span(0, len(source.text))
    quoted = (
        q.speaker for q in _quotations(source)
        if q.speaker and q.start < within.end and within.start < q.end
    )
    return tuple(dict.fromkeys((*speakers(source, within), *quoted)))


def is_name(who: str) -> bool:
    """Whether somebody is called by a name: "the President" may be anybody."""
    return who != _SOMEONE and not _ARTICLE.match(who)


def _quotation_at(source: Source, place: int) -> _Quotation | None:
    """The quotation around a place; in a transcript the labels tell who speaks."""
    if speakers(source, Span(place, place + 1)):
        return None
    found = _quotations(source)
    last = bisect_right(found, place, key=lambda q: q.start) - 1
    return found[last] if last >= 0 and found[last].start < place < found[last].end else None


def _quotations(source: Source) -> tuple[_Quotation, ...]:
    """Those of statements and articles: treaties put terms in quotation marks, nobody's words."""
    return () if source.tier == "primary" else _marked(source.text)


@lru_cache(maxsize=_TEXTS_REMEMBERED)
def _marked(text: str) -> tuple[_Quotation, ...]:
    """The outermost quotations of some length, each with the one whose words the text says they
    are. One that runs over the end of its paragraph is left out: its other end is not sure."""
    found = []
    for paragraph in _PARAGRAPH.finditer(text):
        opened: list[int] = []
        for mark in _MARK.finditer(text, paragraph.start(), paragraph.end()):
            if mark.lastgroup == "open":
                opened.append(mark.start())
            elif opened:
                start = opened.pop()
                if not opened and len(text[start : mark.end()].split()) >= _FEWEST_QUOTED:
                    who = _said_by(text[paragraph.start() : start], text[mark.end() :][:_NEARBY])
                    found.append(_Quotation(start, mark.end(), who))
    return tuple(found)


def _said_by(before: str, after: str) -> str | None:
    behind = _BEHIND.match(after)
    found = behind or _AHEAD.search(before[-_NEARBY:])
    if found is None:
        return None
    return next(" ".join(who.split()) for who in found.groups() if who)


@lru_cache(maxsize=_TEXTS_REMEMBERED)
def _labels(text: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Where each label begins, and whom it names; empty where fewer than two
    speak: that is no transcript."""
    found = _labelled(text)
    often = Counter(surname(one.who) for one in found)
    # a label once only may be any words before a colon, if it is not said in full
    found = [
        one for one in found
        if often[surname(one.who)] > 1 or re.search(r"[ .]", one.who) or _QUESTION.match(one.who)
    ]
    if len({surname(one.who) for one in found}) < 2 or found[0].start > _HEAD:
        return (), ()
    return (
        tuple(one.start for one in found),
        tuple("a questioner" if _QUESTION.match(one.who) else one.who for one in found),
    )


def _labelled(text: str) -> list[_Label]:
    matches = (*_before_colons(text), *_CAPTIONED.finditer(text))
    found = {m.start(1): _plain(m[1]) for m in matches}
    return [
        one for one in map(_Label._make, sorted(found.items())) if _QUESTION.match(one.who)
        or len(one.who) <= _LONGEST_LABEL and _names_a_person(one.who)
    ]


def _before_colons(text: str) -> Iterator[re.Match[str]]:
    """All matches of `_LABEL`, looked for only in what before a colon can be one: that is ten times
    as fast as the whole text."""
    passed = 0
    for colon in _COLON.finditer(text):
        back = _LETTERS_OF_LABELS.match(text[passed : colon.start()][::-1])
        start = colon.start() - (back.end() if back else 0)
        match = _LABEL.search(text, start, colon.end())
        passed = match.end() if match else colon.start()
        if match:
            yield match


def _plain(label: str) -> str:
    """Without a sentence's end before it, and what a page says once more of the person behind:
    "Viktor Orban Orban ViktorPrime Minister of Hungary"."""
    last = re.split(r"\. (?=\w+ \w)", label.strip())[-1]
    twice = _TWICE.match(last)
    return twice[1] if twice else last


def _names_a_person(label: str) -> bool:
    return (
        not _ASKING.search(label) and not _DIVISION.match(label)
        and (" " in label.strip() or "." in label) and not label.isupper()
        and not _ARTICLE.match(label)
    )
