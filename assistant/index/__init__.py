"""Swap point: keep and search the passages of a corpus.

`store` writes Chroma, BM25 and the vectors' copy, `chroma` knows where Chroma is, `manifest`
remembers what is whole, `search` finds passages in them, `languages` in several languages.
"""

from assistant.index.chroma import shared_server
from assistant.index.languages import MultilingualIndex
from assistant.index.manifest import Update, is_whole
from assistant.index.search import Found, Hit, Name, PassageIndex, searched_text
from assistant.index.store import IndexProgress, open_index

__all__ = [
    "Found", "Hit", "IndexProgress", "MultilingualIndex", "Name", "PassageIndex", "Update",
    "is_whole", "open_index", "searched_text", "shared_server",
]
