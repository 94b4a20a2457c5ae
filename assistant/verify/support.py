"""Whether the passages that a model's sentence cites carry it: reasons why they do not.

Strict and by words alone: a sentence made nearly of the passage's own words, with its numbers,
names, negations and modal verbs each in their place, passes; true paraphrases are lost with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from difflib import SequenceMatcher
from itertools import pairwise

from assistant.compose import lead, say_date
from assistant.corpus.passages import sentences
from assistant.corpus.speakers import SAYING, heard, is_name, surname, voice_at
from assistant.places import places
from assistant.tokenization import NUMBER_WORDS, STOPWORDS, akin, stem, terms, words
from assistant.types import (
    Draft,
    Passage,
    Source,
    Span,
)
from assistant.verify.subject import reworded_subject, wrong_subject

# Share of a model sentence's content words that must stand in the order of the source's.
_IN_ORDER = 0.8

_NEGATIONS = {
    "no", "not", "never", "none", "nor", "neither", "without", "cannot", "refus", "reject",
}
_MODALS = {"shall", "should", "must", "may", "might", "would", "could", "can"}
# A duty may be told by either word; which of them stood there the strict check compares.
_SAME_FORCE = {"shall": {"shall", "must"}, "must": {"shall", "must"}}
_NAME = re.compile(r"(?<=[\w,;:)”\"'’] )[A-ZА-Я][\w’'-]*")
_CAPITALS = re.compile(r"\b[A-Z]\w+(?: [A-Z]\w+)+")
_NUMBER_WORDS = frozenset({
    *NUMBER_WORDS, *"hundred thousand million billion half twice once first second third fourth "
    "fifth".split(),
})
# Content words beside the source's name that a sentence has at least.
_FEWEST = 2
# Words that deny or limit what is said: left out, a sentence claims more.
_LIMITS = frozenset(
    "no not never none nor neither cannot only unless except if some most partly almost nearly up "
    "least".split()
)
# Words that say of how many something holds, or on which side of something else it stands.
_TURNING = frozenset(
    "all some every each most many any both several few none neither before after until since by "
    "more less fewer above below against inside outside within first last earlier later over under "
    "up down into out for from with without between during".split()
)
_SAME_TURN = dict.fromkeys(map(stem, ("all", "every", "each")), "all")
# Of whom or what a sentence tells: a name of two words at its beginning.
_SUBJECT = re.compile(r"(?:The )?([A-Z]\w+ [A-Z]\w+)(?= [a-z])")
_CONDITIONS = frozenset("if unless except only until provided".split())
# A sentence with this share of its words in the order of the source's is a copy of it, and what is
# left out of it a word, not a clause, up to this number of words.
_COPIED = 0.7
_FEW = 2
# Where a sentence may pass from one of the source's to another.
_CLAUSE = re.compile(r"[;:“”\"]|,\s(?:and|but|while|whereas)\b")
# "Macron said": a name and a verb of saying.
_REPORTS = re.compile(rf"([A-ZА-ЯІЇЄҐ][\w’'-]+),? (?:has |had |also )?{SAYING}\b")
# What stands before another's words, or before what only seems so, or is denied.
_ONLY_SAID = re.compile(
    rf"\b({SAYING}|(?:alleg|assert|suggest|suppos|pretend|believ|think|claim|say|argu|insist|maintain|"
    r"contend|hop|fear|doubt|deny|warn)(?:e|es|ed|s|ing)?|respond|point out|false|untrue|wrong|"
    r"unlikely|impossible) (?:\w+ )?(?:that )?(?:the )?$"
)
_PARTS = frozenset("article paragraph section chapter point text treaty act document".split())
_SAYS = re.compile(rf"\b{SAYING}\b", re.IGNORECASE)
# Verbs by which a sentence tells whose words it reports: they need not be the source's.
_REPORTING = frozenset(map(stem, (
    "says said states stated notes noted adds added argues argued declares declared explains "
    "explained mentions mentioned describes described provides according reads"
).split()))
# How many words away a neighbour may stand in the source: a statement leaves words out.
_NEAR = 12


def contradiction(draft: Draft) -> str | None:
    """The first reason why the cited passages say otherwise, in whatever words: a number, a name,
    a negation or a modal verb that they do not have."""
    evidence = " ".join(_evidence_text(passage) for passage, _ in draft.cited)
    return (
        _says_nothing(draft) or _wrong_speaker(draft) or _wrong_number(draft, evidence)
        or _wrong_name(draft, evidence) or _wrong_force(draft)
        or wrong_subject(draft.text, tuple(_carriers(draft)))
    )


def rewording(draft: Draft) -> str | None:
    """The first reason why the sentence is not made of the passages' own words, each in its place;
    then only a judge of meaning can tell whether they carry it."""
    return (
        _own_order(draft) or _limited(draft) or _out_of_its_frame(draft) or _changed(draft)
        or _misplaced(draft) or reworded_subject(draft.text, tuple(_carriers(draft)))
    )


def _wrong_speaker(draft: Draft) -> str | None:
    """What one says must not be put in the mouth of another who speaks or is quoted there."""
    reporting = set(_REPORTS.findall(draft.text))
    for passage, place, text in _carriers(draft):
        source = passage.source
        who = voice_at(source, place.start)
        here = {surname(s) for s in (who, *heard(source, place))}
        here |= set(_REPORTS.findall(text))
        wrong = reporting & {surname(s) for s in heard(source) if is_name(s)} - here
        if wrong and is_name(who):
            return f"{min(wrong)} does not say this in what it cites: {who} does"
    return None


def _wrong_number(draft: Draft, evidence: str) -> str | None:
    """A number must occur, and one behind "article" or "paragraph" behind the same word."""
    held = set(words(evidence))
    for word in words(draft.text):
        if word[0].isdigit() and word not in held:
            return f"the number {word} is not in what it cites"
    held_places = places(evidence)
    for place, written in places(draft.text).items():
        if place not in held_places:
            return f"{written} is not in what it cites"
    return None


def _wrong_name(draft: Draft, evidence: str) -> str | None:
    stems = {stem(word) for word in words(evidence)}
    short = {initials.lower() for initials in _initials(evidence)}
    for name in map(_bare, _NAME.findall(draft.text)):
        if not all(
            word in short or any(akin(stem(word), held) for held in stems) for word in words(name)
        ):
            return f"the name {name} is not in what it cites"
    return None


def _bare(name: str) -> str:
    return re.sub(r"[’']s?$", "", name)


def _initials(text: str) -> set[str]:
    """"UN" for "United Nations"."""
    return {"".join(word[0] for word in name.split()) for name in _CAPITALS.findall(text)}


def _wrong_force(draft: Draft) -> str | None:
    """Negation and modal verbs must be those of the sentences that carry the statement."""
    source = " ".join(text for _, _, text in _carriers(draft))
    said, held = ({stem(w) for w in words(text)} for text in (draft.text, source))
    denied, denied_there = _denied(draft.text), _denied(source)
    if denied - denied_there or (denied_there & said) - denied:
        return "its negation is not that of what it cites"
    if any(not held & _SAME_FORCE.get(modal, {modal}) for modal in said & _MODALS):
        return "its modal verb is not that of what it cites"
    return None


def _limited(draft: Draft) -> str | None:
    """A condition of the sentence's own."""
    held = {word for _, _, text in _carriers(draft) for word in words(text)}
    own = [word for word in words(draft.text) if word in _CONDITIONS - held]
    return f"“{own[0]}” is not what the sentence that carries it says" if own else None


