"""`POST /v1/chat/completions` in OpenAI's form, so that other chat front ends take the corpus for a
model.

The reply is Markdown, which such front ends show, with all of documents and models escaped in it.
It is the same whole or in pieces: what was sent stays, quotes first, then what a model adds, at the
end the sources. `citations`, `outcome` and `corpus_version` stand beside OpenAI's own fields.
"""

from __future__ import annotations

import json
import logging
import math
import time
import uuid
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from assistant.answering import Assistant, Event, Finished, Quoted, Stated
from assistant.compose import say_status
from assistant.errors import AssistantError, LimitReached, QuestionError, SettingsError
from assistant.export import say_reference
from assistant.export.markdown import plain
from assistant.models.finding import OWNER
from assistant.render import (
    ABSENT,
    CHECKED,
    HEADINGS,
    INSTEAD,
    TEXT_KIND,
    as_model,
    marks,
    say_in_short,
    say_source,
    say_withheld,
)
from assistant.types import Answer, Citation, Statement, Turn
from assistant.web import api, models
from assistant.web.access import Visitor, visitor_of
from assistant.web.limits import Limits
from assistant.web.replies import error_json, refusal

_SOURCES = "\n\n**Sources**\n\n"
_log = logging.getLogger(__name__)


class Part(BaseModel):
    """A piece of a message; of pictures and sounds nothing is read."""

    type: str = ""
    text: str = ""


class ChatMessage(BaseModel):
    role: str
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if part.type == "text")


class StreamOptions(BaseModel):
    include_usage: bool | None = False


class Body(BaseModel):
    """What is read of a request. Other options (temperature, tools …) change nothing here."""

    messages: list[ChatMessage]
    model: str = api.CONFIGURED
    stream: bool | None = False
    stream_options: StreamOptions | None = None

    @property
    def question(self) -> str:
        """The last message of the user's."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def history(self) -> tuple[Turn, ...]:
        """What was said before it; a front end's own instructions are none of the reader's."""
        last = max(n for n, m in enumerate(self.messages) if m.role == "user")
        return tuple(
            Turn("user" if m.role == "user" else "assistant", m.text.partition(_SOURCES)[0])
            for m in self.messages[:last] if m.role in ("user", "assistant")
        )


def routes(assistant: Assistant, limits: Limits) -> list[Route]:
    """`/v1/models` and `/v1/chat/completions`."""
    started = int(time.time())

    def listed(name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": started, "owned_by": OWNER}

    # Those that answer on this machine can be named too. They are not looked for here: this
    # server may be among those that are then asked for their lists.
    names = dict.fromkeys((api.CONFIGURED, "quotes", models.configured(assistant.settings)))

    def all_models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": list(map(listed, names))})

    def one_model(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in names:
            return refusal(404, f"There is no model {name!r} here.", "model_not_found")
        return JSONResponse(listed(name))

    async def completions(request: Request) -> Response:
        try:
            body = Body.model_validate_json(await request.body())
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the body"
            return refusal(400, f"{where}: {first['msg']}.")
        return await _reply(assistant, limits, visitor_of(request), body)

    def nothing(request: Request) -> Response:
        return refusal(404, f"There is no {request.method} {request.url.path} here.", "unknown_url")

    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return [
        Route("/v1/models", all_models), Route("/v1/models/{name:path}", one_model),
        Route("/v1/chat/completions", completions, methods=["POST"]),
        Route("/v1/{rest:path}", nothing, methods=every),
    ]


async def _reply(
    assistant: Assistant, limits: Limits, visitor: Visitor, body: Body
) -> Response:
    """The whole reply, or its pieces as they come. The first event is waited for: what is wrong
    with the question is then told with its status."""
    try:
        if not body.question.strip():
            raise QuestionError("No message of the user's has text.", "Send one.")
        reply = _Reply(body.model)
        pieces = reply.pieces(assistant, limits, visitor, body)
        first = await run_in_threadpool(next, pieces, "")
        if body.stream:
            wants_usage = bool(body.stream_options and body.stream_options.include_usage)
            return StreamingResponse(
                _events(reply, first, pieces, wants_usage), media_type="text/event-stream",
                headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
            )
        text = first + await run_in_threadpool("".join, pieces)
    except AssistantError as error:
        return _refused(error)
    except Exception:
        _log.exception("A question could not be answered because of a bug.")
        return refusal(500, "This is a bug; the server's log tells more.")
    return JSONResponse(reply.whole(text))


def _refused(error: AssistantError) -> Response:
    if isinstance(error, LimitReached):
        seconds = math.ceil(error.retry_after)
        return refusal(429, str(error), "rate_limit_exceeded", Retry_After=str(seconds))
    if isinstance(error, SettingsError):
        return refusal(404, str(error), "model_not_found")
    return refusal(400 if isinstance(error, QuestionError) else 503, str(error))


async def _events(
    reply: _Reply, first: str, pieces: Generator[str], wants_usage: bool
) -> AsyncIterator[str]:
    """Server-sent events, each a chunk in OpenAI's form."""
    try:
        yield _event(reply.chunk({"role": "assistant", "content": first}))
        async for piece in iterate_in_threadpool(pieces):
            if piece:
                yield _event(reply.chunk({"content": piece}))
        yield _event({**reply.chunk({}, "stop"), **reply.facts()})
        if wants_usage:
            yield _event({**reply.head("chat.completion.chunk"), "choices": [],
                          "usage": reply.usage()})
    except Exception as error:
        _log.exception("A reply broke off.")
        told = str(error) if isinstance(error, AssistantError) else "This is a bug."
        yield _event(error_json(500, told))
    finally:
        with suppress(ValueError):  # it is just being asked for its next piece
            pieces.close()
    yield "data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


