"""The conversation on the page: what was asked, what is shown for it, what is asked again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from assistant.answering import Assistant, Finished, Found, Quoted, Reading, Stated, Understood
from assistant.errors import AssistantError
from assistant.records import Verdict
from assistant.render import answer_text
from assistant.types import EVERYTHING, Answer, Citation, Passage, Scope, Statement, Turn
from assistant.web import answers
from assistant.web.sources import Shelf, card_html, suspect_html

# How a question follows the last one: after it, in its place, in its place with the words as they
# stand, or the same once more.
How = Literal["next", "edit", "correct", "again"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked, of which model and sources. The reader corrected how it was understood where
    it is `alone`: then nothing before it is read into it."""

    text: str
    model: str = "quotes"
    scope: Scope = EVERYTHING
    alone: bool = False


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One question and what is shown for it.

    `said` is empty until an answer is finished. `beside` marks another answer to the question of
    the exchange before it; `follows` one that is understood with the questions before it. What is
    kept has an `id`, and what the reader thinks of it; `replaces` are the ids of those in whose
    place it stands.
    """

    wish: Wish
    reply: str
    shelf: Shelf
    said: str = ""
    understood: str = ""
    beside: bool = False
    answer: Answer | None = None
    follows: bool = False
    replaces: tuple[str, ...] = ()
    id: str = ""
    verdict: Verdict | None = None
    remark: str = ""


Conversation = tuple[Exchange, ...]
Held = Callable[[Citation], bool]
"""Whether a source still has the cited words at their place."""


def questions(conversation: Conversation) -> list[Conversation]:
    """The exchanges by question: its answer, then those beside it."""
    grouped: list[Conversation] = []
    for exchange in conversation:
        if exchange.beside and grouped:
            grouped[-1] = (*grouped[-1], exchange)
        else:
            grouped.append((exchange,))
    return grouped


def before_last(conversation: Conversation) -> Conversation:
    """What was said before the last question."""
    return tuple(e for group in questions(conversation)[:-1] for e in group)


def follow(
    assistant: Assistant, conversation: Conversation, wish: Wish, how: How
) -> Iterator[tuple[Conversation, bool]]:
    """The conversation as the answer grows, and whether more will come."""
    kept, beside = conversation, False
    earlier = conversation if how == "next" else before_last(conversation)
    if how == "again" and conversation:
        last = conversation[-1]
        # Two answers are worth comparing only where both are answers, and asked differently.
        beside = bool(last.said) and last.wish != wish
        kept = conversation if beside else conversation[:-1]
        beside = beside or last.beside
    elif how != "next":
        kept = earlier
    replaces = tuple(e.id for e in conversation[len(kept) :] if e.id)
    for exchange, running in converse(assistant, wish, earlier, len(kept) + 1, beside):
        yield (*kept, replace(exchange, replaces=replaces)), running


def converse(
    assistant: Assistant, wish: Wish, earlier: Conversation, turn: int = 1, beside: bool = False
) -> Iterator[tuple[Exchange, bool]]:
    """The growing exchange for a question, and whether more will come."""
    history = [] if wish.alone else _history(earlier)
    exchange = replace(begun(wish, turn), beside=beside, follows=bool(history))
    yield exchange, True
    try:
        for grown in _answered(assistant, exchange, history):
            exchange = grown
            yield exchange, not exchange.said
    except AssistantError as error:
        yield replace(exchange, reply=answers.error_html(error)), False
    except Exception:
        _log.exception("A question could not be answered because of a bug.")
        yield replace(exchange, reply=answers.bug_html()), False


def begun(wish: Wish, turn: int) -> Exchange:
    return Exchange(
        wish=wish, reply=answers.searching_html(),
        shelf=Shelf(turn=turn, question=wish.text, cards="", size=0),
    )


def _history(earlier: Conversation) -> list[Turn]:
    turns = []
    for group in questions(earlier):
        said = [e.said for e in group if e.said]
        if said:
            turns += [Turn("user", group[0].wish.text), Turn("assistant", said[-1])]
    return turns


def _answered(
    assistant: Assistant, exchange: Exchange, history: list[Turn]
) -> Iterator[Exchange]:
    turn, wish = exchange.shelf.turn, exchange.wish
    model = None if wish.model == "quotes" else wish.model
    statements: list[Statement] = []
    premise, loading = "", False
    for event in assistant.stream(wish.text, history, wish.scope, wish.model):
        match event:
            case Understood(question=question):
                if question.standalone != question.text:
                    exchange = replace(exchange, understood=question.standalone)
                    yield exchange
                continue
            case Reading(loading=now) if now != loading:
                loading = now
            case Found() | Reading():
                continue  # nothing of it shows
            case Quoted():
                statements += event.statements
                premise = event.premise
            case Stated():
                statements.append(event.statement)
            case Finished(answer=answer):
                yield finished(exchange, answer)
                return
        if statements:
            exchange = _with_cards(replace(
                exchange, reply=answers.statements_html(
                    statements, turn, model, writing=bool(model), loading=loading,
                    premise=premise, folded=exchange.beside,
                ),
            ), statements)
            yield exchange


def finished(exchange: Exchange, answer: Answer, held: Held | None = None) -> Exchange:
    """The exchange with its whole answer."""
    shown = replace(
        exchange, reply=answers.answer_html(answer, exchange.shelf.turn),
        said=answer_text(answer), answer=answer,
    )
    return _with_cards(shown, list(answer.statements), answer.suspect, held)


def _with_cards(
    exchange: Exchange, statements: list[Statement], suspect: tuple[Passage, ...] = (),
    held: Held | None = None,
) -> Exchange:
    numbered = {c.number: c for s in statements for c in s.citations}
    turn = exchange.shelf.turn
    cited = [numbered[n] for n in sorted(numbered)]
    cards = "".join(card_html(c, turn, held is None or held(c)) for c in cited)
    cards += "".join(map(suspect_html, suspect))
    return replace(exchange, shelf=exchange.shelf._replace(cards=cards, size=len(numbered)))


def stop(conversation: Conversation) -> Conversation:
    """What is shown stays; it is said that the reader stopped it."""
    if not conversation or conversation[-1].said:
        return conversation
    *earlier, last = conversation
    return (*earlier, replace(last, reply=answers.stopped_html(last.reply), said="(stopped)"))


def messages(conversation: Conversation) -> list[dict[str, str]]:
    """What the chat shows: each question, then its answer, or several side by side."""
    grouped = questions(conversation)
    shown = []
    for place, group in enumerate(grouped, 1):
        understood = answers.understood_html(
            group[-1].understood, correctable=place == len(grouped) and bool(group[-1].said)
        )
        reply = group[0].reply + _rating(group[0]) if len(group) == 1 else answers.beside_html(
            [(e.wish.model, _folded(e) + _rating(e)) for e in group]
        )
        shown += [
            {"role": "user", "content": answers.question_html(group[0].wish.text)},
            {"role": "assistant", "content": f'<div class="turn">{understood}{reply}</div>'},
        ]
    return shown


def _rating(exchange: Exchange) -> str:
    if not (exchange.id and exchange.answer):
        return ""
    return answers.rating_html(exchange.id, exchange.verdict, exchange.remark)


def _folded(exchange: Exchange) -> str:
    """The reply beside another one: what the models wrote is what is compared."""
    if not exchange.answer:
        return exchange.reply
    return answers.answer_html(exchange.answer, exchange.shelf.turn, folded=True)
