"""Which sources may answer: names, kinds and dates as typed → `Scope`."""

from __future__ import annotations

import difflib
from calendar import monthrange
from collections.abc import Collection, Iterable, Sequence
from datetime import date as Day
from itertools import chain
from typing import Any, get_args

from assistant.errors import QuestionError
from assistant.types import EVERYTHING, TIER_OF_KIND, Kind, Scope, Source, Status


def read_scope(
    held: Sequence[Source], *, sources: Sequence[str] = (), voices: Sequence[str] = (),
    kinds: Sequence[str] = (), statuses: Sequence[str] = (), since: str = "", until: str = "",
    primary: bool = False,
) -> Scope:
    """The scope meant by what was typed; case does not matter.

    `primary` stands for the kinds of text that parties agreed or proposed. A year or a month counts
    from its first day in `since`, to its last in `until`. Raises QuestionError for what the corpus
    does not know, and where it holds no source of all that.
    """
    known_voices = {voice for source in held for voice in source.voice.split("; ")}
    scope = Scope(
        sources=_known("source", sources, {source.id for source in held}),
        voices=_known("voice", voices, known_voices),
        kinds=_kinds(kinds, primary),
        statuses=_known("status", statuses, get_args(Status)),
        since=_day("since", since, last=False), until=_day("until", until, last=True),
    )
    if scope != EVERYTHING and not any(map(scope.admits, held)):
        raise QuestionError(
            f"No source here is all that: {say_scope(scope)}.", "Leave one of the filters out.",
        )
    return scope


def find_source(typed: str, held: Sequence[Source]) -> Source:
    """The source of that id or name, or the only one that has the words in a name.

    Raises QuestionError where there is none, or several.
    """
    wanted = _plain(typed)
    named = {s.id: [_plain(name) for name in (s.id, *s.names) if name] for s in held}
    whole = [source for source in held if wanted in named[source.id]]
    part = [s for s in held if wanted and any(wanted in name for name in named[s.id])]
    found = whole or part
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(source.id for source in found[:5]) + (", …" if len(found) > 5 else "")
        raise QuestionError(
            f"{len(found)} sources are called {typed!r}.", f"Name one by its id: {some}"
        )
    near = difflib.get_close_matches(wanted, chain(*named.values()), n=1, cutoff=0.5)
    meant = next((s.id for s in held if near and near[0] in named[s.id]), "")
    raise QuestionError(
        f"There is no source {typed!r} here.",
        f"Did you mean {meant!r}?" if meant else "See the ids with: assistant corpus list",
    )


def say_scope(scope: Scope) -> str:
    """In words, as "voice NATO; since 1 January 2014"."""
    named = (("source", scope.sources), ("voice", scope.voices), ("kind", scope.kinds),
             ("status", scope.statuses))
    said = [f"{name} {' or '.join(values)}" for name, values in named if values]
    days = (("since", scope.since), ("until", scope.until))
    said += [f"{name} {day.day} {day:%B %Y}" for name, day in days if day]
    return "; ".join(said).replace("_", " ")


def _kinds(kinds: Sequence[str], primary: bool) -> tuple[Kind, ...]:
    chosen = _known("kind", kinds, get_args(Kind))
    if not primary:
        return chosen
    first = tuple(kind for kind, tier in TIER_OF_KIND.items() if tier == "primary")
    return tuple(kind for kind in first if kind in chosen) if chosen else first


def _known(name: str, typed: Iterable[str], known: Collection[str]) -> tuple[Any, ...]:
    """The values as the corpus spells them."""
    by_plain = {_plain(value): value for value in known}
    for value in typed:
        if _plain(value) not in by_plain:
            near = difflib.get_close_matches(_plain(value), by_plain, n=1, cutoff=0.5)
            some = ", ".join(sorted(known)[:8])
            raise QuestionError(
                f"There is no {name} {value!r} here.",
                f"Did you mean {by_plain[near[0]]!r}?" if near else f"There are {some}, …",
            )
    return tuple(by_plain[_plain(value)] for value in typed)


def _plain(value: str) -> str:
    return value.strip().casefold().replace("_", " ")


def _day(name: str, typed: str, last: bool) -> Day | None:
    if not typed:
        return None
    try:
        year, month, day = [*map(int, typed.split("-")), 0, 0][:3]
        month = month or (12 if last else 1)
        return Day(year, month, day or (monthrange(year, month)[1] if last else 1))
    except (ValueError, IndexError) as error:
        raise QuestionError(
            f"{name} {typed!r} is no date.", "Write it as 2022, 2022-01 or 2022-01-26.",
        ) from error
