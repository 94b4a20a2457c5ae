"""Words that take a side: a question may have them, the answer does not make them its own.

Which words these are, the corpus tells (`contested.yaml`); who uses them, its texts do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from assistant.corpus.speakers import say_voice
from assistant.index import PassageIndex
from assistant.tokenization import terms
from assistant.types import Passage, Source


class Contested(NamedTuple):
    """A word of the question, and the sources that use it, each with who speaks there."""

    word: str
    users: tuple[tuple[Source, str], ...]


def contested(
    question: str, words: Sequence[str], index: PassageIndex
) -> Iterator[Contested]:
    """The contested words of a question and who uses them, in the order of the corpus."""
    asked = [word for word in words if _pattern(word).search(question)]
    # "neo-Nazi" says all that "Nazi" does
    asked = [w for w in asked if not any(w != o and w.lower() in o.lower() for o in asked)]
    for word in asked:
        pattern, users = _pattern(word), dict[str, tuple[Source, str]]()
        for passage in _likely(word, index):
            found = pattern.search(passage.source.text, passage.span.start, passage.span.end)
            if found:
                voice = say_voice(passage.source, found.start())
                users.setdefault(passage.source.id, (passage.source, voice))
        yield Contested(word, tuple(users.values()))


def _likely(word: str, index: PassageIndex) -> Iterable[Passage]:
    """The passages that may have the word: those with its terms in any form that `_pattern` knows.
    Most have not, and of many thousand each would be read."""
    forms = [terms(form) for form in (word, f"{word}s", f"{word}es")]
    return index.having(forms) if all(forms) else index.passages.values()


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(word)}(?:s|es|’s|'s)?\b", re.IGNORECASE)
