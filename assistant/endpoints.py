"""A server that speaks OpenAI's protocol: how a setting names it, its client, what its errors mean.

The `openai` client is imported and its errors are translated here and nowhere else.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from assistant.errors import (
    ContextOverflow,
    ModelError,
    Overloaded,
    Refused,
    SettingsError,
    Stalled,
    Unreachable,
)
from assistant.settings import PREFIX, Settings

if TYPE_CHECKING:
    import openai

OLLAMA = "http://localhost:11434/v1"
_CONNECT_SECONDS = 5.0


def find_server(
    spec: str, openais: str, settings: Settings, *, key: str, kind: str, instead: str
) -> Server | None:
    """The server and model that a setting names: `http://host:port/v1#NAME`, `ollama/NAME`, or
    what matches `openais`, whose group is the model's name at OpenAI. `None` for another form.

    `key` is the setting with the server's key: the two models' servers may be strangers.
    """
    if found := re.fullmatch(r"(https?://[^#\s]+)#(\S+)", spec):
        base_url, model = found[1], found[2]
    elif found := re.fullmatch(r"ollama/(\S+)", spec):
        base_url, model = OLLAMA, found[1]
    elif found := re.fullmatch(openais, spec):
        base_url, model = None, found[1]
    else:
        return None
    return Server(
        name=without_password(spec), base_url=base_url, model=model,
        key=getattr(settings, key), key_variable=f"{PREFIX}{key.upper()}",
        timeout=settings.model_timeout, kind=kind, instead=instead,
    )


def unknown(kind: str, variable: str, spec: str, forms: Sequence[str]) -> SettingsError:
    """What is said of a setting that is of none of the forms."""
    near = difflib.get_close_matches(spec, forms, n=1, cutoff=0.45)
    return SettingsError(
        f"There is no {kind} {spec!r}.",
        f"Did you mean {near[0]!r}?" if near else f"Write one of: {', '.join(forms)}.",
        variable=variable, value=spec,
    )


@dataclass(frozen=True, kw_only=True)
class Server:
    """A model at a server; `base_url` `None` is OpenAI itself.

    `name` is the setting without a password. `kind` is what errors call the model, and `instead`
    ends their next step. `timeout` is in seconds of silence; `retries` says how often a request
    that failed for a passing reason is sent again.
    """

    name: str
    base_url: str | None
    model: str
    key: SecretStr | None
    key_variable: str
    timeout: float
    kind: str
    instead: str
    patience: str = "Try again, or raise ASSISTANT_MODEL_TIMEOUT."
    # Quotes answer at once; a second try would only keep the reader waiting.
    retries: int = 0

    @cached_property
    def client(self) -> Any:
        """The `openai` client; no connection is made."""
        import openai

        # A local server needs no key but the client insists on one. What the environment
        # holds for OpenAI (key, organization, project) is never sent elsewhere.
        own = self.base_url is None
        key = self.key.get_secret_value() if self.key else None
        timeout = openai.Timeout(self.timeout, connect=_CONNECT_SECONDS)
        # A proxy of the environment does not reach what runs on this machine.
        direct = (
            openai.DefaultHttpx2Client(trust_env=False, timeout=timeout) if self.is_here else None
        )
        elsewhere: Any = {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
        return openai.OpenAI(
            base_url=self.base_url, api_key=key or (None if own else "none"),
            max_retries=self.retries, default_headers=None if own else elsewhere,
            timeout=timeout, http_client=direct,
        )

    @property
    def where(self) -> str:
        return without_password(self.base_url or "api.openai.com")

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine."""
        host = urlsplit(self.base_url or "").hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")

    def not_understood(self) -> Refused:
        return Refused(
            f"The server at {self.where} answers in a way that is not understood.",
            f"Does the address end in /v1? {self.instead}", spec=self.name,
        )

    def silent(self) -> Stalled:
        return Stalled(
            f"The {self.kind} at {self.where} sent nothing for {self.timeout:g} s.",
            f"{self.patience} {self.instead}", spec=self.name,
        )

    def refused_option(self, error: Exception, options: Collection[str]) -> str | None:
        """Which of the options a server says that it does not take, if that is what failed."""
        import openai

        if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return None
        told = str(error).lower()
        if "grammar" in told or "json_schema" in told:
            told += " response_format"
        return next((name for name in sorted(options) if name in told), None)

    def translate(self, error: Exception) -> Exception:
        """The ModelError that an exception of `openai` or `httpx2` means; others are bugs."""
        import httpx2
        import openai

        if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
            return self.silent()
        if isinstance(error, openai.APIResponseValidationError | ValueError):
            return self.not_understood()
        if isinstance(error, openai.APIStatusError) and _too_long(error):
            return ContextOverflow(
                f"What is sent does not fit into the context of {self.model!r}.",
                f"Start the server with a larger context. {self.instead}", spec=self.name,
            )
        if isinstance(error, openai.RateLimitError):
            return Overloaded(
                f"The server at {self.where} takes no more requests now.",
                f"Wait a little. {self.instead}", spec=self.name,
                retry_after=_seconds(error.response.headers),
            )
        for classes, kind, fact, next_step in self._meanings():
            if isinstance(error, classes):
                return kind(fact, f"{next_step} {self.instead}", spec=self.name)
        return error

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Errors inside the block leave it as the ModelErrors that they mean."""
        try:
            yield
        except ModelError:
            raise
        except Exception as error:
            raise self.translate(error) from error

    def _meanings(self) -> list[tuple[tuple[type[Exception], ...], type[ModelError], str, str]]:
        """From the most special exception to the most general."""
        import httpx2
        import openai

        at = f"at {self.where}"
        ollama = self.base_url == OLLAMA
        return [
            ((openai.APIConnectionError, httpx2.TransportError), Unreachable,
             f"No {self.kind} answers {at}.",
             "Is Ollama running?" if ollama else "Is the server running?"),
            ((openai.AuthenticationError, openai.PermissionDeniedError), Refused,
             f"The server {at} does not accept the key.", f"Check {self.key_variable}."),
            ((openai.NotFoundError,), Refused, f"There is no {self.kind} {self.model!r} {at}.",
             f"Get it with: ollama pull {self.model}." if ollama
             else "Check the name, and that the address ends in /v1."),
            ((openai.InternalServerError,), Overloaded, f"The server {at} failed.",
             "Look at its log."),
            ((openai.BadRequestError, openai.UnprocessableEntityError), Refused,
             f"The server {at} does not accept the request.", f"Try another {self.kind}."),
            ((openai.APIError,), Refused,
             f"The server {at} answers in a way that is not understood.",
             "Does the address end in /v1?"),
            ((openai.OpenAIError,), Refused, f"There is no key for the server {at}.",
             "Set OPENAI_API_KEY."),
        ]


def without_password(address: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//", address)


def _too_long(error: openai.APIStatusError) -> bool:
    """As OpenAI, Ollama and vLLM say it; as HTTP does; as llama.cpp does of texts to embed."""
    told = str(error).lower()
    context = error.status_code == 400 and "context" in told
    return context or error.status_code == 413 or "too large to process" in told


def _seconds(headers: Any) -> float | None:
    try:
        return float(headers.get("retry-after"))
    except (TypeError, ValueError):
        return None
