"""Swap point: keep and search the passages of a corpus.

`store` writes and searches Chroma and BM25, `manifest` remembers what is whole.
"""

from assistant.index.manifest import Update, is_whole
from assistant.index.store import (
    Hit,
    IndexProgress,
    PassageIndex,
    open_index,
    searched_text,
)

__all__ = [
    "Hit", "IndexProgress", "PassageIndex", "Update", "is_whole", "open_index", "searched_text",
]
