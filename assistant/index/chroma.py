"""Where the vectors lie: a Chroma database in the index folder.

What is imported of Chroma and of llama-index's way to it, and what their errors mean.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.errors import IndexUnavailable
from assistant.types import Passage

_COLLECTION = "passages"
# Candidates that Chroma looks at. Of 100,000 passages its own 100 find 0.965 of the ten nearest and
# 0.914 of fifty, these 0.994 and 0.987, for a millisecond more.
_SEARCHED = 400
AT_ONCE = 2_000
"""So many passages are asked of Chroma at once."""


def open_store(folder: Path) -> Any:
    import chromadb
    from llama_index.vector_stores.chroma import ChromaVectorStore

    client = chromadb.PersistentClient(
        str(folder), chromadb.Settings(anonymized_telemetry=False)
    )
    collection = client.get_or_create_collection(
        _COLLECTION, embedding_function=None,
        configuration={"hnsw": {"space": "cosine", "ef_search": _SEARCHED}},
    )
    return ChromaVectorStore(chroma_collection=collection)


def node(passage: Passage, vector: list[float], text_hash: str) -> Any:
    """The passage as llama-index stores it, with a hash of the text that was embedded."""
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

    return TextNode(
        id_=passage.id, text=passage.text, embedding=vector, metadata={"embedded": text_hash},
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.source.id)},
    )


def present(store: Any, ids: Sequence[str]) -> set[str]:
    """Those of the passages that the store holds."""
    return {i for part in _parts(ids) for i in store.client.get(ids=part, include=[])["ids"]}


def text_hashes(store: Any, ids: Sequence[str]) -> dict[str, str]:
    """Of those that the store holds the hash of the text that was embedded."""
    hashes = {}
    for part in _parts(ids):
        got = store.client.get(ids=part, include=["metadatas"])
        for passage_id, metadata in zip(got["ids"], got["metadatas"], strict=True):
            hashes[passage_id] = str(metadata.get("embedded", ""))
    return hashes


def remove(store: Any, ids: Collection[str]) -> None:
    for part in _parts(list(ids)):
        store.delete_nodes(part)


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), AT_ONCE):
        yield list(ids[start : start + AT_ONCE])


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Chroma's errors as IndexUnavailable."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("chromadb", "sqlite3"):
            raise
        raise IndexUnavailable(
            f"Chroma cannot {doing} ({error}).",
            "If nothing else uses it, build it again: assistant index --rebuild",
        ) from error
