"""Of whom a model's sentence tells: who says a thing is not thereby the one of whom it is said.

"All responsibility will lie with them", says the mayor: "The mayor is responsible" has his words
and the opposite sense.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.corpus.speakers import SAYING, heard, is_name, surname, voice_at
from assistant.tokenization import akin, stem, words
from assistant.types import Passage, Span

_FIRST_PERSON = frozenset("i we me us my our mine ours myself ourselves".split())
_BE = frozenset("is are was were be been being am s re m".split())
_HAVE = frozenset("has have had ve".split())
# "is a draft", "was responsible"; not "was signed", "is being built"
_EQUATED = re.compile(
    r"\b(?:is|are|was|were)\s+((?:(?:not|a|an|the|all|also|only|still|now|both)\s+)*)(\w+)", re.I
)
_NOUN_FOLLOWS = re.compile(r"\b(?:a|an|the)\b", re.IGNORECASE)
_PARTICIPLE = re.compile(
    r"(?:ed|en|ing|wn|ght)$|^(?:made|done|held|put|set|kept|left|said|told|sent|met|led|laid|built|"
    r"begun|gone|lost|paid|read|spent|won|cut|hit|found|bound|understood)$"
)
# How many words before what it equates the source has its "is", at most.
_REACH = 8

Carrier = tuple[Passage, Span, str]
"""A passage, and the place and text of the sentence in it that carries a statement."""


def wrong_subject(text: str, carriers: Sequence[Carrier]) -> str | None:
    """Who speaks in the source told of as if the source spoke of him, where it does not even say
    "I" or "we"."""
    for name, _ in _told_of(text, carriers):
        if not any(_FIRST_PERSON & set(words(carrier)) for _, _, carrier in carriers):
            return f"what it cites is said by {name}, not of {name}"
    return None


def reworded_subject(text: str, carriers: Sequence[Carrier]) -> str | None:
    """The same where the source says "I", but of something else; or a thing called another that the
    source does not call so."""
    held = [words(carrier) for _, _, carrier in carriers]
    for name, behind in _told_of(text, carriers):
        if not any(_says_of_itself(there, behind) for there in held):
            return f"what it cites is said by {name}, not of {name}"
    for equated in _EQUATED.finditer(text):
        what = equated[2].lower()
        done = _PARTICIPLE.search(what) and not _NOUN_FOLLOWS.search(equated[1])
        if not done and not any(_equates(there, what) for there in held):
            return f"what it cites does not say what is “{what}”"
    return None


def _told_of(text: str, carriers: Sequence[Carrier]) -> Iterator[tuple[str, str]]:
    """Each speaker whom the sentence names, and the sentence that carries it does not, elsewhere
    than before a verb of saying; and the word behind the name."""
    carried = {stem(word) for _, _, carrier in carriers for word in words(carrier)}
    for passage, place, _ in carriers:
        for who in (voice_at(passage.source, place.start), *heard(passage.source, place)):
            name = surname(who.partition(",")[0])
            known = is_name(who) and not any(akin(stem(w), h) for w in words(name) for h in carried)
            if name and known:
                # "Stone said", "according to Mayor Stone", "Stone's letter" only say who speaks
                only_named = re.compile(
                    rf"\b{re.escape(name)}(?=[’']s?\b|,? (?:\w+ )?{SAYING}\b)|"
                    rf"(?i:according to|in the words of|as told by)[^.;]*?\b{re.escape(name)}\b"
                )
                left = only_named.sub(" ", text)
                if found := re.search(rf"\b{re.escape(name)}\b[\s,]*(\w*)", left):
                    yield name, found[1].lower()


def _says_of_itself(held: Sequence[str], behind: str) -> bool:
    """Whether "I" or "we" stands before the word that the sentence has behind the name."""
    return any(
        word in _FIRST_PERSON and _same(following, behind)
        for word, following in zip(held, held[1:], strict=False)
    )


def _same(one: str, other: str) -> bool:
    return stem(one) == stem(other) or any({one, other} <= forms for forms in (_BE, _HAVE))


def _equates(held: Sequence[str], what: str) -> bool:
    return any(
        akin(stem(word), stem(what)) and _BE & set(held[max(0, place - _REACH) : place])
        for place, word in enumerate(held)
    )
