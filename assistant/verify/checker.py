"""A small trained judge: an encoder that reads evidence and statement together.

None comes with the program: what `tests.training.train` makes of the bundled encoder shows more
that is not supported than it gains (README.md). `ASSISTANT_VERIFY=checker:FILE` takes any ONNX
file of that form: inputs `input_ids`, `attention_mask` and `token_type_ids` in the bundled
vocabulary, first output the logit of "supported", and in the file's metadata the `threshold` from
which on it counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from assistant.embeddings import open_tokenizer
from assistant.errors import SettingsError

MAX_TOKENS = 192
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Checker:
    """Raises SettingsError for a file that is not there or is no such model."""

    name = "checker"

    def __init__(self, weights: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                weights.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own classes are in no public module
            raise _unfit(weights, str(error)) from error
        if {i.name for i in self._session.get_inputs()} != set(_INPUTS):
            raise _unfit(weights, f"its inputs must be {', '.join(_INPUTS)}")
        told = self._session.get_modelmeta().custom_metadata_map
        self.threshold = float(told.get("threshold", 0.0))
        self._tokenizer = open_tokenizer(MAX_TOKENS, strategy="only_first")

    def support(self, evidence: str, statement: str) -> float:
        """The logit of "supported"."""
        read = self._tokenizer.encode(evidence, statement)
        feed: dict[str, Any] = {
            name: np.array([value], dtype=np.int64) for name, value in zip(
                _INPUTS, (read.ids, read.attention_mask, read.type_ids), strict=True
            )
        }
        return float(self._session.run(None, feed)[0][0][0])


def _unfit(weights: Path, why: str) -> SettingsError:
    return SettingsError(
        f"The checker {weights} cannot be used: {why}.",
        "Name an ONNX file as `python -m tests.training.train` writes one, "
        "or set ASSISTANT_VERIFY=strict.",
        variable="ASSISTANT_VERIFY", value=f"checker:{weights}",
    )
