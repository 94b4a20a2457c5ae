"""Swap point: a prompt → a stream of text. `open_model(settings)` reads the setting."""

from assistant.models.abilities import (
    Abilities,
    abilities_of,
    all_abilities,
    name_of,
    read_abilities,
    write_abilities,
)
from assistant.models.model import Model, Prompt
from assistant.models.opening import open_model, with_model

__all__ = [
    "Abilities", "Model", "Prompt", "abilities_of", "all_abilities", "name_of", "open_model",
    "read_abilities", "with_model", "write_abilities",
]
