"""Who judges whether citations support a statement: never what let the statement through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assistant.errors import SettingsError
from assistant.evaluation.scoring import Judge
from assistant.models import open_model, with_model
from assistant.settings import Settings
from assistant.verify.checker import Checker
from assistant.verify.judges import Examiner


@dataclass(frozen=True, kw_only=True)
class IndependentJudge:
    name: str
    supports: Judge


def open_independent_judge(spec: str, settings: Settings) -> IndependentJudge:
    """`checker:FILE` or a language model, named as in ASSISTANT_MODEL.

    Raises SettingsError if it is the one that gates answers, or none; `supports` raises ModelError.
    """
    gating = settings.model if settings.verify == "model" else settings.verify
    if spec == gating:
        raise SettingsError(
            f"{spec} checks the answers already, so that it cannot judge them as well.",
            "Name another judge, or set ASSISTANT_VERIFY=strict.", variable="ASSISTANT_VERIFY",
            value=settings.verify,
        )
    kind, _, weights = spec.partition(":")
    if kind == "checker" and weights:
        checker = Checker(Path(weights).expanduser())
        return IndependentJudge(
            name=spec, supports=lambda text, said: checker.support(text, said) >= checker.threshold
        )
    model = open_model(with_model(settings, spec))
    if model is None:
        raise SettingsError(
            "`quotes` is no language model and judges nothing.",
            "Name a model with --judge, or checker:FILE.", variable="ASSISTANT_MODEL", value=spec,
        )
    examiner = Examiner(model, settings.prompts)
    return IndependentJudge(
        name=spec,
        supports=lambda text, said: examiner.examine(text, said) >= examiner.threshold,
    )
