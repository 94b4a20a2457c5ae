"""What `assistant models check` measured of a model, kept in the home folder."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path, PurePath

from pydantic import TypeAdapter, ValidationError

from assistant.endpoints import without_password
from assistant.models.endpoint import OPENAIS
from assistant.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """One model, measured.

    `spec` is what the model is called (`Model.name`). `context` is in tokens, `reads` and `writes`
    in tokens a second, `None` where it could not be told. `cites` is the share of its sentences
    that end with the mark of a source which says so, `schema` says whether it keeps to a JSON
    schema, `judges` is the share of pairs of a true and a false sentence that its margin puts in
    order, `finds` that of pairs of a text that states an answer and one that does not (0.5 is
    chance; `None`: it tells no likelihoods).
    """

    spec: str
    checked: date
    context: int | None = None
    reads: float | None = None
    writes: float | None = None
    cites: float = 0.0
    schema: bool = False
    judges: float | None = None
    finds: float | None = None

    @property
    def capable(self) -> bool:
        """Whether it is told what capable models are told: it cites as it is asked to, and reads
        the whole passages in a few seconds."""
        fast = self.reads is None or self.reads >= _FAST
        return fast and self.cites >= _RELIABLE

    @property
    def chooses(self) -> bool:
        """Whether it better points to the sentences that answer than writes its own."""
        found = self.judges if self.finds is None else self.finds
        return not self.capable and (found or 0.0) >= _DISCERNING


# Tokens a second; and the share of sentences with a right mark.
_FAST = 300.0
_RELIABLE = 0.9
# Share of pairs put in order.
_DISCERNING = 0.75

_FILE = TypeAdapter(dict[str, Abilities])


def read_abilities(settings: Settings, spec: str) -> Abilities | None:
    """What was measured of a model, named by its setting or its name; `None` if it was not, or
    what was kept is not readable."""
    return _read(settings.home / "models.json").get(name_of(spec))


def all_abilities(settings: Settings) -> tuple[Abilities, ...]:
    """What was measured of all models."""
    return tuple(_read(settings.home / "models.json").values())


def abilities_of(settings: Settings, spec: str) -> Abilities:
    """What was measured of a model, or else is supposed: OpenAI's own can, others are small."""
    hosted = bool(re.fullmatch(OPENAIS, spec))  # they need no check
    supposed = Abilities(
        spec=spec, checked=date.min, cites=1.0 if hosted else 0.0, schema=hosted
    )
    return read_abilities(settings, spec) or supposed


def write_abilities(settings: Settings, measured: Abilities) -> None:
    path = settings.home / "models.json"
    named = replace(measured, spec=name_of(measured.spec))
    kept = {**_read(path), named.spec: named}
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {spec: asdict(one) for spec, one in kept.items()}
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(plain, indent=2, default=str), encoding="utf-8")
    fresh.replace(path)


def name_of(spec: str) -> str:
    """What the model of a setting is called: a file without its folder, an address without its
    password."""
    if spec.startswith("gguf:"):
        return f"gguf:{PurePath(spec.removeprefix('gguf:').strip()).name}"
    return without_password(spec)


def _read(path: Path) -> dict[str, Abilities]:
    try:
        return _FILE.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}
