"""Text → its headings: where articles, sections and annexes begin, and what to call them.

Three forms are read: Markdown headings; lines that hold nothing but "Article 5"; and, where a copy
has lost its line breaks, "Article 5" in running text, told from a reference by what stands around
it and by the numbers following one another. A heading `page 3` (of a PDF) is a place inside the
article that goes on, not the end of it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import NamedTuple, cast, get_args

from assistant.types import Checked, Span

_NUMBER = r"(?:\d{1,3}(?:\.\d+)*|[IVXLC]{1,7})"
_PARTS = "article|chapter|part|section|annex|title|статья|глава|часть|раздел|приложение|стаття"
_MARKDOWN = re.compile(
    r"^#{1,6}[ \t]+(?P<title>.*?)[ \t]*(?P<attrs>\{[^{}\n]*\})?[ \t]*#*$", re.M
)
_LINE = re.compile(
    rf"^[ \t]*(?P<title>(?:{_PARTS})\s+{_NUMBER}\.?)[ \t]*$", re.M | re.IGNORECASE
)
# In running text: not behind a word that leads to a reference ("under Article 5"), and before a
# capital, a number or a bracket ("Article 5 applies" is none).
_INLINE = re.compile(
    rf"(?:(?P<before>[\w’'-]+|[^\w\s])\s*)?(?<![\w-])(?P<title>(?:Article|ARTICLE|Статья)\s+"
    rf"(?P<number>{_NUMBER})\.?)\s+(?=[A-ZА-Я(“\"]|\d+\s*\.)"
)
_REFERS = frozenset(
    "a an and at by for from if in into is its no of on or per see than that the this to under "
    "upon when where which with within ( – - / в и из на о по со статье статьи".split()
)
_CHECKED = re.compile(r"checked=(\w+)")
_CONTAINER = re.compile(r"(protocol|annex|appendix|declaration|statute|resolution)\b", re.I)
_ARTICLE = re.compile(rf"(?:article|статья|стаття)\s+{_NUMBER}", re.IGNORECASE)
_NUMBERED = re.compile(
    rf"(?:(?:{_PARTS})\s+{_NUMBER}|(?:annex|appendix|приложение)\s+\w)\.?$", re.IGNORECASE
)
_DIVISION = re.compile(rf"(?:chapter|part|section|title|глава|часть|раздел)\s+{_NUMBER}\b", re.I)
_SECTION = re.compile(rf"(?:section|раздел)\s+{_NUMBER}\b", re.IGNORECASE)
_BARE = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[IVXLC]{1,7})[.)]?$")
_PAGE = re.compile(r"page \d+$")
# Longer titles of articles fill a card with capitals.
_LONGEST_TITLE = 80
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


class Heading(NamedTuple):
    """`anchor` is what a reader would cite; `span` is the heading itself in the text."""

    anchor: str
    checked: Checked | None
    span: Span


class _Found(NamedTuple):
    title: str
    checked: Checked | None
    span: Span


def headings(text: str) -> list[Heading]:
    """All headings in order. A title right behind "Article 5" becomes part of its anchor."""
    marked = [_found(m) for m in _MARKDOWN.finditer(text)]
    lines = [_found(m) for m in _LINE.finditer(text)] if not _articles(marked) else []
    found = sorted([*marked, *lines], key=lambda f: f.span)
    if not _articles(found):
        found = sorted([*found, *_in_running_text(text)], key=lambda f: f.span)
    return list(_named(text, found, bool(_articles(marked))))


def _found(match: re.Match[str]) -> _Found:
    mark = _CHECKED.search(match.groupdict().get("attrs") or "")
    checked = cast(Checked, mark[1]) if mark and mark[1] in get_args(Checked) else None
    title = " ".join(match["title"].split()).rstrip(": ")
    return _Found(title, checked, Span(match.start(), match.end()))


def _articles(found: list[_Found]) -> bool:
    return any(_ARTICLE.match(f.title) for f in found)


def _in_running_text(text: str) -> Iterator[_Found]:
    """Article 1, the next Article 2, and so on, as far as they follow one another."""
    wanted = 1
    for match in _INLINE.finditer(text):
        before = (match["before"] or ".").lower()
        if before not in _REFERS and _value(match["number"]) == wanted:
            wanted += 1
            yield _Found(match["title"], None, Span(match.start("title"), match.end("title")))


def _value(number: str) -> int:
    if number[0].isdigit():
        return int(number.split(".")[0])
    values = [_ROMAN[letter] for letter in number]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))


def _named(text: str, found: list[_Found], marked: bool) -> Iterator[Heading]:
    """Anchors: what cannot stand alone gets the heading above it in front.

    Only where headings are `marked` is it known that an article goes on until the next one.
    """
    container, article, above, page, skip = "", "", "", "", False
    for number, here in enumerate(found):
        if skip:
            skip = False
            continue
        title, span = here.title.rstrip("."), here.span
        if _PAGE.match(title):
            page = title
            yield Heading(f"{above}, {page}" if above else page, here.checked, span)
            continue
        after = found[number + 1] if number + 1 < len(found) else None
        if after and _is_title_of(text, here, after):
            subtitle = textwrap.shorten(after.title, _LONGEST_TITLE, placeholder=" …")
            title, span, skip = f"{title} ({subtitle})", Span(span.start, after.span.end), True
        if _BARE.match(title):
            anchor = f"{above}, {title}" if above else title
        elif _CONTAINER.match(title) and number:
            container = above = anchor = title
            article = ""
        elif (
            marked and article and _SECTION.match(title)
            and not _holds_articles(text, found[number:], skip)
        ):
            above = anchor = f"{article}, {title}"
        elif container and (_ARTICLE.match(title) or _DIVISION.match(title)):
            above = anchor = f"{container}, {title}"
            article = anchor if _ARTICLE.match(title) else ""
        else:
            above = anchor = title
            article = anchor if _ARTICLE.match(title) else ""
        yield Heading(f"{anchor}, {page}" if page else anchor, here.checked, span)


def _holds_articles(text: str, following: list[_Found], titled: bool) -> bool:
    """Whether a section is one of a chapter, with an article right behind its title."""
    here, after = following[titled], following[1 + titled : 2 + titled]
    return bool(
        after and _ARTICLE.match(after[0].title)
        and not text[here.span.end : after[0].span.start].strip()
    )


def _is_title_of(text: str, numbered: _Found, after: _Found) -> bool:
    """Whether a heading without a number stands right behind "Article 5"."""
    nothing_between = not text[numbered.span.end : after.span.start].strip()
    numbered_next = _NUMBERED.match(after.title) or _BARE.match(after.title)
    return bool(_NUMBERED.match(numbered.title) and nothing_between and not numbered_next)
