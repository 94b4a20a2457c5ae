"""`manifest.json`: what an index folder holds whole, and how it differs from the corpus.

Beside it `next.json` says the same of an index by another embedding model, while that is built.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from assistant.corpus.passages import SPLITTER
from assistant.errors import OutdatedIndex
from assistant.types import Source

FORMAT = 1
"""Counted up when an index written before can no longer be read."""

_CURRENT, _NEXT = "manifest.json", "next.json"


class Manifest(NamedTuple):
    """What the folder holds: per source a hash of all that its passages depend on.

    `chroma` names a folder in it, or a collection at a server.
    `pending` are the sources whose passages may or may not be in Chroma, with the ids of these.
    """

    embedding: str
    chroma: str
    sources: dict[str, dict[str, Any]]
    pending: dict[str, list[str]] = {}
    bm25: str = ""

    @property
    def version(self) -> str:
        state = [self.embedding, *(f"{i}:{s['hash']}" for i, s in sorted(self.sources.items()))]
        return hashlib.sha256("\n".join(state).encode()).hexdigest()[:12]


class Update(NamedTuple):
    """What an update did, in sources."""

    added: int
    changed: int
    removed: int
    unchanged: int


def is_whole(folder: Path, embedding: str) -> bool:
    """Whether it is an index by this model, of which no update is under way or was broken off."""
    try:
        manifest = read_manifest(folder)
    except (OSError, OutdatedIndex):
        return False
    return bool(manifest and manifest.embedding == embedding and whole(folder, manifest))


def source_hash(source: Source) -> str:
    """Changes with everything that a source's passages, vectors or BM25 terms depend on."""
    parts = [str(SPLITTER), source.title, source.voice, *source.aliases, source.checked,
             source.language, source.text]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def compare(manifest: Manifest | None, wanted: dict[str, str], embedding: str) -> Update:
    held = {
        i: e["hash"] for i, e in (manifest.sources.items() if manifest else ())
        if manifest and manifest.embedding == embedding and i not in manifest.pending
    }
    return Update(
        added=sum(i not in held for i in wanted),
        changed=sum(i in held and held[i] != h for i, h in wanted.items()),
        removed=sum(i not in wanted for i in held),
        unchanged=sum(held.get(i) == h for i, h in wanted.items()),
    )


def whole(folder: Path, manifest: Manifest) -> bool:
    return not manifest.pending and bool(manifest.bm25) and (
        (folder / manifest.bm25).is_dir() and (folder / vectors_file(manifest)).is_file()
    )


def vectors_file(manifest: Manifest) -> str:
    return f"vectors-{manifest.version}.npy"


def to_write(folder: Path, embedding: str) -> tuple[str, Manifest | None]:
    """The file and content of the manifest that an update with this embedding model goes on with.

    An index by another model stays as it is, to be searched until the new one is whole.
    """
    current = read_manifest(folder)
    if current is None or current.embedding == embedding:
        return _CURRENT, current
    begun = read_manifest(folder, _NEXT)
    return _NEXT, begun if begun and begun.embedding == embedding else None


def settle(folder: Path, name: str) -> None:
    """Put the manifest that is whole now in its place, and remove what none names."""
    (folder / name).replace(folder / _CURRENT)
    manifests = [m for m in (read_manifest(folder), read_manifest(folder, _NEXT)) if m]
    _remove(folder, {part for m in manifests for part in (m.chroma, m.bm25, vectors_file(m))})


def read_manifest(folder: Path, name: str = _CURRENT) -> Manifest | None:
    path = folder / name
    if not path.exists():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] == FORMAT:
            pending = data["pending"]
            if isinstance(pending, list):  # once the names alone were kept
                pending = dict.fromkeys(pending, [])
            return Manifest(
                data["embedding"], data["chroma"], data["sources"], pending, data["bm25"]
            )
    except (ValueError, KeyError, TypeError):
        pass
    raise OutdatedIndex(
        f"The index in {folder} was written by another version of this program.",
        "Build it again: assistant index --rebuild",
    )


def write_manifest(folder: Path, name: str, manifest: Manifest) -> None:
    """Replace the file in one step, so that a kill leaves the old one or the new one."""
    path, new = folder / name, folder / f"{name}.new"
    with new.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **manifest._asdict()}, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def clear(folder: Path) -> None:
    for name in (_CURRENT, _NEXT):  # first: without them nothing counts
        (folder / name).unlink(missing_ok=True)
    _remove(folder, set())


def _remove(folder: Path, kept: set[str]) -> None:
    """All parts of indexes but those named so."""
    for path in [*folder.glob("chroma-*"), *folder.glob("bm25-*"), *folder.glob("vectors-*")]:
        if path.name in kept:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
