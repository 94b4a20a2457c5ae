"""What is wrong between documents, each of which is well-formed by itself."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import get_args

from assistant.corpus.headings import headings
from assistant.corpus.readers import read_text
from assistant.errors import CorpusError
from assistant.types import RelationType, Source

_HEADING = re.compile(r"^#+ +(.*?)(?: *\{[^{}\n]*\})? *$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Document:
    """A source and the file that it was read from."""

    source: Source
    path: Path
    lines_before: int
    has_front_matter: bool


def check(documents: Collection[Document]) -> Iterator[CorpusError]:
    """Relations to what is not there, in circles, or against time; dates that contradict."""
    by_id = {d.source.id: d for d in documents}
    for document in documents:
        yield from _dates(document)
        yield from _headings(document)
        yield from _relations(document, by_id)
    yield from _circles(by_id)


def line_of(path: Path, field: str) -> int | None:
    """The line, counted from 1, on which a field of the front matter begins."""
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if line.startswith(f"{field}:"):
            return number
    return None


def _fault(document: Document, field: str, fact: str, next_step: str) -> CorpusError:
    return CorpusError(
        f"field {field!r}: {fact}", next_step, path=document.path,
        line=line_of(document.path, field), field=field,
    )


def _dates(document: Document) -> Iterator[CorpusError]:
    source = document.source
    for field in ("entry_into_force", "status_as_of"):
        day = getattr(source, field)
        if day and source.date and day < source.date:
            yield _fault(
                document, field, f"{day} lies before the date of the act, {source.date}.",
                "Correct one of the two.",
            )


def _headings(document: Document) -> Iterator[CorpusError]:
    """A digest's heading is what saved answers cite by: it must be one of its kind."""
    if document.source.text_kind != "digest":
        return
    text = document.source.text
    found = list(_HEADING.finditer(text))
    count = Counter(match[1] for match in found)
    for match in found:
        if count[match[1]] > 1:
            yield CorpusError(
                f"the heading {match[1]!r} is used {count[match[1]]} times.",
                "Say in each what sets it apart, in brackets.", path=document.path,
                line=document.lines_before + text[: match.start()].count("\n") + 1,
            )
            return


def _relations(document: Document, by_id: dict[str, Document]) -> Iterator[CorpusError]:
    source = document.source
    for relation in source.relations:
        if relation.to not in by_id:
            near = difflib.get_close_matches(relation.to, by_id, n=1)
            yield _fault(
                document, "relations", f"it names {relation.to!r}, which is no document here.",
                f"Did you mean {near[0]!r}?" if near else "Remove it, or add that document.",
            )
            continue
        other = by_id[relation.to].source
        if relation.anchor and relation.anchor not in _anchors(other):
            near = difflib.get_close_matches(relation.anchor, _anchors(other), n=1)
            yield _fault(
                document, "relations", f"{other.id!r} has no heading {relation.anchor!r}.",
                f"Did you mean {near[0]!r}?" if near else "Write a heading as it stands there.",
            )
        if relation.type == "translates" and other.language == source.language:
            yield _fault(
                document, "relations",
                f"it translates {other.id!r}, which is in the same language ({other.language}).",
                "Correct the language of one of the two.",
            )
        # every relation points back in time: what is answered, amended or quoted was there before
        if source.date and other.date and other.date > source.date:
            yield _fault(
                document, "relations",
                f"it {relation.type} {other.id!r}, which is later ({other.date}).",
                "Correct a date, or turn the relation round.",
            )


def _anchors(source: Source) -> list[str]:
    return [heading.anchor for heading in headings(source.text)]


def _circles(by_id: dict[str, Document]) -> Iterator[CorpusError]:
    """One circle of relations of each type, told at its first document; mended, the next shows."""
    for kind in get_args(RelationType):
        graph = {
            i: [r.to for r in d.source.relations if r.type == kind and r.to in by_id]
            for i, d in by_id.items()
        }
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            path = error.args[1][:0:-1]  # from successor to predecessor, the first again at the end
            start = path.index(min(path))
            path = path[start:] + path[:start]
            yield _fault(
                by_id[path[0]], "relations", f"{kind} goes in a circle: {' → '.join(path)}.",
                "Remove one of these relations.",
            )
