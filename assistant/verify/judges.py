"""Swap point: does the evidence support a sentence that is not made of its words?

`open_judge(settings, model)` reads `ASSISTANT_VERIFY`: `strict` (no judge: such a sentence is
withheld), `model` (the configured language model) or `checker:FILE` (a small trained one). Numbers,
names, negation and quotations are checked by words before a judge is asked (`support`,
`quotations`).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Protocol

from assistant.errors import ModelError, SettingsError
from assistant.models import Model
from assistant.prompts import read_prompt
from assistant.settings import Settings
from assistant.verify.checker import Checker


class Judge(Protocol):
    """`support` is higher the better the evidence supports the statement; from `threshold` on it
    counts as supported."""

    name: str
    threshold: float

    def support(self, evidence: str, statement: str) -> float: ...


def open_judge(settings: Settings, model: Model | None) -> Judge | None:
    """The judge that `settings.verify` names; `None` for `strict`.

    Raises SettingsError for another value, `model` without a language model, an unfit checker.
    """
    name, _, weights = settings.verify.partition(":")
    if settings.verify == "strict":
        return None
    if name == "checker" and weights:
        return _checker(Path(weights).expanduser())
    if settings.verify != "model":
        raise SettingsError(
            f"ASSISTANT_VERIFY={settings.verify!r} is not valid.",
            "Set it to strict, model or checker:FILE.",
            variable="ASSISTANT_VERIFY", value=settings.verify,
        )
    if model is None:
        raise SettingsError(
            "ASSISTANT_VERIFY=model needs a language model, and ASSISTANT_MODEL is quotes.",
            "Name a model in ASSISTANT_MODEL, or set ASSISTANT_VERIFY=strict.",
            variable="ASSISTANT_VERIFY", value="model",
        )
    return Examiner(model, settings.prompts)


@lru_cache(maxsize=1)
def _checker(weights: Path) -> Checker:
    return Checker(weights)


class Examiner:
    """The language model asked for "yes" or "no": the margin between their log-probabilities."""

    name = "model"
    threshold = 1.0

    def __init__(self, model: Model, prompts: Path) -> None:
        self._model = model
        self._prompts = prompts

    def support(self, evidence: str, statement: str) -> float:
        """Minus infinity if the model gives no judgement: what is not judged is not supported."""
        try:
            return self.examine(evidence, statement)
        except ModelError:
            return float("-inf")

    def examine(self, evidence: str, statement: str) -> float:
        """The margin in nats. Raises ModelError and PromptError."""
        fields = {"evidence": evidence, "statement": statement}
        return self._model.margin(read_prompt(self._prompts, "support", fields))
