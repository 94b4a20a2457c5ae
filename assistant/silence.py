"""A document that is asked about by name and holds no word of what is asked of it.

"Which tariff does the Rome Declaration set?", "What does it say about fisheries?", "What does its
paragraph 99 say?": the declaration is here, none of these is in it. Told only where the thing asked
for occurs nowhere in the document, and little else of the question does, or nothing near it in
meaning: a near miss is answered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from assistant.index import PassageIndex
from assistant.naming import Named, whole_names
from assistant.places import places
from assistant.tokenization import terms
from assistant.types import Question, Silence, Source

# Places of one kind from which on a document is taken to be divided so.
_SEVERAL = 3
# Up to this share of the question's weight, beside the name, a passage of the document may have.
_SILENT = 0.4
# "which tariff does", "how many ships may", "how large a fleet did": what is asked for
_ASKED_FOR = re.compile(
    r"\b(?:which|what|how (?:many|much|big|large|long|high|often|far))\s+((?:[\w’'-]+\s+){1,6}?)"
    r"(?:did|does|do|is|are|was|were|has|have|had|can|could|must|may|shall|should|will|would)\b",
    re.IGNORECASE,
)
# "What did the declaration say about fisheries?", "Does it mention oil?": who says it, and of what
_TOPIC = re.compile(
    r"\b(?:did|does|do|has|have)\s+(.{3,80}?)\s+(?:mention(?:ed)?|(?:say|said|state[sd]?|spoken?|"
    r"written?)\s+(?:anything\s+|something\s+)?(?:about|on|of|regarding|concerning))\s+(.+)",
    re.IGNORECASE,
)
# Where the topic ends: "… in his statement of 26 January", "… when it was signed".
_TOPIC_ENDS = re.compile(
    r"\s+(?:in|at|on|during|of)\s+(?:his|her|its|their|the|this|that|\d).*|\s+(?:when|if|that|who|"
    r"which|and\s+(?:what|how|why|when|where|who))\b.*|[?.,;:!].*", re.IGNORECASE | re.DOTALL,
)
_SIDE_BY_SIDE = re.compile(r",?\s+(?:and|or)\s+", re.IGNORECASE)
# A topic that no passage of the document comes nearer to than this is not there in other words
# either. Of 21 topics in other words than the document's 3 lie below it, of 25 foreign ones 17.
_NEAR = 0.2
# What is asked for by its kind is told by naming one: "which day", "which countries".
KINDS = frozenset(terms(
    "date day month year time moment number amount share part percentage kind type sort form "
    "article point paragraph section clause chapter document paper treaty text country countries "
    "state nation member side party leader president minister person people reason ground way "
    "step measure condition role place city town word name term thing aim goal deal promise "
    "argument position view answer reply question issue topic neighbour ally body organisation"
))


def silence(
    question: Question, weights: Mapping[str, float], named: Named, index: PassageIndex
) -> Silence | None:
    """The documents that the question names, if none of them speaks of what it asks for."""
    if not named:
        return None
    if place := _absent_place(question, named, index):
        return Silence(tuple(source for source, _ in named), place)
    if topic := _topic(question, named):
        unsaid = all(
            _is_foreign(topic, source, question, weights, index) for source, _ in named
        )
        return Silence(tuple(source for source, _ in named), topic) if unsaid else None
    word = _asked_for(question.standalone)
    if word is None:
        return None
    wanted, = terms(word)
    for source, name in named:
        passages = [set(terms(f"{p.anchor} {p.text}")) for p in index.of(source.id)]
        asked = {term: weight for term, weight in weights.items() if term not in name}
        total = sum(asked.values())
        if not total or any(wanted in found for found in passages):
            return None
        best = max(
            (sum(w for term, w in asked.items() if term in found) for found in passages), default=0
        )
        if best / total > _SILENT:
            return None
    return Silence(tuple(source for source, _ in named), word)


def _absent_place(question: Question, named: Named, index: PassageIndex) -> str | None:
    """A place that is asked for ("paragraph 9"), if a document that is named has several of its
    kind, and none that is named has this one or speaks of it."""
    others = whole_names(set(terms(question.text)), index)
    sources = {s.id: s for s in (*(s for s, _ in named), *(name.source for name in others))}
    for place, told in places(question.text).items():
        has_such = False
        for id in sources:
            passages = index.of(id)
            kinds = Counter(kind for p in passages for kind, _ in places(p.anchor))
            has_such |= kinds[place[0]] >= _SEVERAL
            if any(place in places(f"{p.anchor}\n{p.text}") for p in passages):
                return None
        if has_such:
            return told
    return None


def _topic(question: Question, named: Named) -> str | None:
    """What the document that the question names is asked to speak of; nothing where somebody else
    is asked, or a place in it."""
    found = _TOPIC.search(question.text)
    if not found:
        return None
    topic = _TOPIC_ENDS.sub("", found[2]).strip()
    subject = set(terms(found[1]))
    for source, name in named:
        day = f"{source.date:%d %B %Y}" if source.date else ""
        if subject - name - set(terms(day)) or name & set(terms(topic)):
            return None
    return topic or None


def _is_foreign(
    topic: str, source: Source, question: Question, weights: Mapping[str, float],
    index: PassageIndex,
) -> bool:
    """Whether a document has nothing of a topic, or of any of several that stand side by side: a
    name does not stand in it; another word neither that nor anything near it."""
    held = set(terms(" ".join(f"{p.anchor} {p.text}" for p in index.of(source.id))))

    def is_foreign(part: str) -> bool:
        asked = [term for term in terms(part) if term in weights]
        others = (o for name, called in question.also_called for o in called if name in part)
        if not asked or max(asked, key=lambda term: weights[term]) in held or any(
            held.issuperset(terms(other)) for other in others
        ):
            return False
        if part != part.lower():
            return True
        nearest = index.dense(part, 1, within={source.id})
        return bool(nearest) and nearest[0].score < _NEAR

    return all(map(is_foreign, _SIDE_BY_SIDE.split(topic)))


def _asked_for(text: str) -> str | None:
    """The noun that the question asks for, unless it only says of what kind."""
    match = _ASKED_FOR.search(text)
    found = [word for word in (match[1].split() if match else ()) if len(terms(word)) == 1]
    return found[-1] if found and terms(found[-1])[0] not in KINDS else None
