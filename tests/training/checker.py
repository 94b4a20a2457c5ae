"""A small judge of our own, as trained by `tests.training.train`: measured with
`tests.bench.support`, not yet good enough to come with the program.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from assistant.embeddings import open_tokenizer

MAX_TOKENS = 192


class Checker:
    """The bundled encoder fine-tuned on supported and altered statements."""

    name = "checker"
    # the best on the two domains that are kept back (`tests.bench.support --split tune`)
    threshold = -1.25

    def __init__(self, weights: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            weights.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = open_tokenizer(MAX_TOKENS, strategy="only_first")

    def support(self, evidence: str, statement: str) -> float:
        """The logit of "supported"."""
        read = self._tokenizer.encode(evidence, statement)
        feed: dict[str, Any] = {
            name: np.array([value], dtype=np.int64) for name, value in (
                ("input_ids", read.ids), ("attention_mask", read.attention_mask),
                ("token_type_ids", read.type_ids),
            )
        }
        return float(self._session.run(None, feed)[0][0][0])
