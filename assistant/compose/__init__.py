"""Evidence → drafts: the sentences of the sources themselves, or a model's with `[S1]` marks.

Nothing here is shown before `verify` has seen it.
"""

from assistant.compose.choosing import choose
from assistant.compose.quotes import (
    excerpts,
    lead,
    quote,
    say_date,
    say_name,
    say_place,
    say_status,
    shown,
)
from assistant.compose.writing import write

__all__ = [
    "choose", "excerpts", "lead", "quote", "say_date", "say_name", "say_place", "say_status",
    "shown", "write",
]
