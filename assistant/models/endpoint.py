"""A language model behind a server that speaks OpenAI's chat protocol (`endpoints`)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tenacity import Future, Retrying, retry_if_exception, stop_after_attempt

from assistant.endpoints import Server
from assistant.errors import ModelError, Overloaded, Refused, Stalled
from assistant.models.model import Prompt
from assistant.types import Tokens

# The names of OpenAI's own models.
OPENAIS = r"((?:gpt|chatgpt|o\d)[\w.:-]*)"
INSTEAD = "Or set ASSISTANT_MODEL=quotes."
# The most a model may write: an answer has a few sentences, and some small models never stop.
_MAX_TOKENS = 400
# Servers may ignore `max_tokens`: more than this is no answer, nor is one that takes this many
# times the longest silence that is borne.
_MAX_CHARACTERS = 8 * _MAX_TOKENS
_MAX_WAITS = 5
# A request that failed for a passing reason is sent again: the quotes are there already. More
# than this many seconds no reader waits for a server that says when it is free.
_ATTEMPTS = 3
_MOST_PATIENCE = 10.0
_OPTIONAL = frozenset({"max_tokens", "temperature", "stream_options", "response_format"})
_OTHERWISE = {"max_tokens": "max_completion_tokens"}


class Endpoint:
    """A model behind OpenAI's chat protocol. `unfit` are options that its server refused."""

    def __init__(self, server: Server, unfit: set[str] | None = None) -> None:
        self.name = server.name
        self.tokens = Tokens()
        self.server = server
        self._unfit = unfit if unfit is not None else set()

    def fresh(self) -> Endpoint:
        return Endpoint(self.server, self._unfit)

    @property
    def loaded(self) -> bool:
        return True

    def load(self) -> float:
        return 0.0

    def stream(self, prompt: Prompt, temperature: float = 0.0) -> Iterator[str]:
        with self.server.translating():
            reply = self._ask(
                prompt, stream=True, stream_options={"include_usage": True},
                temperature=temperature, max_tokens=_MAX_TOKENS,
            )
            with reply, _Watch(reply, self.server.timeout) as watch:
                yield from self._read(reply, watch)

    def margin(self, prompt: Prompt) -> float:
        with self.server.translating():
            reply = self._ask(
                prompt, temperature=0, max_tokens=1, logprobs=True, top_logprobs=20
            )
            self._count(reply)
            try:
                likely = reply.choices[0].logprobs.content[0].top_logprobs
            except (AttributeError, LookupError, TypeError) as error:
                raise Refused(
                    f"The server at {self.server.where} does not tell how likely its words are.",
                    "Set ASSISTANT_VERIFY=strict.", spec=self.name,
                ) from error
        return _likelihood("yes", likely) - _likelihood("no", likely)

    def _ask(self, prompt: Prompt, **options: Any) -> Any:
        if prompt.schema:
            options["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": prompt.schema},
            }
        patiently = Retrying(
            retry=retry_if_exception(_passing), wait=lambda state: _pause(state.outcome),
            stop=stop_after_attempt(_ATTEMPTS), reraise=True,
        )
        return patiently(self._send, _messages(prompt), options)

    def _send(self, messages: Any, options: dict[str, Any]) -> Any:
        """The reply, with the options that this server takes: which ones, newer models of OpenAI
        and older servers tell only by refusing."""
        fit = {
            _OTHERWISE.get(name, name) if name in self._unfit else name: value
            for name, value in options.items()
            if name not in self._unfit or name in _OTHERWISE
        }
        try:
            return self.server.client.chat.completions.create(
                model=self.server.model, messages=messages, **fit
            )
        except Exception as error:
            refused = self.server.refused_option(error, fit.keys() & _OPTIONAL)
            if refused is None:
                raise self.server.translate(error) from error
            self._unfit.add(refused)
        return self._send(messages, options)

    def _count(self, chunk: Any) -> None:
        """Servers that count send it once, with the last chunk."""
        usage = getattr(chunk, "usage", None)
        read, written = (
            getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens")
        )
        if isinstance(read, int) and isinstance(written, int):
            self.tokens = Tokens(self.tokens.read + read, self.tokens.written + written)

    def _read(self, reply: Any, watch: _Watch) -> Iterator[str]:
        """The text of the chunks, until the end or until it is clear that there will be none."""
        # A web page in place of a reply has no events, which the client takes for silence.
        if "event-stream" not in reply.response.headers.get("content-type", ""):
            raise self.server.not_understood()
        written = 0
        try:
            for chunk in reply:
                self._count(chunk)
                if text := self._text_of(chunk):
                    written += len(text)
                    with watch.resting():
                        yield text
                if written > _MAX_CHARACTERS or watch.seconds > _MAX_WAITS * self.server.timeout:
                    raise Stalled(
                        f"The model at {self.server.where} did not come to an end.",
                        f"What it wrote was kept. {INSTEAD}", spec=self.name,
                    )
        except ModelError:
            raise
        except Exception:
            if not watch.hungry:
                raise
        if watch.hungry:
            raise self.server.silent()

    def _text_of(self, chunk: Any) -> str | None:
        try:
            text = chunk.choices[0].delta.content if chunk.choices else None
        except (AttributeError, LookupError, TypeError) as error:
            raise self.server.not_understood() from error
        return text if isinstance(text, str) else None


def _passing(error: BaseException) -> bool:
    return isinstance(error, Overloaded) and (error.retry_after or 0) <= _MOST_PATIENCE


def _pause(outcome: Future | None) -> float:
    error = outcome.exception() if outcome else None
    return (error.retry_after or 1.0) if isinstance(error, Overloaded) else 1.0


def _messages(prompt: Prompt) -> Any:
    return [
        {"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user},
    ]


def _likelihood(word: str, likely: Any) -> float:
    """The log-probability of a word, however written; of one not listed that of the rarest."""
    found = [math.exp(t.logprob) for t in likely if t.token.strip().lower() == word]
    return math.log(sum(found)) if found else min((t.logprob for t in likely), default=0.0)


class _Watch:
    """Closes a reply that keeps its connection alive but brings no text for `limit` seconds."""

    def __init__(self, reply: Any, limit: float) -> None:
        self.hungry = False
        self._reply = reply
        self._limit = limit
        self._started = self._fed = time.monotonic()
        self._done = threading.Event()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @contextmanager
    def resting(self) -> Iterator[None]:
        """While the reader has the text, the model is not waited for."""
        self._fed = float("inf")
        yield
        self._fed = time.monotonic()

    def __enter__(self) -> _Watch:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()

    def _watch(self) -> None:
        while not self._done.wait(self._limit / 10):
            if time.monotonic() - self._fed > self._limit:
                self.hungry = True
                self._reply.close()
                return
