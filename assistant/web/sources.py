"""Citation → card, conversation → pane of sources: escaped HTML, no more.

A card's id is `card-TURN-NUMBER`; the mark in the answer links to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import urlsplit

from assistant.compose import say_date, say_status
from assistant.render import CHECKED, TEXT_KIND, is_web, say_proposed, say_who, wording
from assistant.types import Citation, Passage, Source

_CHANGED = '<span class="quiet">As it was then: the corpus holds this text no longer.</span>'


class Shelf(NamedTuple):
    """The cards of one turn; `cards` is HTML, empty if nothing was cited; `size` counts them."""

    turn: int
    question: str
    cards: str
    size: int


def pane_html(shelves: Sequence[Shelf]) -> str:
    """The latest turn's cards open on top, those of earlier turns folded below."""
    if not shelves:
        return (
            '<div class="pane"><h2>Sources</h2><p class="quiet">The passages behind an answer '
            "appear here. Click a mark such as [1] to see its passage.</p></div>"
        )
    *earlier, latest = shelves
    cards = latest.cards or '<p class="quiet">Nothing is cited for the latest question.</p>'
    folded = "".join(_folded(shelf) for shelf in reversed(earlier) if shelf.cards)
    before = f'<h2 class="before">Earlier in this conversation</h2>{folded}' if folded else ""
    return f'<div class="pane"><h2>Sources</h2>{cards}{before}</div>'


def card_html(citation: Citation, turn: int, held: bool = True) -> str:
    """One citation: whose text it is and of what force, then the passage with the words marked;
    `held` tells whether the source still has them at that place."""
    passage, source = citation.passage, citation.passage.source
    facts = (
        ("voice", say_who(citation)),
        ("document", source.kind.replace("_", " ")),
        ("date", say_date(source)), ("force", say_status(source)),
    )
    about = " · ".join(f'<span class="{name}">{escape(fact)}</span>' for name, fact in facts)
    checked = "; ".join(filter(None, (CHECKED[passage.checked], say_proposed(source))))
    return (
        f'<article class="card" id="card-{turn}-{citation.number}" tabindex="-1" '
        f'aria-label="Source {citation.number}">'
        f'<header><span class="number">{citation.number}</span><h3>{escape(source.title)}</h3>'
        f'</header><p class="facts">{about}</p>'
        f'<p class="anchor">{label_html(source)} {escape(passage.anchor)}</p>'
        f"<blockquote>{passage_html(citation)}</blockquote>{_wording_html(citation)}"
        f'<p class="checked">{TEXT_KIND[source.text_kind]}; {escape(checked)}.</p>'
        f"<footer>{link_html(source)}{_whole_source(citation) if held else _CHANGED}"
        f'<a class="back" href="#" data-card="card-{turn}-{citation.number}">Back to the answer</a>'
        "</footer></article>"
    )


def suspect_html(passage: Passage) -> str:
    """A passage that was left out because it tries to steer a model, shown as what it is."""
    return (
        f'<article class="card suspect"><header><h3>{escape(passage.source.title)}</h3></header>'
        '<p class="facts"><strong>Left out of the answer: it tries to instruct a language model.'
        f'</strong></p><p class="anchor">{escape(passage.anchor)}</p>'
        f"<blockquote>{escape(passage.text)}</blockquote></article>"
    )


def _wording_html(citation: Citation) -> str:
    """The original's words beside a translation, folded; nothing for other texts."""
    words, original = wording(citation), citation.passage.source.original
    if not words or original is None:
        return ""
    return (
        f'<details class="wording"><summary>Original wording ({escape(original.language)})'
        f'</summary><p lang="{escape(original.language)}">{escape(words)}</p>'
        '<p class="quiet">Paired by the length of sentences; it may be a sentence off. '
        f'<a class="open-source" href="#shelf" data-source="{escape(original.id)}">'
        "Read the whole original</a></p></details>"
    )


def passage_html(citation: Citation) -> str:
    """The passage with exactly the cited characters in `<mark>`."""
    text, passage, span = citation.passage.source.text, citation.passage.span, citation.span
    before, after = text[passage.start : span.start], text[span.end : passage.end]
    return f"{escape(before)}<mark>{escape(citation.quote)}</mark>{escape(after)}"


def link_html(source: Source) -> str:
    """A link to the official text; an address that is not of the web is shown, not linked."""
    if not source.address:
        return '<span class="quiet">No address of the official text is known.</span>'
    if not is_web(source.address):
        return f'<span class="quiet">{escape(source.address)}</span>'
    return (
        f'<a class="official" href="{escape(source.address)}" target="_blank" '
        f'rel="noopener noreferrer">Official text at {escape(urlsplit(source.address).netloc)}</a>'
    )


def _whole_source(citation: Citation) -> str:
    """A link to the cited characters in the whole source, on the other tab."""
    start, end = citation.span
    return (
        f'<a class="open-source" href="#shelf" data-source="{escape(citation.passage.source.id)}" '
        f'data-start="{start}" data-end="{end}">Read the whole source</a>'
    )


def label_html(source: Source) -> str:
    """Whether these are the document's words, where the eye falls first."""
    match source.text_kind:
        case "digest":
            return '<span class="kind digest">digest</span>'
        case "original":
            return '<span class="kind original">original</span>'
        case _:
            return '<span class="kind original">translation</span>'


def _folded(shelf: Shelf) -> str:
    plural = "source" if shelf.size == 1 else "sources"
    asked = " ".join(shelf.question.split())
    short = asked if len(asked) <= 90 else f"{asked[:90]}…"
    return (
        f'<details class="earlier"><summary>{escape(short)} '
        f'<span class="quiet">({shelf.size} {plural})</span></summary>{shelf.cards}</details>'
    )
