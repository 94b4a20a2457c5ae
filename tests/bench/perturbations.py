"""Is a small change in a true statement caught? `python -m tests.bench.perturbations DIR`

True statements are sentences of the documents, as they stand and re-punctuated; each is changed in
one place: a number, a negation, a modal verb, a quantifier, a word of order ("before"), any other
word or a name, by one from elsewhere or (harder) by another of the same passage. Printed are the
shares caught and passed, with 95 % intervals, for the half of the documents that `--half` names:
choose rules on `tune`, report `report`. Questions and sentences in the second person are left out:
they are withheld whatever they say.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from assistant.corpus.adding import files_below
from assistant.corpus.catalogue import read_document
from assistant.corpus.passages import sentences, split
from assistant.evaluation.metrics import say_share
from assistant.injection import addressed
from assistant.types import Draft, Passage, Statement
from assistant.verify import Numbering, check

_NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,])|(?<![\w.,-])\d+(?![\w,.-]|\.\d)")
_WORDS = (
    "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty sixty ninety"
).split()
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b(?! of\b)", re.IGNORECASE)
_NEGATION = re.compile(r"\b(?:not|never)\b ?")
_MODAL = re.compile(r"\b(?:shall|must|may|should|will)\b")
_SWAPS = {
    "shall": ("may", "should"), "must": ("may", "should"), "may": ("shall", "must"),
    "should": ("must", "may"), "will": ("may", "might"),
}
_QUANTIFIERS = {
    "all": ("some", "most"), "some": ("all", "many"), "every": ("some",), "each": ("some",),
    "most": ("all", "few"), "many": ("few", "all"), "any": ("some",), "both": ("neither", "some"),
    "several": ("all", "few"), "few": ("many",),
}
_RELATIONS = {
    "before": ("after",), "after": ("before",), "more": ("less",), "less": ("more",),
    "above": ("below",), "below": ("above",), "until": ("after",), "since": ("before",),
    "against": ("with",), "inside": ("outside",), "outside": ("inside",), "within": ("outside",),
    "first": ("last",), "last": ("first",), "earlier": ("later",), "later": ("earlier",),
}
_WORD = re.compile(r"(?<=[a-z,] )[a-z]{6,}(?= [a-z])")
# A name of one word, inside a sentence; months and days are numbers' business.
_NAME = re.compile(
    r"(?<=[a-z,;] )(?!(?:January|February|March|April|May|June|July|August|September|October"
    r"|November|December|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|I|Article"
    r"|Articles|Section|Protocol|Annex|Paragraph|Treaty)\b)[A-Z][a-z]{3,}\b(?! [A-Z])"
)


Other = Callable[[str, random.Random], "str | None"]


class Case(NamedTuple):
    kind: str
    text: str
    passage: Passage
    true: bool


def cases(folder: Path, half: str, most: int, seed: int) -> list[Case]:
    """`most` of each kind, the same for the same folder and seed."""
    pick = random.Random(seed)
    passages = passages_of(folder, half)
    names = sorted({name for passage in passages for name in _NAME.findall(passage.text)})
    found: dict[str, list[Case]] = defaultdict(list)
    for passage in passages:
        for case in _of_passage(passage, names, pick):
            found[case.kind].append(case)
    for kind in found:
        pick.shuffle(found[kind])
    return [case for kind in sorted(found) for case in found[kind][:most]]


def passages_of(folder: Path, half: str) -> list[Passage]:
    """The English passages of one half of the documents, `tune` or `report`."""
    return [
        passage for file in files_below([folder]) if file.suffix == ".txt"
        and _half(file.stem) == half for passage in split(read_document(file).source)
        if passage.source.language == "en"
    ]


def _half(name: str) -> str:
    return "tune" if int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 else "report"


def _of_passage(passage: Passage, names: list[str], pick: random.Random) -> Iterator[Case]:
    text = passage.source.text
    for span in sentences(passage.text, "en", passage.span.start):
        true = " ".join(text[span.start : span.end].split())
        if not 8 <= len(true.split()) <= 45 or not true[0].isupper() or '"' in true:
            continue
        if addressed(true) or true.endswith("?"):
            continue
        yield Case("unchanged", true, passage, True)
        yield Case("re-punctuated", _repunctuated(true), passage, True)
        for kind, pattern, other in _changes(passage, names):
            changed = _change(true, pattern, other, pick)
            if changed and changed != true:
                yield Case(kind, changed, passage, False)


def _changes(passage: Passage, names: list[str]) -> Iterator[tuple[str, re.Pattern[str], Other]]:
    """Kind, what is changed, and by what (given what stands there)."""
    numbers = _NUMBER.findall(passage.text)
    near = sorted(set(_NAME.findall(passage.text)))
    far = [name for name in names if name not in passage.text]
    yield "number", _NUMBER, lambda old, pick: _other_number(old, numbers, pick)
    yield "number, by one of the passage", _NUMBER, lambda old, pick: _one_of(numbers, old, pick)
    yield "number word", _NUMBER_WORD, lambda old, pick: _one_of(_WORDS, old.lower(), pick)
    yield "negation removed", _NEGATION, lambda old, pick: ""
    here = sorted(set(_WORD.findall(passage.text)))
    yield "quantifier", _one_word(_QUANTIFIERS), lambda old, pick: pick.choice(_QUANTIFIERS[old])
    yield "order or side", _one_word(_RELATIONS), lambda old, pick: pick.choice(_RELATIONS[old])
    yield "other word, by one of the passage", _WORD, lambda old, pick: _unlike(here, old, pick)
    yield "modal", _MODAL, lambda old, pick: pick.choice(_SWAPS[old])
    yield "name", _NAME, lambda old, pick: _one_of(far, old, pick)
    yield "name, by one of the passage", _NAME, lambda old, pick: _one_of(near, old, pick)


def _one_word(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b")


def _unlike(options: list[str], old: str, pick: random.Random) -> str | None:
    """Another word, and not another form of the same."""
    return _one_of([o for o in options if o[:4] != old[:4]], old, pick)


def _change(
    text: str, pattern: re.Pattern[str], other: Other, pick: random.Random
) -> str | None:
    found = list(pattern.finditer(text))
    if not found:
        return None
    match = pick.choice(found)
    new = other(match[0], pick)
    return None if new is None else text[: match.start()] + new + text[match.end() :]


def _one_of(options: list[str], old: str, pick: random.Random) -> str | None:
    others = [o for o in options if o != old and o.replace(",", "") != old.replace(",", "")]
    return pick.choice(others) if others else None


def _other_number(old: str, here: list[str], pick: random.Random) -> str:
    while True:
        plain = str(pick.randint(10 ** (len(old.replace(",", "")) - 1), 10 ** len(old) - 1))
        new = f"{int(plain):,}" if "," in old else plain
        if new not in here:
            return new


def _repunctuated(text: str) -> str:
    plain = text.replace("’", "'").replace("–", "-").replace(";", ",")
    return plain[:-1] if plain.endswith(".") else plain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument("--most", type=int, default=300, help="cases of a kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="cases of a kind judged wrongly")
    given = parser.parse_args()
    right: dict[str, list[bool]] = defaultdict(list)
    true: dict[str, bool] = {}
    for case in cases(given.folder, given.half, given.most, given.seed):
        draft = Draft(
            text=case.text, cited=((case.passage, case.passage.span),), origin="model"
        )
        result = check(draft, Numbering())
        passed = isinstance(result, Statement) and not _cut_off(result, case.passage)
        right[case.kind].append(passed == case.true)
        true[case.kind] = case.true
        if passed != case.true and right[case.kind].count(False) <= given.show:
            why = "" if isinstance(result, Statement) else f" ({result.reason})"
            print(f"{case.kind}: {case.text}{why}\n    {case.passage.text[:600]}\n")
    print("| kind | wanted | right | share |\n|---|---|---|---|")
    for kind, results in right.items():
        print(_row(kind, "passes" if true[kind] else "caught", results))
    for wanted, of in (("passes", True), ("caught", False)):
        joined = [r for kind, rs in right.items() if true[kind] == of for r in rs]
        print(_row("all of these", wanted, joined))


def _cut_off(statement: Statement, passage: Passage) -> bool:
    """Whether what was changed is not shown: the rest is the passage's own."""
    shown = statement.text.rstrip(".").lower()
    return statement.support == "partial" and shown in " ".join(passage.text.split()).lower()


def _row(kind: str, wanted: str, right: list[bool]) -> str:
    share = say_share(sum(right), len(right))
    return f"| {kind} | {wanted} | {sum(right)} of {len(right)} | {share} |"


if __name__ == "__main__":
    main()
