"""The conversation on the page ⇄ what is kept of it: every finished answer, and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import gradio as gr

from assistant.answering import Assistant
from assistant.errors import RecordsError
from assistant.records import Kept, new_id, open_records
from assistant.render import as_model
from assistant.restoring import restore
from assistant.types import Citation
from assistant.web import answers, models
from assistant.web.access import owner_of
from assistant.web.conversation import Conversation, Exchange, Wish, begun, finished

# As `history.js` makes it: 24 random bytes.
_BROWSER = re.compile(r"[0-9a-f]{48}")

Growing = Iterator[tuple[Conversation, bool]]


def owner(reader: str, request: gr.Request) -> str:
    """Whose conversations these are: the user's who has logged in, else the browser's; empty where
    there is neither, and then nothing is kept. What a browser says cannot be a user's name."""
    if user := owner_of(request):
        return f"user:{user}"
    return f"browser:{reader}" if _BROWSER.fullmatch(reader or "") else ""


def kept(assistant: Assistant, owner: str, current: str, growing: Growing) -> Growing:
    """The same as it grows; when it is whole it is kept."""
    for conversation, running in growing:
        if not running:
            conversation = keep(assistant, owner, current, conversation)
        yield conversation, running


def keep(
    assistant: Assistant, owner: str, current: str, conversation: Conversation
) -> Conversation:
    """Keep the last exchange, unless it is no answer or is kept already. Where that fails it is
    told below the answer."""
    records = open_records(assistant.settings)
    if not (records and owner and conversation and conversation[-1].said):
        return conversation
    *earlier, last = conversation
    if last.id:
        return conversation
    exchange = replace(last, id=new_id())
    try:
        records.keep(owner, current, _as_kept(exchange), exchange.replaces)
    except RecordsError as error:
        exchange = replace(last, reply=last.reply + answers.not_kept_html(error))
    return (*earlier, exchange)


def resumed(
    assistant: Assistant, owner: str, current: str, conversation: Conversation
) -> tuple[str, Conversation]:
    """The conversation's id and what it holds, also where the server has been started anew since
    and only the browser still knows which it was."""
    if current and not conversation:
        conversation = restored(assistant, owner, current)
    return current or new_id(), conversation


def restored(assistant: Assistant, owner: str, current: str) -> Conversation:
    """The conversation as it was kept; empty if there is none, or the records cannot be read."""
    records = open_records(assistant.settings)
    if not (records and owner and current):
        return ()
    try:
        exchanges = records.conversation(owner, current)
    except RecordsError:  # the tab of conversations says why
        return ()
    texts = {source.id: source.text for source in assistant.corpus.sources}
    return tuple(
        _as_shown(assistant, one, turn, texts) for turn, one in enumerate(exchanges, start=1)
    )


def _as_kept(exchange: Exchange) -> Kept:
    wish, answer = exchange.wish, exchange.answer
    return Kept(
        id=exchange.id, question=wish.text, model=answer.model if answer else "quotes",
        scope=wish.scope, alone=wish.alone, beside=exchange.beside, follows=exchange.follows,
        asked=datetime.now(UTC), text=exchange.said if answer else "",
        answer=as_model(answer) if answer else None,
    )


def _as_shown(
    assistant: Assistant, kept: Kept, turn: int, texts: dict[str, str]
) -> Exchange:
    settings = assistant.settings
    wish = Wish(
        text=kept.question, scope=kept.scope, alone=kept.alone,
        model=settings.model if kept.model == models.configured(settings) else kept.model,
    )
    exchange = replace(
        begun(wish, turn), id=kept.id, beside=kept.beside, follows=kept.follows,
        verdict=kept.verdict, remark=kept.remark,
    )
    if kept.answer is None:
        return replace(
            exchange, reply=answers.text_html(kept.text), said=kept.text or "(stopped)"
        )

    def held(citation: Citation) -> bool:
        now = texts.get(citation.passage.source.id, "")
        return now[slice(*citation.span)] == citation.quote

    answer = restore(kept.answer, texts)
    understood = answer.understood if answer.understood != answer.question else ""
    return finished(replace(exchange, understood=understood), answer, held)
