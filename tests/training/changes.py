"""A sentence changed in one place so that it says something else: the false twins to learn from."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_MODAL = re.compile(r"\b(shall|must|may|should|will|can|could|would|might)\b")
_MODALS = ("shall", "must", "may", "should", "will", "could", "might", "must not", "may not")
_AUXILIARY = re.compile(r"\b(is|are|was|were|has|have|had|can|could|will|would|did|does|do)\b")
_NEGATION = re.compile(r"\b(?:not|never) |n't\b|\bcannot\b|\bno (?=\w)")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w])")
_NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty "
    "fifty sixty ninety hundred first second third fourth".split()
)
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
NAME = re.compile(r"(?<=[\w,;:)”\"’] )[A-Z][\w’-]+(?: (?:of |the )?[A-Z][\w’-]+)*")
_MONTHS = (
    "January February March April May June July August September October November December".split()
)
_MONTH = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b")
_QUANTITY = {
    "all": ("some", "none of", "few"), "every": ("no", "almost no"), "some": ("all", "no"),
    "many": ("few", "no"), "most": ("few", "all"), "only": ("also", "not only"),
    "any": ("every", "no"), "each": ("neither", "no"), "both": ("neither", "one of"),
    "no": ("every", "some"), "none": ("all", "most"), "several": ("no", "all"),
    "always": ("never", "sometimes"), "never": ("always", "often"), "often": ("never", "rarely"),
    "few": ("many", "all"), "at least": ("at most", "exactly"), "at most": ("at least",),
    "more than": ("less than", "exactly"), "less than": ("more than",), "also": ("only",),
}
_OPPOSITES = """
accept/reject accepted/rejected accepts/rejects agree/disagree agreed/refused agrees/refuses
increase/decrease increased/decreased increases/decreases increasing/decreasing rise/fall rose/fell
support/oppose supported/opposed supports/opposes supporting/opposing allow/forbid allowed/forbidden
allows/forbids before/after above/below inside/outside with/without for/against
start/end started/ended begin/end began/ended begins/ends beginning/end open/close opened/closed
join/leave joined/left joins/leaves joining/leaving win/lose won/lost buy/sell bought/sold
send/receive sent/received sends/receives give/take gave/took gives/takes ask/tell asked/told
large/small larger/smaller largest/smallest high/low higher/lower highest/lowest
strong/weak stronger/weaker long/short longer/shorter early/late earlier/later new/old newer/older
good/bad better/worse best/worst more/less most/least many/few positive/negative
possible/impossible necessary/unnecessary legal/illegal public/secret military/civilian
eastern/western east/west north/south northern/southern upper/lower internal/external
foreign/domestic friend/enemy peace/war offensive/defensive voluntary/compulsory
temporary/permanent direct/indirect formal/informal include/exclude included/excluded
includes/excludes including/excluding deploy/withdraw deployed/withdrawn deploying/withdrawing
expand/reduce expanded/reduced expanding/reducing expansion/reduction strengthen/weaken
strengthened/weakened confirm/deny confirmed/denied confirms/denies recognise/reject
recognized/rejected succeed/fail succeeded/failed success/failure remember/forget
approve/reject approved/rejected approves/rejects praise/criticise praised/criticised
welcomed/condemned welcomes/condemns welcome/condemn signed/refused ratified/rejected
promise/refuse promised/refused attack/defend attacked/defended attacks/defends
cause/prevent caused/prevented causes/prevents rich/poor easy/difficult cheap/expensive
young/old male/female men/women happy/angry safe/dangerous true/false
rapidly/slowly quickly/slowly frequently/rarely present/absent active/inactive
continue/stop continued/stopped continues/stops build/destroy built/destroyed
protect/endanger protected/endangered improve/worsen improved/worsened
"""
_ANTONYMS = {
    old: new for pair in _OPPOSITES.split()
    for old, new in (pair.split("/"), pair.split("/")[::-1])
}
_ANTONYM = re.compile(rf"\b(?:{'|'.join(sorted(_ANTONYMS, key=len, reverse=True))})\b")
_QUANTIFIER = re.compile(rf"\b(?:{'|'.join(sorted(_QUANTITY, key=len, reverse=True))})\b")

Change = Callable[[str, random.Random, Sequence[str]], "str | None"]


def changed(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    """The sentence changed in one place of a kind picked at random; `names` may be put in."""
    kinds = list(_CHANGES)
    pick.shuffle(kinds)
    for change in kinds:
        new = change(text, pick, names)
        if new and new != text:
            return new
    return None


def _replace(
    pattern: re.Pattern[str], text: str, pick: random.Random, new: Callable[[str], str | None]
) -> str | None:
    found = list(pattern.finditer(text))
    if not found:
        return None
    match = pick.choice(found)
    other = new(match[0])
    if other is None:
        return None
    return " ".join(f"{text[: match.start()]}{other}{text[match.end() :]}".split())


def _number(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    def other(old: str) -> str:
        if len(old) == 4 and old.isdigit() and old[:2] in ("18", "19", "20"):
            return str(int(old) + pick.choice((-11, -4, -3, -2, -1, 1, 2, 3, 5, 10)))
        digits = re.sub(r"\D", "", old) or "1"
        value = max(1, int(digits) + pick.choice((-1, 1)) * pick.randint(1, max(2, int(digits))))
        return f"{value:,}" if "," in old else str(value)
    return _replace(_NUMBER, text, pick, other)


def _number_word(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    return _replace(_NUMBER_WORD, text, pick, lambda old: pick.choice(
        [word for word in _NUMBER_WORDS if word != old.lower()]
    ))


def _month(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    return _replace(_MONTH, text, pick, lambda old: pick.choice(
        [month for month in _MONTHS if month != old]
    ))


def _name(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    others = [name for name in names if name not in text]
    return _replace(NAME, text, pick, lambda old: pick.choice(others)) if others else None


def _modal(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    return _replace(_MODAL, text, pick, lambda old: pick.choice(
        [modal for modal in _MODALS if modal != old]
    ))


def _denied(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    return _replace(_AUXILIARY, text, pick, lambda old: f"{old} not")


def _affirmed(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    return _replace(_NEGATION, text, pick, lambda old: "")


def _opposite(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    return _replace(_ANTONYM, text, pick, lambda old: _ANTONYMS[old])


def _quantity(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    return _replace(_QUANTIFIER, text, pick, lambda old: pick.choice(_QUANTITY[old]))


def _direction(text: str, pick: random.Random, names: Sequence[str]) -> str | None:
    """Two names of the sentence change places."""
    found = [m for m in re.finditer(r"\b[A-Z][\w’-]+(?: [A-Z][\w’-]+)*", text)
             if m.start() or m[0] in names]
    if len(found) < 2:
        return None
    a, b = sorted(pick.sample(found, 2), key=lambda m: m.start())
    if a[0] == b[0]:
        return None
    return text[: a.start()] + b[0] + text[a.end() : b.start()] + a[0] + text[b.end() :]


_CHANGES: tuple[Change, ...] = (
    _number, _number_word, _month, _name, _name, _modal, _denied, _affirmed, _opposite, _opposite,
    _quantity, _direction,
)
