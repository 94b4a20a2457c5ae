"""What every language model can do, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from assistant.types import Tokens


class Prompt(NamedTuple):
    """`system` never changes between questions, so that a server can keep it cached.

    A reply keeps to `schema`, a JSON schema, where the server offers that (`Abilities.schema`).
    """

    system: str
    user: str
    schema: Mapping[str, Any] | None = None


class Model(Protocol):
    """`stream` yields text as it is written; `margin` is by how much likelier, in nats, the first
    word of the reply is "yes" than "no". Both raise ModelError.

    `load` makes it ready to answer, where it is not yet `loaded`; it tells the seconds that took
    and raises ModelError. A model on a server is loaded, as far as is known here.

    `tokens` are those of all calls since it was opened; `fresh` is the same model counting from
    nothing.
    """

    name: str
    tokens: Tokens

    def stream(self, prompt: Prompt, temperature: float = 0.0) -> Iterator[str]: ...

    def margin(self, prompt: Prompt) -> float: ...

    def fresh(self) -> Model: ...

    @property
    def loaded(self) -> bool: ...

    def load(self) -> float: ...
