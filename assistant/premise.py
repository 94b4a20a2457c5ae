"""What a question takes for granted and the sources say otherwise.

"Why does the charter oblige the cities to …?" asks for a reason; if the charter has "may", the
answer is not a reason but that. Told only from signs that words give: the force of a document that
is spoken of as signed, a modal verb, a negation, a number beside the same unit, all in the sentence
that holds nearly all else of what the question says. A false premise in other words is not noticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from assistant.corpus.passages import sentences
from assistant.index import searched_text
from assistant.naming import Named
from assistant.tokenization import NUMBER_WORDS, STOPWORDS, stem, terms, words
from assistant.types import Evidence, Passage, Premise, Source, Span, Status

# Of what the question says beside its modal verbs and its source's name, by rarity, this share
# must be in a sentence that is held against it; the few fullest are.
_SAME = 0.3
_HELD = 3

_WH = r"(?=(?:what|which|who|whose|how|why|when|where)\b)"
_AUXILIARY = (
    r"(?:did|does|do|is|are|was|were|can|could|must|may|should|has|have|had|will|would)"
)
# "Since the text binds them, what …", "They were bound: why …", "Why are they bound?", "What did it
# cost while it was theirs?"
_GIVEN = re.compile(
    r"^(?:so |and |but )?(?:since|given that|considering that|now that|as|because|after|when|while|"
    rf"once)\s+(?!{_AUXILIARY}\b)(.+?),?\s+{_WH}", re.IGNORECASE,
)
_CLAUSE = re.compile(
    rf"\w,?\s+(?:when|while|after|since|once|now that)\s+(?!{_AUXILIARY}\b)"
    r"((?:[\w’'-]+[ ,]+){2,}.+)$", re.IGNORECASE,
)
_STATED = re.compile(
    r"^(.{15,}?)(?:[.;:!]|,?\s+right\?|\s[-–—])\s+(?:so |and |then |but )?"
    rf"{_WH}", re.IGNORECASE,
)
_ASKED_WHY = re.compile(
    r"^(?:so |and |but |then )?(?:why|how come|when|for what reason|how|"
    rf"(?:on|in|at|by) (?:which|what) (?:[\w-]+ ){{0,2}}?\w+)\s+({_AUXILIARY}\b.+)$", re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[\w,;:)”\"’] )[A-Z][\w’'-]+")
# Where a second thing is asked.
_SECOND = re.compile(
    r",?\s+and\s+(?=(?:what|which|who|how|why|when|where|can|could|does|do|did|is|are|was|were|will)"
    r"\b)", re.IGNORECASE,
)

_DUTY = frozenset(
    "oblige obliges obliged obligation obligatory compel compels compelled forced must require "
    "requires required commit commits committed bind binds bound shall undertake undertakes duty "
    "needs automatically".split()
)
_BAN = frozenset(
    "forbid forbids forbidden prohibit prohibits prohibited outlaw outlaws ban bans banned "
    "preclude precludes cannot".split()
)
_LEAVE = frozenset(
    "may free entitled entitles inalienable right allow allows allowed permit permits "
    "permitted let lets deems".split()
)
_LEFT_OPEN = frozenset("may lets allows permits deems free".split())
_MODAL = _DUTY | _BAN | _LEAVE
_DENIES = re.compile(
    r"\b(?:not|never|cannot|(?:fail|refus|declin)\w* to|without|allegedly)\s+"
    r"(?:be\s+|been\s+|\w+ly\s+)?(\w+)", re.IGNORECASE,
)
_MAY_NOT = re.compile(
    r"\b(?:shall|may|must|should|can) (?:not|never)\b|\bcannot\b|"
    r"\bno (?:\w+ ){1,3}(?:shall|may|can)\b", re.IGNORECASE,
)
_NEGATIONS = frozenset(
    "no not never none nor neither nothing nobody without cannot t fail failed fails refuse "
    "refused refuses reject rejected rejects decline declined declines deny denied denies "
    "unable".split()
)
_AGREED = (
    r"\b(?:signed|ratified|concluded|adopted|entered into force|came into force|in force|"
    r"took effect|in effect|(?:was|were|been) agreed|binding)\b|"
    r"\bdid\b.*\b(?:sign|ratify|conclude|adopt|enter into force|come into force|take effect)\b"
)
_STILL = r"\b(?:is|still)\b.*\b(?:in force|binding)\b"
# What a document of this force cannot be said to be, and what it is.
_FORCE: Mapping[Status, tuple[str, str]] = {
    "proposed": (_AGREED, "was proposed"),
    "leaked": (_AGREED, "is a leaked paper"),
    "political_commitment": (
        r"\bratif\w+|\blegally binding\b|\blegal obligation", "is a political commitment",
    ),
    "signed_not_in_force": (
        r"\bin force\b|\b(?:came|entered) into force\b|\btook effect\b",
        "was signed and never entered into force",
    ),
    "suspended": (_STILL, "is suspended"),
    "terminated": (_STILL, "is terminated"),
    "superseded": (_STILL, "is superseded"),
}
_FATE = re.compile(
    r"\b(?:never|not) (?:signed|ratified|entered)|\bterminat|\bsuspend|\bwithdr|\bsupersed|"
    r"\bended\b|\bno ratification|\bpolitical\b", re.IGNORECASE,
)
# "Was it signed?", "if it were", "why was it not": nothing is taken for granted.
_OPEN = re.compile(
    r"^(?:and |but |so )?(?:is|are|was|were|did|does|do|has|have|had|can|could|will|would)\b|"
    r"\b(?:if|whether|would|not|never|n’t)\b|n't\b", re.IGNORECASE,
)
_ACT = re.compile(_AGREED, re.IGNORECASE)
_DRAFT = re.compile(
    r"\bdrafts? (?:of (?:an? |the )?(?:[\w-]+ ){0,2}?)?(treaty|agreement|convention|protocol|"
    r"accord|declaration|resolution|law|charter)\b", re.IGNORECASE,
)
_IN_FORCE = re.compile(r"\b(?:in|into) (?:force|effect)\b|\b(?:took|takes|taken) effect\b", re.I)
_NOT_IN_FORCE = re.compile(
    r"\b(?:not|never)(?: yet)? (?:been )?(?:enter\w*|come|came|in) (?:into )?(?:force|effect)\b|"
    r"\bnot (?:yet )?in force\b", re.IGNORECASE,
)
_UNITS = (
    "day week month year hour minut tank vehicl aircraft piec helicopt missil soldier troop person "
    "percent state kilomet metr mile vote inspect"
).split()

# Not to be looked for: these are what is compared.
_TOLD_APART = frozenset(map(stem, _MODAL | _NEGATIONS))


class _Said(NamedTuple):
    """A sentence of the evidence and the share of the question's weight that it holds."""

    passage: Passage
    span: Span
    share: float

    @property
    def text(self) -> str:
        return self.passage.source.text[self.span.start : self.span.end]


