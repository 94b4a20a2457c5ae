"""The prompts: text files with named fields, which anybody may change (`prompts/README.md`).

What stands above a line of three dashes never changes between questions, so that a model's server
reads it once; what stands below has the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from assistant.errors import PromptError
from assistant.models import Prompt

_RULE = "\n---\n"


def read_prompt(
    folder: Path, name: str, fields: Mapping[str, str], schema: Mapping[str, Any] | None = None
) -> Prompt:
    """The prompt `name.txt` with its fields filled in. Raises PromptError for a faulty file."""
    path = folder / f"{name}.txt"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PromptError(
            f"The prompt {path} cannot be read ({error.strerror}).",
            "Put it back, or unset ASSISTANT_PROMPTS.", template=path.name,
        ) from error
    fixed, rule, asked = text.partition(_RULE)
    if not rule:
        raise PromptError(
            f"The prompt {path.name} has no line of three dashes.",
            "Write one between what is the same for every question and what has the fields.",
            template=path.name,
        )
    try:
        filled = Template(asked).substitute(fields)
    except (KeyError, ValueError) as error:
        raise PromptError(
            f"The prompt {path.name} names an unknown field ({error}).",
            f"Its fields are: {', '.join('$' + f for f in fields) or 'none'}; write $$ for a "
            "dollar sign.", template=path.name,
        ) from error
    return Prompt(fixed.strip(), filled.strip(), schema)
