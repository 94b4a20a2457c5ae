"""Source → the page's view of the whole of it: facts, relations in sentences, the full text.

All of it is escaped HTML. Of a document's markup only headings and paragraphs are understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby

from assistant.compose import say_date, say_status
from assistant.corpus.headings import Heading, headings
from assistant.render import CHECKED, TEXT_KIND, is_web, say_proposed
from assistant.tokenization import LANGUAGES
from assistant.types import Relation, RelationType, Source, Span

Sources = Mapping[str, Source]

_VERB: dict[RelationType, str] = {
    "translates": "translates",
    "replies_to": "replies to", "amends": "amends", "supersedes": "supersedes",
    "endorses": "endorses", "quotes": "quotes", "comments_on": "comments on",
}
_PASSIVE: dict[RelationType, str] = {
    "translates": "Translated",
    "replies_to": "Answered", "amends": "Amended", "supersedes": "Superseded",
    "endorses": "Endorsed", "quotes": "Quoted", "comments_on": "Commented on",
}
# A sentence of more links than this is no longer followed.
_CHAIN = 4
_CONTENTS_FROM = 6
_CONTENTS_OPEN = 12
_NOTHING = Span(0, 0)
_PARAGRAPH = re.compile(r"\S(?:.|\n(?!\s*(?:\n|\Z)))*")


def source_html(source: Source, sources: Sources, marked: Span = _NOTHING) -> str:
    """The whole source; the characters `marked`, if any, stand in `<mark>`."""
    shown = f"{source.id}:{marked.start}:{marked.end}"
    return (
        f'<article class="reading" tabindex="-1" data-shown="{escape(shown)}" '
        f'aria-label="{escape(source.title)}">'
        f"<header><h2>{escape(source.title)}</h2>{_facts(source)}</header>"
        f"{relations_html(source, sources)}{text_html(source.text, marked)}"
        '<p class="to-list"><a href="#shelf" class="to-list">Back to the list</a></p></article>'
    )


def nothing_html(text: str = "Choose a source in the list to read the whole of it here.") -> str:
    return f'<p class="quiet nothing">{escape(text)}</p>'


def link(source: Source, words: str) -> str:
    """A link that opens a source in this tab; `citations.js` follows it."""
    return f'<a class="open-source" href="#shelf" data-source="{escape(source.id)}">{words}</a>'


def say_checked(source: Source) -> str:
    return "" if source.text_kind == "not_read" else CHECKED[source.checked]


def _facts(source: Source) -> str:
    force = source.entry_into_force
    text = "; ".join(filter(None, (TEXT_KIND[source.text_kind], say_checked(source),
                                    say_proposed(source))))
    rows = [
        ("Who speaks", escape(source.voice)),
        ("Kind", source.kind.replace("_", " ")),
        ("Date", say_date(source)),
        ("In force from", f"{force.day} {force:%B %Y}" if force else ""),
        ("Status", say_status(source)),
        ("Text", escape(text)),
        ("Language", escape(LANGUAGES.get(source.language, source.language))),
        ("Licence", escape(source.licence or "not known")),
        ("Official text", web_link(source.address) or "no address known"),
        ("Archived copy", web_link(source.archive)),
    ]
    shown = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows if value)
    return f"<dl>{shown}</dl>"


def web_link(address: str | None) -> str:
    """A link where the address is one of the web; what is not is shown as text."""
    if not address or not is_web(address):
        return escape(address or "")
    return (
        f'<a class="official" href="{escape(address)}" target="_blank" '
        f'rel="noopener noreferrer">{escape(address)}</a>'
    )


def relations_html(source: Source, sources: Sources) -> str:
    """What the source does to others, and what others do to it, one sentence for each."""
    sentences = [*_doing(source, sources), *_done(source, sources)]
    if not sentences:
        return ""
    shown = "".join(f"<p>{sentence}</p>" for sentence in sentences)
    return f'<section class="related"><h3>In relation to other sources</h3>{shown}</section>'


def _doing(source: Source, sources: Sources) -> Iterator[str]:
    """`A replies to B, which replies to C.` Documents that are only quoted share one sentence."""
    told = [r for r in source.relations if r.type != "quotes"]
    quoted = [_named(r, sources) for r in source.relations if r.type == "quotes"]
    phrases = [
        f"{_VERB[r.type]} {_named(r, sources)}{_chain(r, sources, {source.id})}" for r in told
    ]
    phrases += [f"{_VERB['quotes']} {_and(quoted)}"] if quoted else []
    for number, phrase in enumerate(phrases):
        subject = "It also" if number else escape(_capital(_dated(source)))
        yield f"{subject} {phrase}."


def _chain(relation: Relation, sources: Sources, before: set[str]) -> str:
    """How the sentence goes on from a relation: the other's own first relation, and so on."""
    other = sources.get(relation.to)
    before = {*before, relation.to}
    after = [r for r in other.relations if r.type != "quotes"] if other else []
    following = next((r for r in after if r.to in sources and r.to not in before), None)
    if following is None or len(before) > _CHAIN:
        return ""
    more = _chain(following, sources, before)
    return f", which {_VERB[following.type]} {_named(following, sources)}{more}"