def false_premise(
    asked: str, weights: Mapping[str, float], named: Named, evidence: Sequence[Evidence],
    sources: Sequence[Source],
) -> Premise | None:
    """What the question takes for granted and a source says otherwise, if that is told.

    `sources` is the whole corpus: replies to a draft are looked for in it.
    """
    unsigned = _other_force(asked, named, evidence, sources)
    granted = _granted(asked)
    if unsigned or granted is None:
        return unsigned
    for said in _likeliest(granted, weights, named, evidence):
        reason = _draft(granted, said.text) or _other_modality(granted, said.text)
        if not reason and _about(granted, said.passage):
            reason = _denied(granted, said.text) or _other_number(granted, said.text)
        if reason:
            return _premise(granted, reason, said)
    return None


def _premise(granted: str, reason: str, said: _Said) -> Premise:
    return Premise(granted, f"has it otherwise: {reason}", said.passage, said.span)


def _granted(asked: str) -> str | None:
    """The part of the question that is not asked but taken for granted."""
    text = asked.strip().rstrip("?").strip()
    for pattern in (_GIVEN, _STATED, _CLAUSE, _ASKED_WHY):
        if found := pattern.search(text):
            return _SECOND.split(found[1], maxsplit=1)[0]
    return None


def _likeliest(
    granted: str, weights: Mapping[str, float], named: Named, evidence: Sequence[Evidence]
) -> Iterator[_Said]:
    """The sentences that hold enough of what is taken for granted, the fullest first."""
    names = {term for _, name in named for term in name}
    wanted = {
        term: weights.get(term, 0.0) for term in terms(granted)
        if term not in _TOLD_APART and term not in names
    }
    total = sum(wanted.values())
    if len(wanted) < 2 or not total:
        return
    first = {source.id for source, _ in named}
    found = []
    for item in evidence:
        passage = item.passage
        if first and passage.source.id not in first:
            continue
        for span in sentences(passage.text, passage.source.language, passage.span.start):
            held = set(terms(f"{passage.anchor} {passage.source.text[span.start : span.end]}"))
            share = sum(w for term, w in wanted.items() if term in held) / total
            if share >= _SAME:
                found.append(_Said(passage, span, share))
    yield from sorted(found, key=lambda said: -said.share)[:_HELD]