def _out_of_its_frame(draft: Draft) -> str | None:
    """What the source gives as said, thought or denied by somebody, or on a condition, must not be
    told as a plain fact, nor what it tells of somebody without him."""
    said = words(draft.text)
    for passage, _, text in _carriers(draft):
        held = words(text)
        blocks = SequenceMatcher(None, said, held, autojunk=False).get_matching_blocks()
        first = next((block.b for block in blocks if block.size > 1), 0)
        conditions = [word for word in held[:first] if word in _CONDITIONS and word not in said]
        if conditions:
            return f"it leaves out “{conditions[0]}” before what it says"
        before = None
        if not _SAYS.search(draft.text):
            before = _ONLY_SAID.search(" ".join([*held[:first], ""]))
        # what the source itself says needs no more than its name before it
        itself = _PARTS & set(held[:first]) or _names(held[:first], passage.source)
        subject = _SUBJECT.match(text)
        if before is None and subject and set(words(subject[1])) <= set(held[:first]) - set(said):
            before = subject
        if before and not itself:
            return f"it leaves out “{before[1]}” before what it says"
    return None


def _changed(draft: Draft) -> str | None:
    """What a sentence that is nearly copied puts in another's place, or leaves out.

    Numbers, names and modal verbs that are not the original's, and single words left out that
    turn the meaning. What the source's own name and date say may be put in front.
    """
    said, names = words(draft.text), _name_words(draft.text)
    for passage, place, copied in _carriers(draft):
        held, names_held = words(copied), _name_words(copied)
        matcher = SequenceMatcher(None, said, held, autojunk=False)
        if sum(block.size for block in matcher.get_matching_blocks()) < _COPIED * len(said):
            continue
        names_known = (*passage.source.names, *heard(passage.source, place))
        known = set(words(f"{lead(passage, place.start)} {' '.join(names_known)}"))
        for kind, i, j, k, m in matcher.get_opcodes():
            if kind == "equal":
                continue
            there = set(map(_turn, held[k:m]))
            # in front, the source's own name may stand
            instead = i > 0 and any(
                _is_critical(w, names_held) or w not in STOPWORDS for w in held[k:m]
            )
            new = [
                w for w in said[i:j] if (instead or w not in known) and (
                    _is_critical(w, names) or _turn(w) not in there and (
                        w in _TURNING or kind == "replace" and w not in STOPWORDS
                        and stem(w) not in _REPORTING
                    )
                )
            ]
            if new:
                return f"“{new[0]}” is not what the sentence that it copies says"
            lost = [w for w in held[k:m] if w in _LIMITS]
            if lost and m - k <= _FEW:
                return f"it leaves out “{lost[0]}” from the sentence that it copies"
    return None