class _Reply:
    """One reply in OpenAI's form. `answer` is there once all pieces were taken."""

    def __init__(self, model: str) -> None:
        self._id, self._created = f"chatcmpl-{uuid.uuid4().hex}", int(time.time())
        self._model = model
        self.answer: Answer | None = None

    def pieces(
        self, assistant: Assistant, limits: Limits, visitor: Visitor, body: Body
    ) -> Generator[str]:
        """The text, piece by piece; the first may be empty and comes with the first event."""
        with limits.admit(visitor):
            spec = api.read_model(assistant, body.model)
            yield from self._written(
                assistant.stream(body.question, body.history, model=spec), _Written(spec)
            )

    def _written(self, events: Iterator[Event], written: _Written) -> Iterator[str]:
        for event in events:
            match event:
                case Quoted():
                    yield written.said(event.statements, event.premise)
                case Stated():
                    yield written.said((event.statement,))
                case Finished():
                    self.answer = event.answer
                    yield _end(event.answer)
                case _:
                    yield ""

    def head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}

    def chunk(self, delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self.head("chat.completion.chunk"), "choices": [choice]}

    def whole(self, text: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {**self.head("chat.completion"), "choices": [choice], "usage": self.usage(),
                **self.facts()}

    def facts(self) -> dict[str, Any]:
        assert self.answer
        told = as_model(self.answer).model_dump(mode="json")
        return {name: told[name] for name in ("citations", "outcome", "corpus_version")}

    def usage(self) -> dict[str, int]:
        """Of the language model's tokens; none where the sources speak for themselves."""
        assert self.answer
        read, written = self.answer.tokens
        return {"prompt_tokens": read, "completion_tokens": written,
                "total_tokens": read + written}


class _Written:
    """The text so far, which decides what heading and what preface the next sentence needs."""

    def __init__(self, spec: str) -> None:
        self._spec = spec
        self._begun = False
        self._heading = self._lead = self._premise = ""

    def said(self, statements: Sequence[Statement], premise: str = "") -> str:
        """What these add to it."""
        paragraphs = []
        if premise and not self._premise:
            paragraphs.append(f"**{plain(premise)}**")
        for statement in statements:
            refutes = bool(premise and not self._premise)
            self._premise = premise or self._premise
            paragraphs += self._paragraphs(statement, refutes)
        text = "".join(f"\n\n{paragraph}" for paragraph in paragraphs)
        begun, self._begun = self._begun, self._begun or bool(text)
        return text if begun else text.lstrip("\n")

    def _paragraphs(self, statement: Statement, refutes: bool) -> Iterator[str]:
        heading = self._heading_of(statement, refutes)
        if heading != self._heading:
            self._heading, self._lead = heading, ""
            yield f"**{plain(heading)}**"
        if statement.lead and statement.lead != self._lead:
            yield f"*{plain(statement.lead)}*"
        self._lead = statement.lead
        partial = " (supported in part)" if statement.support == "partial" else ""
        yield f"{plain(statement.text)}{partial} {marks(statement)}"

    def _heading_of(self, statement: Statement, refutes: bool) -> str:
        if statement.origin != "quote":
            return say_in_short(statement.origin, self._spec)
        return INSTEAD if refutes else HEADINGS[statement.citations[0].passage.source.tier]


def _end(answer: Answer) -> str:
    """What stands below the sentences, or in their place: notes and sources."""
    paragraphs = []
    if not answer.statements:
        near = "; ".join(map(say_source, answer.nearest))
        paragraphs = [f"**{ABSENT[answer.outcome]}**"]
        paragraphs += [f"Nearest, without an answer: {plain(near)}"] if near else []
    if answer.withheld:
        paragraphs.append(f"Note: {say_withheld(answer)}.")
    paragraphs += [f"Note: {plain(notice)}" for notice in api.harmless(answer)]
    sources = "\n\n".join(map(_source_line, answer.citations))
    text = "\n\n".join(paragraphs)
    begun = "\n\n" if answer.statements and text else ""
    return begun + text + (f"{_SOURCES}{sources}" if sources else "")


def _source_line(citation: Citation) -> str:
    source = citation.passage.source
    held = f"{TEXT_KIND[source.text_kind]}, {CHECKED[citation.passage.checked]}"
    return (
        f"[{citation.number}] {plain(say_reference(citation))} {plain(held)}; "
        f"{plain(say_status(source))}. There: {plain(citation.quote)}"
    )
