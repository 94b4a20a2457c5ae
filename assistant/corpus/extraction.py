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
from pathlib import Path

from assistant.corpus.readers import html_text, pdf_text, plain_text
from assistant.errors import UnreadableSource

# Fewer words are a cover page, a cookie notice or a list of links, not a document.
_MIN_WORDS = 300
_MEMORY = 2_000_000_000
_PATH = Path("download")
_START = "from assistant.corpus.extraction import main; main()"
_MENU = """
//text()[ancestor::nav or ancestor::footer or ancestor::aside or ancestor::menu
 or ancestor::*[@role='navigation']
 or ancestor::a[not(ancestor::p or ancestor::article or ancestor::main)]]
[not(ancestor::script or ancestor::style)]
"""


def extract(raw: bytes, content_type: str, seconds: float, characters: int) -> str:
    """The text of a document. Raises UnreadableSource if there is none, or too much of it."""
    home = Path(__file__).parents[2]  # where the package lies, installed or not
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _START, content_type, str(characters)],
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
    return str(found["text"])


def _unreadable(fact: str) -> UnreadableSource:
    return UnreadableSource(fact, "Look at it in a browser.", path=_PATH)


def main() -> None:
    """The other process: bytes on standard input, JSON on standard output."""
    _limit_memory()
    text, reason = "", ""
    try:
        text = _text(sys.stdin.buffer.read(), sys.argv[1])
        if len(text) > int(sys.argv[2]):
            text, reason = "", f"its text is longer than {int(sys.argv[2]):,} characters."
    except UnreadableSource as error:
        reason = error.fact.partition(": ")[2]
    sys.stdout.write(json.dumps({"text": text, "reason": reason}))


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _text(raw: bytes, content_type: str) -> str:
    kind, menu = kind_of(raw, content_type), 0
    if kind == "pdf":
        text = pdf_text(raw, _PATH)
    elif kind == "html":
        text, menu = html_text(raw, _PATH), _words_of_menu(raw)
    else:
        text = plain_text(raw, _PATH)
    words = len(text.split())
    if words < _MIN_WORDS or words <= menu:
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
