"""What one saved answer is worth, held against its test prompt. No model is asked here.

Only the judge handed to `citations_judged` decides about meaning; it must be something that did not
gate the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from assistant.evaluation.suite import ABSTAINS, GIVES_AN_ANSWER, TestPrompt, plain, says
from assistant.render import AnswerJson, CitationJson, StatementJson

Judge = Callable[[str, str], bool]
"""Premise and claim → whether the premise fully supports the claim."""

_QUOTED = re.compile(r'"([^"]{2,}?)"')
_WORD = re.compile(r"\w+")
# "Lavrov says", "Macron added": a capitalised name before a verb of saying.
_SPEAKER = re.compile(
    r"\b([A-ZÀ-ÖØ-Þ][\w’'-]{2,})\s+(?:also\s+|again\s+)?(?:said|says|told|tells|claim(?:s|ed)|"
    r"argue[sd]|writes|wrote|call(?:s|ed)|warn(?:s|ed)|add(?:s|ed)|denie[sd]|ask(?:s|ed)|"
    r"stat(?:es|ed)|answer(?:s|ed)|promise[sd]|announce[sd]|demand(?:s|ed))\b"
)


class Cited(NamedTuple):
    """ALCE's figures of one answer, each from 0 to 1, and its statements that no citation
    supports."""

    recall: float
    precision: float
    unsupported: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Score:
    """What one answer is worth; `None` where its prompt does not ask for it.

    `should_abstain` is `None` where to abstain and to answer are both right. `sources` is the share
    of the wanted lists of sources of which one is cited; `vital` and `okay` say for each fact
    whether it is told; `quotations` for each stretch in quotation marks whether it is verbatim;
    `gate` is the share of the model's sentences that the program's own check let through; `read`
    and `written` are the model's tokens, zero where its server does not count.
    """

    outcome: str
    right: bool
    expected: tuple[str, ...]
    should_abstain: bool | None
    abstention_fits: bool
    sources: float | None
    lacking: tuple[str, ...]
    vital: tuple[bool, ...]
    okay: tuple[bool, ...]
    forbids: bool
    forbidden: tuple[str, ...]
    quotations: tuple[bool, ...]
    quoted: bool | None
    misattributed: tuple[str, ...]
    speakers: int
    gate: float | None
    cited: Cited | None
    read: int
    written: int
    first_text: float | None
    total: float | None

    @property
    def abstained(self) -> bool:
        return self.outcome in ABSTAINS

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the answer does not pass, in words; empty if it does."""
        return tuple(_faults(self))

    @property
    def passed(self) -> bool:
        return not self.faults


def score(prompt: TestPrompt, answer: AnswerJson, cited: Cited | None = None) -> Score:
    """Facts and sources are wanted unless the answer abstains where that is right too. `cited` is
    what a judge found of it (`citations_judged`)."""
    wanted = not (answer.outcome in ABSTAINS and answer.outcome in prompt.expect)
    text = asserted(answer)
    facts = prompt.facts if wanted else ()
    named, strangers = _speakers(answer)
    quotations = tuple(verbatim(answer))
    return Score(
        outcome=answer.outcome, right=answer.outcome in prompt.expect, expected=prompt.expect,
        should_abstain=True if prompt.unanswerable else False if prompt.answerable else None,
        abstention_fits=not ABSTAINS.isdisjoint(prompt.expect),
        sources=_sources(prompt, answer) if wanted and prompt.wanted else None,
        lacking=tuple(f.alternatives[0] for f in facts if f.vital and not f.found_in(text)),
        vital=tuple(f.found_in(text) for f in facts if f.vital),
        okay=tuple(f.found_in(text) for f in facts if f.okay),
        forbids=bool(prompt.must_not),
        forbidden=tuple(one for one in prompt.must_not if says(text, one)),
        quotations=quotations, quoted=any(quotations) if prompt.quotation and wanted else None,
        misattributed=strangers, speakers=named, gate=_gate(answer),
        cited=cited, read=answer.tokens.read, written=answer.tokens.written,
        first_text=answer.timings.get("first_text"), total=answer.timings.get("total"),
    )


def asserted(answer: AnswerJson) -> str:
    """What the answer says on its own account: its statements with who says them, and what it puts
    against a false premise. Notices and titles of near documents are not counted."""
    told = [f"{statement.lead} {statement.text}" for statement in answer.statements]
    return plain("\n".join([answer.premise, *told]))


