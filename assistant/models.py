"""Swap point: a prompt → a stream of text. `open_model(spec)` reads the setting.

Any server that speaks OpenAI's chat protocol is reached with the `openai` client; its errors
are translated here and nowhere else.
"""

from __future__ import annotations

import difflib
import math
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from assistant.errors import (
    ContextOverflow,
    ModelError,
    Overloaded,
    Refused,
    SettingsError,
    Stalled,
    Unreachable,
)
from assistant.settings import Settings

# The most a model may write: an answer has a few sentences, and some small models never stop.
_MAX_TOKENS = 400
# Servers may ignore `max_tokens`: more than this is no answer, nor is one that takes this many
# times the longest silence that is borne.
_MAX_CHARACTERS = 8 * _MAX_TOKENS
_MAX_WAITS = 5
_CONNECT_SECONDS = 5.0
_INSTEAD = "Or set ASSISTANT_MODEL=quotes."
_OLLAMA = "http://localhost:11434/v1"


class Prompt(NamedTuple):
    """`system` never changes between questions, so that a server can keep it cached."""

    system: str
    user: str


class Model(Protocol):
    """`stream` yields text as it is written; `margin` is by how much likelier, in nats, the first
    word of the reply is "yes" than "no". Both raise ModelError."""

    name: str

    def stream(self, prompt: Prompt) -> Iterator[str]: ...

    def margin(self, prompt: Prompt) -> float: ...


def open_model(settings: Settings) -> Model | None:
    """The model that `settings.model` names; `None` for `quotes`.

    Raises SettingsError if the setting is of no known form. No connection is made.
    """
    spec = settings.model.strip()
    if spec == "quotes":
        return None
    if found := re.fullmatch(r"(https?://[^#\s]+)#(\S+)", spec):
        return Endpoint(settings, base_url=found[1], model=found[2])
    if found := re.fullmatch(r"ollama/(\S+)", spec):
        return Endpoint(settings, base_url=_OLLAMA, model=found[1])
    if re.fullmatch(r"(gpt|chatgpt|o\d)[\w.:-]*", spec):
        return Endpoint(settings, base_url=None, model=spec)
    forms = ["quotes", "gpt-4o-mini", "ollama/NAME", "http://host:port/v1#NAME"]
    near = difflib.get_close_matches(spec, forms, n=1, cutoff=0.45)
    raise SettingsError(
        f"There is no model {spec!r}.",
        f"Did you mean {near[0]!r}?" if near else f"Write one of: {', '.join(forms)}.",
        variable="ASSISTANT_MODEL", value=spec,
    )


