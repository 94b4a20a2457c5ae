"""What is kept: conversations, what readers thought of answers, and answers that are shared."""

from assistant.records.keeping import (
    MOST_LISTED,
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
    "MOST_LISTED", "Kept", "Listed", "Rated", "Records", "Shared", "Verdict", "new_id",
    "open_records",
]
