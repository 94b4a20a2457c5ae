"""Lists that a corpus may bring along: contested words, and names of one and the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from assistant.errors import CorpusError

_T = TypeVar("_T")


def read_contested(folder: Path) -> tuple[str, ...]:
    """The words of `contested.yaml`, if there is one. Raises CorpusError for another form."""
    return _read(
        folder / "contested.yaml", TypeAdapter(tuple[str, ...]), "it is no list of words.",
        "Write one word a line, each after `- `.",
    )


def read_names(folder: Path) -> tuple[tuple[str, ...], ...]:
    """The groups of names of `names.yaml`, if there is one. Raises CorpusError for another form."""
    return _read(
        folder / "names.yaml", TypeAdapter(tuple[tuple[str, ...], ...]),
        "it is no list of lists of names.", "Write one group a line, as `- [Kyiv, Kiev]`.",
    )


def _read(
    path: Path, form: TypeAdapter[tuple[_T, ...]], fact: str, form_told: str
) -> tuple[_T, ...]:
    if not path.is_file():
        return ()
    try:
        written: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CorpusError("it is no YAML.", form_told, path=path) from error
    try:
        return form.validate_python(written)
    except ValidationError as error:
        raise CorpusError(fact, form_told, path=path) from error
