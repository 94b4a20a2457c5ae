"""Where the vectors lie: in the index folder, or in a collection at a Chroma server.

Chroma is opened and its errors are translated here and nowhere else.

A collection belongs to an embedding model and to a name of a corpus folder, so that homes on
several machines share it. A passage's id is a hash of its text, and beside its vector stands a hash
of all that was embedded; so who finds a passage there need not embed it, and two who write the same
do not disturb each other. An update removes only what its own home knows of. When that is still
wanted elsewhere, it is missed there at the next start and put back. Until then, and where passages
of others crowd out a home's own, the copies of the vectors in each home are searched.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from assistant.errors import IndexUnavailable
from assistant.settings import ServerAddress, Settings
from assistant.types import Passage

if TYPE_CHECKING:
    import httpx

_COLLECTION = "passages"
# Candidates that Chroma looks at. Of 100,000 passages its own 100 find 0.965 of the ten nearest and
# 0.914 of fifty, these 0.994 and 0.987, for a millisecond more.
_CONFIGURATION: Any = {"hnsw": {"space": "cosine", "ef_search": 400}}
AT_ONCE = 2_000
"""So many passages are asked of Chroma at once."""
# In seconds. Two cores give back 2,000 vectors in one.
_TO_CONNECT, _TO_ANSWER = 3.0, 15.0


@dataclass(frozen=True)
class Folder:
    """A database in a folder of its own below `path`, used by this home alone."""

    path: Path
    shared: ClassVar[bool] = False

    def name_for(self, embedding: str) -> str:
        # A new one each time: Chroma keeps what it knows of a path for the life of the process.
        return f"chroma-{secrets.token_hex(4)}"

    def open(self, name: str, embedding: str) -> Any:
        """llama-index's vector store of that name, made if there is none."""
        import chromadb
        from llama_index.vector_stores.chroma import ChromaVectorStore

        client = chromadb.PersistentClient(
            str(self.path / name), chromadb.Settings(anonymized_telemetry=False)
        )
        return ChromaVectorStore(chroma_collection=client.get_or_create_collection(
            _COLLECTION, embedding_function=None, configuration=_CONFIGURATION
        ))

    def clear(self) -> None:
        """Nothing: the folders go with the rest of the index."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A Chroma server, and the corpus whose collections are meant."""

    address: ServerAddress
    corpus: str
    shared: ClassVar[bool] = True

    def name_for(self, embedding: str) -> str:
        key = hashlib.sha256(f"{self.corpus}\n{embedding}".encode()).hexdigest()
        return f"{_COLLECTION}-{key[:16]}"

    def open(self, name: str, embedding: str) -> Any:
        """llama-index's vector store of that name, made if there is none."""
        from chromadb.api.models.Collection import Collection
        from llama_index.vector_stores.chroma import ChromaVectorStore

        client = _client(self.address)
        model = client.get_or_create_collection(
            name, configuration=_CONFIGURATION,
            metadata={"corpus": self.corpus, "embedding": embedding},
        )
        collection = Collection(client=client, model=model, embedding_function=None)
        return ChromaVectorStore(chroma_collection=collection)

    def clear(self) -> None:
        """Remove the corpus's collections of all embedding models, for all homes."""
        client = _client(self.address)
        for found in client.list_collections():
            embedding = str((found.metadata or {}).get("embedding"))
            if found.name == self.name_for(embedding):
                client.delete_collection(found.name)


def shared_server(settings: Settings) -> Server | None:
    """The server that the settings name, if they name one."""
    if isinstance(settings.chroma, ServerAddress):
        return Server(address=settings.chroma, corpus=settings.corpus.resolve().name)
    return None


@lru_cache
def _client(address: ServerAddress) -> Any:
    """Chroma's way to a server, one for the life of the process; no connection is made.

    `chromadb.HttpClient` would ask three questions first, and wait for the answers without end.
    """
    import chromadb
    import httpx
    from chromadb.api import ServerAPI
    from chromadb.config import System

    client = System(chromadb.Settings(
        chroma_api_impl="chromadb.api.fastapi.FastAPI", anonymized_telemetry=False,
        chroma_server_host=address.url, chroma_server_http_port=0,
        chroma_server_headers=_login(address),
    )).instance(ServerAPI)
    client._session.timeout = httpx.Timeout(_TO_ANSWER, connect=_TO_CONNECT)
    return client


def _login(address: ServerAddress) -> dict[str, str]:
    if address.login is None:
        return {}
    coded = base64.b64encode(address.login.get_secret_value().encode()).decode()
    return {"Authorization": f"Basic {coded}"}


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


def remove(store: Any, ids: Iterable[str]) -> None:
    for part in _parts(list(ids)):
        store.delete_nodes(part)


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), AT_ONCE):
        yield list(ids[start : start + AT_ONCE])


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """The errors of Chroma and of its way to a server as IndexUnavailable."""
    try:
        yield
    except Exception as error:
        if meant := _meaning(error, doing):
            raise meant from error
        raise


def _meaning(error: Exception, doing: str) -> IndexUnavailable | None:
    import httpx

    # Of an answer that is not Chroma's, Chroma makes a bare Exception.
    cause = error.__context__ if type(error) is Exception else error
    if isinstance(cause, httpx.HTTPStatusError):
        return _refused(cause.response)
    if isinstance(error, httpx.TransportError):
        return IndexUnavailable(
            f"No Chroma server answers at {_where(error.request)} ({error}).",
            "Is it running? Start it with: chroma run --path DIR --port "
            f"{error.request.url.port or 8000}",
        )
    if type(error).__module__.split(".")[0] in ("chromadb", "sqlite3", "orjson"):
        return IndexUnavailable(
            f"Chroma cannot {doing} ({error}).",
            "Start again. If that does not help and nothing else uses the index, build it again: "
            "assistant index --rebuild",
        )
    return None


def _refused(response: httpx.Response) -> IndexUnavailable:
    where = _where(response.request)
    if response.status_code in (401, 403):
        return IndexUnavailable(
            f"The Chroma server at {where} wants to know who asks.",
            "Set ASSISTANT_CHROMA to http://user:password@host:port, or correct what it has.",
        )
    return IndexUnavailable(
        f"What answers at {where} is not a Chroma server, or one in trouble "
        f"(HTTP status {response.status_code}).",
        "Check ASSISTANT_CHROMA and the server's log.",
    )


def _where(request: httpx.Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc.decode()}"
