import hashlib

import numpy as np
import pytest

from assistant import embeddings
from assistant.embeddings import Embedder, open_embedder
from assistant.errors import IndexUnavailable, SettingsError


def test_vectors_are_unit_length_in_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = ["ships " * n for n in (30, 1, 12)] + ["tanks"] * 20
    done: list[int] = []
    vectors = embedder.embed(texts, done.append)
    assert vectors.shape == (23, 384)
    assert sum(done) == 23
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    alone = embedder.embed([texts[0]])[0]
    assert float(vectors[0] @ alone) > 0.99


def test_meaning_is_nearer_than_other_subjects(embedder: Embedder) -> None:
    tank, armour, football = embedder.embed(
        ["a limit on battle tanks", "a ceiling for armoured vehicles", "the football final"]
    )
    assert tank @ armour > tank @ football + 0.2


def test_an_unknown_embedding_model_is_refused() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'bundled'"):
        open_embedder("bundeld")


def test_a_changed_model_file_is_refused_before_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package, inside, sha256 = embeddings.TOKENIZER
    assert hashlib.sha256(embeddings._checked_file(package, inside, sha256)).hexdigest() == sha256
    monkeypatch.setattr(embeddings, "TOKENIZER", (package, inside, "0" * 64))
    with pytest.raises(IndexUnavailable, match="not the expected file"):
        open_embedder("bundled")
