"""Answers → files to keep: Markdown with footnotes, JSON with references in CSL form.

Takes only `Answer`s. All text of documents, models and readers is escaped in Markdown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from assistant.compose import say_date, say_place, say_status
from assistant.corpus.speakers import say_voice
from assistant.render import (
    ABSENT,
    CHECKED,
    TEXT_KIND,
    as_model,
    groups,
    say_model,
    say_source,
    say_withheld,
)
from assistant.types import EVERYTHING, Answer, Citation, Kind, Source, Statement

# CSL has no type for a political document or an official's statement.
_CSL_TYPE: Mapping[Kind, str] = {
    "treaty": "treaty", "political_document": "document", "draft": "document",
    "resolution": "legislation", "official_statement": "document", "official_reply": "document",
    "speech": "speech", "interview": "interview", "article": "article-magazine",
    "reference": "document",
}
# Signs that Markdown or the HTML in it would obey.
_SIGN = re.compile(r"[\\`*_\[\]<>#|~$&^]")
_AT_THE_START = re.compile(r"^(\d+)([.)])|^([-+=])")


def to_markdown(answers: Sequence[Answer]) -> str:
    """The answers one after the other, each quote and sentence with a footnote to its place."""
    return "\n\n---\n\n".join(_answer(answer, n) for n, answer in enumerate(answers, 1)) + "\n"


def to_json(answers: Sequence[Answer]) -> str:
    """`answers` in the form of `assistant ask --json`, and the `references` cited, in CSL-JSON."""
    sources = {c.passage.source.id: c.passage.source for a in answers for c in a.citations}
    return json.dumps({
        "answers": [as_model(answer).model_dump(mode="json") for answer in answers],
        "references": [to_csl(source) for source in sources.values()],
    }, ensure_ascii=False, indent=2)


def to_csl(source: Source) -> dict[str, Any]:
    """A source in the Citation Style Language's JSON, as reference managers read it."""
    day = source.date
    known = {
        "id": source.id, "type": _CSL_TYPE[source.kind], "title": source.title,
        "title-short": source.short_title, "URL": source.address, "archive": source.archive,
        "author": [{"literal": voice} for voice in source.voice.split("; ")],
        "issued": {"date-parts": [[day.year, day.month, day.day]]} if day else None,
        "language": source.language, "note": f"{say_status(source)}; {TEXT_KIND[source.text_kind]}",
    }
    return {name: value for name, value in known.items() if value}


def say_reference(citation: Citation) -> str:
    """A note in Chicago style: who, what, when, the place in it, where it is published."""
    source = citation.passage.source
    voice = say_voice(source, citation.span.start)
    parts = [voice, f"“{source.title},” {say_date(source)}", say_place(citation.passage)]
    return ", ".join(filter(None, [*parts, source.address])) + "."


def _answer(answer: Answer, number: int) -> str:
    blocks = [f"# {_plain(answer.question)}"]
    if answer.understood != answer.question:
        blocks.append(f"Understood as: {_plain(answer.understood)}")
    if answer.premise:
        blocks.append(f"**{_plain(answer.premise)}**")
    if not answer.statements:
        blocks.append(f"**{ABSENT[answer.outcome]}**")
        near = "; ".join(map(say_source, answer.nearest))
        blocks += [f"Nearest, without an answer: {_plain(near)}"] if near else []
    for heading, statements in groups(answer):
        blocks += [f"## {_plain(heading)}", *_statements(statements, number)]
    if answer.withheld:
        rows = "\n".join(f"- {_plain(w.text)} ({_plain(w.reason)})" for w in answer.withheld)
        blocks += [f"## {say_withheld(answer)}", rows]
    if answer.notices:
        blocks += ["## Notes", "\n".join(f"- {_plain(notice)}" for notice in answer.notices)]
    blocks.append(_made_with(answer))
    blocks += [_footnote(citation, number) for citation in answer.citations]
    return "\n\n".join(blocks)


def _statements(statements: Iterable[Statement], number: int) -> list[str]:
    blocks = []
    for lead, said in groupby(statements, lambda s: s.lead):
        blocks += [f"*{_plain(lead)}*"] if lead else []
        for statement in said:
            partial = " (supported in part)" if statement.support == "partial" else ""
            marks = "".join(f"[^{number}-{c.number}]" for c in statement.citations)
            blocks.append(f"{_plain(statement.text)}{partial}{marks}")
    return blocks


def _made_with(answer: Answer) -> str:
    model = "none, the sources themselves" if answer.model == "quotes" else say_model(answer.model)
    facts = [
        f"Outcome: {answer.outcome.replace('_', ' ')}", f"Language model: {model}",
        f"Corpus version: {answer.corpus_version}",
    ]
    if answer.scope != EVERYTHING:
        facts.append("Asked of a part of the sources, see the notes")
    return "\n".join(f"- {_plain(fact)}" for fact in facts)


def _footnote(citation: Citation, number: int) -> str:
    passage, source = citation.passage, citation.passage.source
    held = f"{TEXT_KIND[source.text_kind]}, {CHECKED[passage.checked]}; {say_status(source)}"
    return (
        f"[^{number}-{citation.number}]: {_plain(say_reference(citation))} {_plain(held)}. "
        f"There: {_plain(citation.quote)}"
    )


def _plain(text: str) -> str:
    """The text in one line, with nothing in it that Markdown obeys."""
    line = _SIGN.sub(r"\\\g<0>", " ".join(text.split()))
    return _AT_THE_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", line)
