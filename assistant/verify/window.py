"""The few sentences of a text that a statement can rest on: what a judge of meaning reads."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.tokenization import terms

# More sentences bring little that the statement needs and much that a small judge stumbles over.
_SENTENCES = 4
_WORDS = 120


def window(statement: str, sentences: Sequence[str]) -> str:
    """The sentences that together hold most of the statement's content words, in their order.

    One by one the sentence that adds most words not yet held; at most 4 and about 120 words.
    """
    wanted, chosen, length = set(terms(statement)), set[int](), 0
    held = [set(terms(sentence)) for sentence in sentences]
    while len(chosen) < _SENTENCES:
        rest = [n for n in range(len(sentences)) if n not in chosen]
        best = max(rest, key=lambda n: len(held[n] & wanted), default=None)
        if best is None or (chosen and not held[best] & wanted):
            break
        length += len(sentences[best].split())
        if chosen and length > _WORDS:
            break
        chosen.add(best)
        wanted -= held[best]
    return " ".join(sentences[n] for n in sorted(chosen))