def _done(source: Source, sources: Sources) -> Iterator[str]:
    """`Commented on by D and E.`"""
    others = sorted(
        ((r.type, other) for other in sources.values() for r in other.relations
         if r.to == source.id),
        key=lambda found: list(_PASSIVE).index(found[0]),
    )
    for kind, found in groupby(others, key=lambda pair: pair[0]):
        once = {other.id: other for _, other in found}
        yield f"{_PASSIVE[kind]} by {_and([link(o, escape(_dated(o))) for o in once.values()])}."


def _named(relation: Relation, sources: Sources) -> str:
    """The other source as a link, with the provision that is meant."""
    place = f"{escape(relation.anchor)} of " if relation.anchor else ""
    other = sources.get(relation.to)
    if other is None:
        return f"{place}{escape(relation.to)} (not in this corpus)"
    return place + link(other, escape(_dated(other)))


def _dated(source: Source) -> str:
    """`the leaked US reply of 26 January 2022`."""
    known = source.date is None or say_date(source) in source.name
    return source.name if known else f"{source.name} of {say_date(source)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _and(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def text_html(text: str, marked: Span = _NOTHING) -> str:
    """The text in full: headings become anchors, blank lines part paragraphs."""
    found = headings(text)
    body, start = "", 0
    for number, heading in enumerate(found):
        body += _paragraphs(text, Span(start, heading.span.start), marked)
        body += _heading(heading, number)
        start = heading.span.end
    body += _paragraphs(text, Span(start, len(text)), marked)
    return f'{_contents(found)}<section class="full-text">{body}</section>'


def _contents(found: Sequence[Heading]) -> str:
    if len(found) < _CONTENTS_FROM:
        return ""
    rows = "".join(
        f'<li><a class="to-heading" href="#read-{n}">{escape(heading.anchor)}</a></li>'
        for n, heading in enumerate(found)
    )
    opened = " open" if len(found) <= _CONTENTS_OPEN else ""
    return (
        f'<details class="contents"{opened}><summary>Contents ({len(found)} parts)</summary>'
        f"<ol>{rows}</ol></details>"
    )


def _heading(heading: Heading, number: int) -> str:
    checked = f'<p class="level">{CHECKED[heading.checked]}</p>' if heading.checked else ""
    return f'<h3 id="read-{number}" tabindex="-1">{escape(heading.anchor)}</h3>{checked}'


def _paragraphs(text: str, section: Span, marked: Span) -> str:
    return "".join(
        f"<p>{_marked(text, Span(found.start(), found.end()), marked)}</p>"
        for found in _PARAGRAPH.finditer(text, section.start, section.end)
    )


def _marked(text: str, part: Span, marked: Span) -> str:
    """A part of the text with what of it is marked in `<mark>`."""
    start, end = max(part.start, marked.start), min(part.end, marked.end)
    if start >= end:
        return escape(text[part.start : part.end])
    before, inside, after = text[part.start : start], text[start:end], text[end : part.end]
    return f"{escape(before)}<mark>{escape(inside)}</mark>{escape(after)}"
