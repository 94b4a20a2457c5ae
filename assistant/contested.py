"""Words that take a side: a question may have them, the answer does not make them its own.

Which words these are, the corpus tells (`contested.yaml`); who uses them, its texts do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from assistant.corpus.speakers import say_voice
from assistant.types import Passage, Source


class Contested(NamedTuple):
    """A word of the question, and the sources that use it, each with who speaks there."""

    word: str
    users: tuple[tuple[Source, str], ...]


def contested(
    question: str, words: Sequence[str], passages: Iterable[Passage]
) -> Iterator[Contested]:
    """The contested words of a question and who uses them, in the order of the corpus."""
    asked = [word for word in words if _pattern(word).search(question)]
    # "neo-Nazi" says all that "Nazi" does
    asked = [w for w in asked if not any(w != o and w.lower() in o.lower() for o in asked)]
    held = list(passages) if asked else []
    for word in asked:
        pattern, users = _pattern(word), dict[str, tuple[Source, str]]()
        for passage in held:
            found = pattern.search(passage.source.text, passage.span.start, passage.span.end)
            if found:
                voice = say_voice(passage.source, found.start())
                users.setdefault(passage.source.id, (passage.source, voice))
        yield Contested(word, tuple(users.values()))


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(word)}(?:s|es|’s|'s)?\b", re.IGNORECASE)