def _turn(word: str) -> str:
    """Its stem; one for all words that mean "all"."""
    return _SAME_TURN.get(stem(word), stem(word))


def _name_words(text: str) -> set[str]:
    return {word for name in _NAME.findall(text) for word in words(name)}


def _is_critical(word: str, names: Set[str]) -> bool:
    return word in names or word in _MODALS or word in _NUMBER_WORDS or word[0].isdigit()


def _misplaced(draft: Draft) -> str | None:
    """A number, name or modal verb must stand among the words that it stands among there.

    Of the two nearest content words on each side one must be near it on the same side; "signed by
    A" counts as "A signed". A document's own name of several words may stand anywhere, and who
    speaks may be told before what is said.
    """
    names = _name_words(draft.text)
    held = [words(text) for p, _ in draft.cited for text in _sentences(p)]
    titles = {
        pair for p, _ in draft.cited for name in p.source.names for pair in pairwise(words(name))
    }
    names -= _speaking(draft)
    places: dict[str, list[tuple[list[str], int]]] = {}
    for text in held:
        for place, word in enumerate(text):
            places.setdefault(stem(word), []).append((text, place))
    for clause in map(words, _CLAUSE.split(draft.text)):
        for place, word in enumerate(clause):
            if not _is_critical(word, names) or word in names and any(
                pair in titles for pair in pairwise(clause[max(0, place - 1) : place + 2])
            ):
                continue
            around = _around(clause, place, 2, len(clause))
            if not any(_fits(around, text, there) for text, there in places.get(stem(word), ())):
                return f"“{word}” stands among other words in what it cites"
    return None


def _speaking(draft: Draft) -> set[str]:
    """The words of the name that the sentence begins with, if it says that this one says it."""
    begins = _REPORTS.search(draft.text)
    held = [
        words(who) for p, place, _ in _carriers(draft)
        for who in (voice_at(p.source, place.start), *heard(p.source, place))
    ]
    spoken = set(words(draft.text[: begins.end(1)])) if begins else set()
    return spoken if any(name and spoken <= set(name) for name in held) else set()


def _fits(around: tuple[set[str], set[str]], text: Sequence[str], place: int) -> bool:
    """Whether a place of the source has one of the words around on each side."""
    left, right = around
    near_left, near_right = _around(text, place, _NEAR, _NEAR)
    if "by" in text[max(0, place - 3) : place]:
        near_right |= near_left
    return (not left or bool(left & near_left)) and (not right or bool(right & near_right))


