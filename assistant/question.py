"""What is asked: the user's words checked, and made to stand alone with the help of the history."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from assistant.errors import QuestionError
from assistant.injection import steering
from assistant.tokenization import LANGUAGES, language_of, terms
from assistant.types import AlsoCalled, Question, Turn

MAX_CHARACTERS = 4_000

_POINTS_BACK = re.compile(
    r"\b(it|its|they|them|their|he|him|his|she|her|that|this|those|these|there|then|"
    r"the (?:same|other|latter|former|reply|answer|document|text|article|draft)|"
    r"он|она|они|его|её|их|это|этот|эта|там|тогда)\b",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"^\W*(and|but|so|ok|okay|what about|how about|why|who else|а|и|но)\b", re.IGNORECASE
)
# "When was it signed, and how much did it cost?" Not "Since they left, what …".
_SECOND = re.compile(
    r",?\s+and\s+(?=(?:(?:on|in|at|to|of|for|with|by|from)\s+)?"
    r"(?:what|which|who|whom|whose|how|why|when|where)\b)", re.IGNORECASE,
)
# What asks for no source: pasted markup, our own marks, orders on what to write.
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|</?[a-z!][^<>]*>", re.IGNORECASE | re.DOTALL)
_MARK = re.compile(r"\[S?\d{1,2}\]|(?<![\w-])S\d{1,2}(?![\w-])")
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+")
_ORDER = re.compile(
    r"^\W*(?:(?:and|then|now|also|please|just|first|finally|afterwards|from now on|always|never|"
    r"at the end|in the end)[, ]+)*(?:add|answer|append|begin|disregard|end|finish|forget|ignore|"
    r"output|prefix|pretend|print|put|repeat|reply|respond|say|start|translate|write)\b",
    re.IGNORECASE,
)
# Questions before this one that are searched for with it: the last two say what it is about, also
# where it seems to stand alone (MTRAG-UN, BM25: recall at 5 from 0.81 to 0.86).
_EARLIER = 2
# A question with fewer content words than this seldom names its own subject.
_FEW_TERMS = 3


def understand(
    text: str, history: Sequence[Turn] = (), languages: Collection[str] = ("en",),
    names: Sequence[Sequence[str]] = (), across: bool = False,
) -> Question:
    """Check the question and complete a follow-up with the questions it follows.

    `languages` are those of the corpus; a question in another gets a notice, and `across` says
    whether what is said in other languages is found. `names` are groups of names for one and the
    same. The user's own words always stay in `standalone`. Raises QuestionError if it is empty or
    too long.
    """
    typed = text = " ".join(text.split())
    if not re.search(r"\w", text):
        raise QuestionError("The question is empty.", "Type what you want to know.")
    if len(text) > MAX_CHARACTERS:
        raise QuestionError(
            f"The question has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read.",
            "Ask it in fewer words, or add a long text with `assistant add`.",
        )
    text, orders = _cleaned(typed)
    language = language_of(text)
    notices = _on_orders(orders)
    if language not in languages:
        held = ", ".join(sorted(LANGUAGES.get(code, code) for code in languages))
        told = f"The question is in {LANGUAGES[language]}, the sources are in {held}: "
        notices += (told + (
            "they are found by meaning and quoted as they stand." if across else
            f"only names and numbers written alike can match. Asking in {held} finds more."
        ),)
    earlier = [
        _cleaned(" ".join(turn.content.split())[:MAX_CHARACTERS])[0]
        for turn in reversed(history) if turn.role == "user"
    ]
    standalone = _standalone(text, earlier)
    return Question(
        text=text, standalone=standalone, typed=typed, earlier=tuple(earlier[:_EARLIER]),
        parts=_parts(text), also_called=tuple(_also_called(standalone, names)),
        history=tuple(history), language=language, notices=notices,
    )


def _cleaned(typed: str) -> tuple[str, tuple[str, ...]]:
    """The text without what asks for no source, and the orders left out of it; as it is where
    nothing else would remain."""
    text = " ".join(_MARK.sub(" ", _MARKUP.sub(" ", typed)).split())
    said = _SENTENCE_ENDS.split(text)
    if not any(sentence.endswith("?") for sentence in said):
        return (text, ()) if terms(text) else (typed, ())
    orders = tuple(
        sentence for sentence in said
        if not sentence.endswith("?") and (_ORDER.search(sentence) or steering(sentence))
    )
    return " ".join(sentence for sentence in said if sentence not in orders), orders


def _on_orders(orders: Sequence[str]) -> tuple[str, ...]:
    told = ", ".join(f"“{order}”" for order in orders)
    return (f"Not followed, and not searched for: {told}.",) if orders else ()


def read_turn(given: Any) -> Turn:
    """An earlier message from a mapping with role and content. Raises KeyError, TypeError and
    ValueError for what is none."""
    role, content = given["role"], given["content"]
    if role not in ("user", "assistant") or not isinstance(content, str):
        raise ValueError(f"role {role!r}")
    return Turn(role, content)


def _also_called(text: str, names: Sequence[Sequence[str]]) -> Iterator[AlsoCalled]:
    """A name in capitals ("US") must stand so in the question, unless that is all written alike."""
    shouted = text in (text.upper(), text.lower())
    for group in names:
        for name in sorted(group, key=len, reverse=True):
            flags = re.IGNORECASE if shouted or not name.isupper() else 0
            if found := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, flags):
                yield AlsoCalled(found[0], tuple(other for other in group if other != name))
                break


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.rstrip("?").strip() for part in _SECOND.split(text))


def _standalone(text: str, earlier: Sequence[str]) -> str:
    """The question with the earlier ones it leans on before it, oldest first."""
    chain = [text]
    for question in earlier:
        if not _leans_back(chain[0]):
            break
        chain.insert(0, question)
    return " ".join(chain)


def _leans_back(text: str) -> bool:
    return bool(
        _CONTINUES.search(text) or _POINTS_BACK.search(text) or len(terms(text)) < _FEW_TERMS
    )