def citations_judged(answer: AnswerJson, judge: Judge) -> Cited:
    """Citation recall and precision as ALCE defines them (Gao et al. 2023).

    A statement has recall 1 if it cites something and all it cites together supports it. A citation
    is precise if its statement has recall 1, and it supports the statement alone or the others
    do not without it. Both are means over the answer.
    """
    passages = dict(_passages(answer))
    recalled: list[bool] = []
    precise: list[bool] = []
    unsupported = []
    for statement in answer.statements:
        premises = [passages[number] for number in statement.citations]
        supported = bool(premises) and judge("\n".join(premises), statement.text)
        recalled.append(supported)
        if not supported:
            unsupported.append(statement.text)
        for place, premise in enumerate(premises):
            others = premises[:place] + premises[place + 1:]
            precise.append(supported and (
                judge(premise, statement.text)
                or not (others and judge("\n".join(others), statement.text))
            ))
    return Cited(
        fmean(recalled) if recalled else 0.0, fmean(precise) if precise else 0.0,
        tuple(unsupported),
    )


def _passages(answer: AnswerJson) -> Iterator[tuple[int, str]]:
    """Number and text of each passage cited, under its title; the cited words alone where the
    passage is not among the evidence."""
    texts = {(e.source, e.anchor): e.text for e in answer.evidence}
    for c in answer.citations:
        text = texts.get((c.source, c.anchor), c.quote)
        yield c.number, f"{c.title} ({c.date or 'no date'})\n{text}"


def _sources(prompt: TestPrompt, answer: AnswerJson) -> float:
    cited = {citation.source for citation in answer.citations}
    return fmean(not cited.isdisjoint(side) for side in prompt.wanted)


def verbatim(answer: AnswerJson) -> Iterator[bool]:
    """Of each stretch in quotation marks, whether a cited passage has it word for word; of a digest
    only what stands in quotation marks there too counts as the document's own words."""
    citations = {citation.number: citation for citation in answer.citations}
    held = {(e.source, e.anchor): e.text for e in answer.evidence}
    for statement in answer.statements:
        texts = [
            text for number in statement.citations
            for text in _own_words(citations[number], held)
        ]
        for quoted in _QUOTED.findall(plain(statement.text)):
            yield any(_words(quoted) in text for text in texts)


def _own_words(citation: CitationJson, held: dict[tuple[str, str], str]) -> list[str]:
    text = plain(f"{citation.quote}\n{held.get((citation.source, citation.anchor), '')}")
    own = _QUOTED.findall(text) if citation.text_kind == "digest" else [text]
    return [_words(one) for one in own]


def _words(text: str) -> str:
    """The words in their order, whatever their case, the marks and the spaces between them."""
    return " ".join(["", *_WORD.findall(text.casefold()), ""])


def _speakers(answer: AnswerJson) -> tuple[int, tuple[str, ...]]:
    """How many statements name who says it, and those whose speaker none of their citations knows:
    neither as its voice, nor in its title, nor in the cited words."""
    citations = {citation.number: citation for citation in answer.citations}
    named, strangers = 0, []
    for statement in answer.statements:
        names = _SPEAKER.findall(statement.text)
        named += bool(names)
        known = _known(statement, citations)
        strangers += [f"{name}: {statement.text}" for name in names if name not in known]
    return named, tuple(strangers)


def _known(statement: StatementJson, citations: dict[int, CitationJson]) -> str:
    cited = [citations[number] for number in statement.citations]
    return "\n".join(f"{c.voice}\n{c.title}\n{c.quote}" for c in cited)


def _gate(answer: AnswerJson) -> float | None:
    shown = sum(statement.origin == "model" for statement in answer.statements)
    written = shown + len(answer.withheld)
    return shown / written if written else None


def _faults(score: Score) -> Iterator[str]:
    if not score.right:
        yield f"outcome {score.outcome}, expected {' or '.join(score.expected)}"
    answered = score.outcome in GIVES_AN_ANSWER or score.right
    if answered and score.lacking:
        yield f"lacks {_listed(score.lacking)}"
    if answered and score.sources is not None and score.sources < 1:
        yield "cites none of the wanted sources" if not score.sources else "cites one side only"
    if score.forbidden:
        yield f"asserts {_listed(score.forbidden)}"
    if not all(score.quotations):
        yield "a quotation is not verbatim"
    if answered and score.quoted is False:
        yield "quotes nothing"
    if score.misattributed:
        yield f"in the wrong mouth: {score.misattributed[0]}"


def _listed(wanted: Sequence[str]) -> str:
    return "; ".join(f"“{one}”" for one in wanted)