def _sentences(passage: Passage) -> Iterator[str]:
    """What is known of the passage's source, then each sentence of the passage."""
    yield _known(passage)
    for start, end in sentences(passage.text, passage.source.language):
        yield passage.text[start:end]


def _known(passage: Passage) -> str:
    """Whose text it is, when, with what force, and where in it."""
    source = passage.source
    voices = " ".join((source.voice, *heard(source, passage.span)))
    return f"{lead(passage)} {voices} {source.title} {' '.join(source.aliases)} {say_date(source)}"


def _around(text: Sequence[str], place: int, count: int, reach: int) -> tuple[set[str], set[str]]:
    """Stems of the nearest `count` content words on each side, at most `reach` words away."""
    before = text[max(0, place - reach) : place][::-1]
    after = text[place + 1 : place + 1 + reach]
    left, right = ([stem(w) for w in side if w not in STOPWORDS] for side in (before, after))
    return set(left[:count]), set(right[:count])


def _denied(text: str) -> set[str]:
    """For each negation the content word behind it (before it, where it ends the sentence):
    a sentence may leave the negation out only together with that word."""
    wanted = set(terms(text)) | _NEGATIONS
    content = [s for s in map(stem, words(text)) if s in wanted and s not in _MODALS]
    denied = set()
    for place, word in enumerate(content):
        if word in _NEGATIONS:
            behind = [w for w in content[place + 1 :] if w not in _NEGATIONS][:1]
            before = [w for w in content[:place] if w not in _NEGATIONS][-1:]
            denied.update(behind or before)
    return denied


def _says_nothing(draft: Draft) -> str | None:
    asks = draft.text.rstrip("”\"’' ").endswith("?")
    return "it states nothing" if asks or len(_own_terms(draft)) < _FEWEST else None


def _own_terms(draft: Draft) -> list[str]:
    """What the sentence says beside whose text it is from."""
    known = {t for p, _ in draft.cited for t in terms(_known(p))}
    return [term for term in terms(draft.text) if term not in known]


def _own_order(draft: Draft) -> str | None:
    """All content words must be those of the sentences that carry the statement, nearly all in
    their order: words of a passage can be put together to anything."""
    said = [term for term in _own_terms(draft) if term not in _REPORTING]
    held = [term for _, _, text in _carriers(draft) for term in terms(text)]
    foreign = [term for term in said if not any(akin(term, other) for other in held)]
    if foreign:
        word = next(w for w in words(draft.text) if stem(w) == foreign[0])
        return f"“{word}” is not in the sentence that carries it"
    blocks = SequenceMatcher(None, said, held, autojunk=False).get_matching_blocks()
    kept = sum(block.size for block in blocks)
    if kept >= _IN_ORDER * len(said):
        return None
    return f"only {kept} of its {len(said)} content words stand in this order in what it cites"


def _evidence_text(passage: Passage) -> str:
    return f"{_known(passage)} {passage.text}"


def unnamed(draft: Draft) -> str:
    """The preface that a sentence needs which does not say whose words it reports; else empty."""
    passage, offered = draft.cited[0]
    place = carrying(draft.text, passage, offered).start
    said = words(draft.text)
    who = set(terms(voice_at(passage.source, place)))
    named = who & set(map(stem, said)) or _names(said, passage.source)
    return "" if named else lead(passage, place)


def _names(said: Iterable[str], source: Source) -> bool:
    """Whether the words have all of one of the source's names."""
    held = set(map(stem, said))
    return any(name and name <= held for name in (set(terms(one)) for one in source.names))


def shared(text: str, passage: Passage) -> int:
    """How many content words of the text the passage has."""
    return len(set(terms(text)) & set(terms(passage.text)))


def _carriers(draft: Draft) -> Iterator[tuple[Passage, Span, str]]:
    """For each citation its passage, and the place and text of the sentence that carries it."""
    for passage, offered in draft.cited:
        place = carrying(draft.text, passage, offered)
        yield passage, place, passage.source.text[slice(*place)]


def carrying(text: str, passage: Passage, offered: Span) -> Span:
    """The one sentence of those offered that shares most content words with the statement."""
    said = set(terms(text))
    source = passage.source
    options = sentences(source.text[offered.start : offered.end], source.language, offered.start)
    return max(
        options, key=lambda s: len(said & set(terms(source.text[s.start : s.end]))),
        default=offered,
    )