class Endpoint:
    """A model behind OpenAI's chat protocol; `base_url` `None` is OpenAI itself."""

    def __init__(self, settings: Settings, base_url: str | None, model: str) -> None:
        self.name = _without_password(settings.model)
        self._model = model
        self._base_url = base_url
        self._key = settings.api_key.get_secret_value() if settings.api_key else None
        self._timeout = settings.model_timeout
        self._client: Any = None

    def stream(self, prompt: Prompt) -> Iterator[str]:
        import openai

        try:
            reply = self._open(openai).chat.completions.create(
                model=self._model, stream=True, temperature=0, max_tokens=_MAX_TOKENS,
                messages=_messages(prompt),
            )
            with reply, _Watch(reply, self._timeout) as watch:
                yield from self._read(reply, watch)
        except Exception as error:
            raise self._translate(error) from error

    def margin(self, prompt: Prompt) -> float:
        import openai

        try:
            reply = self._open(openai).chat.completions.create(
                model=self._model, temperature=0, max_tokens=1, logprobs=True, top_logprobs=20,
                messages=_messages(prompt),
            )
            likely = reply.choices[0].logprobs.content[0].top_logprobs
        except (AttributeError, LookupError, TypeError) as error:
            raise Refused(
                f"The server at {self._where} does not tell how likely its words are.",
                "Set ASSISTANT_VERIFY=strict.", spec=self.name,
            ) from error
        except Exception as error:
            raise self._translate(error) from error
        return _likelihood("yes", likely) - _likelihood("no", likely)

    def _read(self, reply: Any, watch: _Watch) -> Iterator[str]:
        """The text of the chunks, until the end or until it is clear that there will be none."""
        # A web page in place of a reply has no events, which the client takes for silence.
        if "event-stream" not in reply.response.headers.get("content-type", ""):
            raise self._not_understood()
        written = 0
        try:
            for chunk in reply:
                if text := self._text_of(chunk):
                    written += len(text)
                    with watch.resting():
                        yield text
                if written > _MAX_CHARACTERS or watch.seconds > _MAX_WAITS * self._timeout:
                    raise Stalled(
                        f"The model at {self._where} did not come to an end.",
                        f"What it wrote was kept. {_INSTEAD}", spec=self.name,
                    )
        except ModelError:
            raise
        except Exception:
            if not watch.hungry:
                raise
        if watch.hungry:
            raise self._silent()

    def _text_of(self, chunk: Any) -> str | None:
        try:
            text = chunk.choices[0].delta.content if chunk.choices else None
        except (AttributeError, LookupError, TypeError) as error:
            raise self._not_understood() from error
        return text if isinstance(text, str) else None

    def _not_understood(self) -> Refused:
        return Refused(
            f"The server at {self._where} answers in a way that is not understood.",
            f"Does the address end in /v1? {_INSTEAD}", spec=self.name,
        )

    def _silent(self) -> Stalled:
        return Stalled(
            f"The model at {self._where} sent nothing for {self._timeout:g} s.",
            f"Try again, or raise ASSISTANT_MODEL_TIMEOUT. {_INSTEAD}", spec=self.name,
        )

    def _open(self, openai: Any) -> Any:
        if self._client is None:
            # A local server needs no key but the client insists on one. What the environment
            # holds for OpenAI (key, organization, project) is never sent elsewhere.
            own = self._base_url is None
            elsewhere = {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
            self._client = openai.OpenAI(
                base_url=self._base_url, api_key=self._key or (None if own else "none"),
                # Quotes answer at once; a second try would only keep the reader waiting.
                max_retries=0, default_headers=None if own else elsewhere,
                timeout=openai.Timeout(self._timeout, connect=_CONNECT_SECONDS),
            )
        return self._client

    def _translate(self, error: Exception) -> Exception:
        """The ModelError that an exception of `openai` or `httpx2` means; others are bugs."""
        import httpx2
        import openai

        if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
            return self._silent()
        if isinstance(error, openai.APIResponseValidationError | ValueError):
            return self._not_understood()
        if isinstance(error, openai.BadRequestError) and "context" in str(error).lower():
            return ContextOverflow(
                f"The question and its sources do not fit into the context of {self._model!r}.",
                f"Start the server with a larger context. {_INSTEAD}", spec=self.name,
            )
        if isinstance(error, openai.RateLimitError):
            return Overloaded(
                f"The server at {self._where} takes no more requests now.",
                f"Wait a little. {_INSTEAD}", spec=self.name,
                retry_after=_seconds(error.response.headers),
            )
        for classes, kind, fact, next_step in self._meanings():
            if isinstance(error, classes):
                return kind(fact, f"{next_step} {_INSTEAD}", spec=self.name)
        return error

    @property
    def _where(self) -> str:
        return _without_password(self._base_url or "api.openai.com")

    def _meanings(self) -> list[tuple[tuple[type[Exception], ...], type[ModelError], str, str]]:
        """From the most special exception to the most general."""
        import httpx2
        import openai

        at = f"at {self._where}"
        return [
            ((openai.APIConnectionError, httpx2.TransportError), Unreachable,
             f"No model answers {at}.", "Is the server running?"),
            ((openai.AuthenticationError, openai.PermissionDeniedError), Refused,
             f"The server {at} does not accept the key.", "Check ASSISTANT_API_KEY."),
            ((openai.NotFoundError,), Refused, f"There is no model {self._model!r} {at}.",
             "Check the name, and that the address ends in /v1."),
            ((openai.InternalServerError,), Overloaded, f"The server {at} failed.",
             "Look at its log."),
            ((openai.BadRequestError, openai.UnprocessableEntityError), Refused,
             f"The server {at} does not accept the request.", "Try another model."),
            ((openai.APIError,), Refused,
             f"The server {at} answers in a way that is not understood.",
             "Does the address end in /v1?"),
            ((openai.OpenAIError,), Refused, f"There is no key for the server {at}.",
             "Set OPENAI_API_KEY."),
        ]


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


def _without_password(address: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//", address)


def _seconds(headers: Any) -> float | None:
    try:
        return float(headers.get("retry-after"))
    except (TypeError, ValueError):
        return None