def _other_force(
    asked: str, named: Named, evidence: Sequence[Evidence], sources: Sequence[Source]
) -> Premise | None:
    """A document spoken of as having a force that it does not have: a draft as signed."""
    if _OPEN.search(asked):
        return None
    for source, _ in named:
        pattern, what = _FORCE.get(source.status, ("", ""))
        act = re.search(pattern, asked, re.IGNORECASE) if pattern else None
        if act is None:
            return None
        said = _end(source, evidence)
        if said:
            unsigned = source.status in ("proposed", "leaked")
            reason = what + ("; the corpus holds no sign that it was ever agreed" * unsigned)
            replies = _replies(source, sources) if unsigned else ()
            return Premise(act[0], reason, said.passage, said.span, replies)
    return None


def _end(source: Source, evidence: Sequence[Evidence]) -> _Said | None:
    """The sentence that tells of the document's fate, or the likeliest one of it."""
    found = [
        _Said(e.passage, span, 0.0) for e in evidence if e.passage.source.id == source.id
        for span in (*e.best, e.passage.span)
    ]
    return next((said for said in found if _FATE.search(said.text)), found[0] if found else None)


def _replies(source: Source, sources: Sequence[Source]) -> tuple[Source, ...]:
    return tuple(
        other for other in sources
        if any(r.type == "replies_to" and r.to == source.id for r in other.relations)
    )


def _about(granted: str, passage: Passage) -> bool:
    """Whether the passage or its source has each name that stands in what is taken for granted."""
    held = set(terms(searched_text(passage)))
    return all(held.issuperset(terms(name)) for name in _NAME.findall(granted))


def _draft(granted: str, said: str) -> str | None:
    """What is spoken of as agreed is called a draft there."""
    if not _ACT.search(granted) or re.search(r"draft|propos", granted, re.IGNORECASE):
        return None
    asked = {stem(word) for word in words(granted)}
    for draft in _DRAFT.finditer(said):
        if stem(draft[1].lower()) in asked:
            return f"there is talk of a “{draft[0]}”"
    return None


def _other_modality(granted: str, said: str) -> str | None:
    asked, held = set(words(granted)), set(words(said))
    denied = asked & _NEGATIONS
    if asked & _DUTY and not denied and not held & _DUTY and held & _LEFT_OPEN:
        return "what is taken for a duty is left open"
    banned = asked & _BAN or {"can", "never"} <= asked
    if banned and not held & _BAN and held & _LEAVE and (
        "nothing" in held or not held & _NEGATIONS
    ):
        return "what is taken for forbidden is left open"
    if asked & _LEAVE and not denied and not held & _LEAVE - {"may"} and _MAY_NOT.search(said):
        return "what is taken for allowed is ruled out"
    return None


def _denied(granted: str, said: str) -> str | None:
    """A verb of the question that the sentence denies, where the question does not."""
    asked = words(granted)
    if set(asked) & (_NEGATIONS | _MODAL):
        return None
    if _IN_FORCE.search(granted) and (found := _NOT_IN_FORCE.search(said)):
        return f"it is denied (“{found[0]}”)"
    verbs = {stem(word) for word in asked[1:] if word not in STOPWORDS}
    for found in _DENIES.finditer(said.replace("n’t", " not").replace("n't", " not")):
        if stem(found[1].lower()) in verbs:
            return f"it is denied (“{' '.join(found[0].split())}”)"
    return None


def _other_number(granted: str, said: str) -> str | None:
    """A number beside a unit, where the sentence has others beside it and not this one."""
    there = _counted(said)
    for unit, numbers in _counted(granted).items():
        held = there.get(unit, set())
        if held and not numbers & held:
            return f"the number is {' and '.join(sorted(held))}, not {min(numbers)}"
    return None


def _counted(text: str) -> dict[str, set[str]]:
    """Unit → the numbers that stand at most two words before it."""
    plain = [NUMBER_WORDS.get(word, word) for word in words(text)]
    found: dict[str, set[str]] = {}
    for place, word in enumerate(plain):
        if stem(word) not in _UNITS:
            continue
        before = plain[max(0, place - 2) : place][::-1]
        number = next((one for one in before if one[0].isdigit()), None)
        if number:
            found.setdefault(stem(word), set()).add(number)
    return found
