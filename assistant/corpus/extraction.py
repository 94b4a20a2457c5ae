"""Bytes of unknown kind → their text, read in a process of its own.

A file may take a reader's memory or time without end, or crash it; and PDFium is not made for
several threads.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from assistant.corpus.proposing import declared_in
from assistant.corpus.readers import html_text, pdf_text, plain_text
from assistant.errors import UnreadableSource

_MEMORY = 2_000_000_000
_PATH = Path("download")
_START = "from assistant.corpus.extraction import main; main()"
_MENU = """
//text()[ancestor::nav or ancestor::footer or ancestor::aside or ancestor::menu
 or ancestor::*[@role='navigation']
 or ancestor::a[not(ancestor::p or ancestor::article or ancestor::main)]]
[not(ancestor::script or ancestor::style)]
"""


class Extracted(NamedTuple):
    """The text of a document, and what it states of itself (`proposing.declared_in`)."""

    text: str
    declared: Mapping[str, str]


def extract(
    raw: bytes, content_type: str, *, seconds: float, characters: int, words: int
) -> Extracted:
    """Read a document. Raises UnreadableSource if there are fewer words or more characters in it,
    or fewer words than in its menus."""
    home = Path(__file__).parents[2]  # where the package lies, installed or not
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _START, content_type, str(characters), str(words)],
            input=raw, capture_output=True, timeout=seconds, check=False,
            env={**os.environ, "PYTHONPATH": str(home)},
        )
    except subprocess.TimeoutExpired as error:
        raise _unreadable(f"its text cannot be read within {seconds:g} s.") from error
    if done.returncode:
        raise _unreadable(
            f"its text takes more than {_MEMORY // 10**9} GB to read, or it is damaged."
        )
    found = json.loads(done.stdout)
    if found["reason"]:
        raise _unreadable(found["reason"])
    return Extracted(str(found["text"]), found["declared"])


def _unreadable(fact: str) -> UnreadableSource:
    return UnreadableSource(fact, "Look at it in a browser.", path=_PATH)


def main() -> None:
    """The other process: bytes on standard input, JSON on standard output."""
    _limit_memory()
    text, reason, declared = "", "", {}
    content_type, characters, words = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    try:
        raw = sys.stdin.buffer.read()
        text = _text(raw, content_type, words)
        declared = declared_in(raw, kind_of(raw, content_type))
        if len(text) > characters:
            text, reason = "", f"its text is longer than {characters:,} characters."
    except UnreadableSource as error:
        reason = error.fact.partition(": ")[2]
    sys.stdout.write(json.dumps({"text": text, "reason": reason, "declared": declared}))


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _text(raw: bytes, content_type: str, least: int) -> str:
    kind, menu = kind_of(raw, content_type), 0
    if kind == "pdf":
        text = pdf_text(raw, _PATH)
    elif kind == "html":
        text, menu = html_text(raw, _PATH), _words_of_menu(raw)
    else:
        text = plain_text(raw, _PATH)
    words = len(text.split())
    if words < least or words <= menu:
        raise _unreadable(
            f"it holds no text of the document ({words} words, {menu} in its menus)."
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def kind_of(raw: bytes, content_type: str) -> str:
    """`pdf`, `html` or `plain`: the header is believed only where the content does not tell."""
    start = raw[:4096].replace(b"\0", b"").lower()  # UTF-16 has a zero in every letter
    if b"%pdf-" in start[:1024] and not start.lstrip().startswith(b"<"):
        return "pdf"
    if re.search(rb"<(!doctype html|html|head|body|title|meta)\b", start) or (
        "html" in content_type and b"<" in start
    ):
        return "html"
    return "plain"


def _words_of_menu(raw: bytes) -> int:
    from lxml import html

    return sum(len(text.split()) for text in html.document_fromstring(raw).xpath(_MENU))
