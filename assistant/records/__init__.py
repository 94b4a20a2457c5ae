"""What is kept: conversations, what readers thought of answers, and answers that are shared."""

from assistant.records.keeping import (
    Kept,
    Listed,
    Rated,
    Records,
    Shared,
    Verdict,
    new_id,
    open_records,
)

__all__ = [
    "Kept", "Listed", "Rated", "Records", "Shared", "Verdict", "new_id", "open_records",
]
