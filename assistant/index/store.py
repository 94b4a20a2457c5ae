"""Write and open an index: vectors in Chroma through llama-index, BM25 beside it.

The folder holds Chroma's files (or a server does, see `chroma`), one BM25 folder, one file of
vectors, and `manifest.json`, which says what is whole. An update is safe to kill: before a source's
vectors are touched the manifest names the source as pending, and what is pending is written again
by the next update. With another embedding model a new index is built beside the old one and takes
its place once it is whole.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import bm25s
import filelock
import numpy as np

from assistant.corpus.passages import split
from assistant.embeddings import Embedder, MultilingualEmbedder
from assistant.errors import IndexInUse, IndexUnavailable
from assistant.index.chroma import (
    AT_ONCE,
    Folder,
    Server,
    node,
    present,
    remove,
    text_hashes,
    translated,
)
from assistant.index.languages import MultilingualIndex
from assistant.index.manifest import (
    Manifest,
    clear,
    compare,
    read_manifest,
    settle,
    source_hash,
    to_write,
    vectors_file,
    whole,
    write_manifest,
)
from assistant.index.search import PassageIndex, searched_text
from assistant.tokenization import terms
from assistant.types import Passage, Source, Span

_LOCK_SECONDS = 20.0
# Sources are embedded together up to this many passages: enough for full batches sorted by
# length, little enough that a kill loses only seconds of work.
_PASSAGES_AT_ONCE = 256
# The manifest names all passages: written after each group it would cost more than the rest. The
# next time is this many times as far away as one writing took.
_MANIFEST_PAUSE = 20


_Split = tuple[Source, tuple[Passage, ...]]


IndexProgress = Callable[[int, int], None]
"""Told how far an update is: passages done, and all that must be written."""


def open_index(
    folder: Path, sources: Sequence[Source], embedder: Embedder,
    progress: IndexProgress | None = None, rebuild: bool = False, server: Server | None = None,
) -> PassageIndex:
    """Bring the folder up to date with the sources and open it; the vectors lie in it, or at the
    server.

    An unchanged source costs a hash. `rebuild` starts from nothing. Raises OutdatedIndex for a
    folder of an older version, IndexInUse when another process is writing, IndexUnavailable when
    the folder or the server cannot be used, ModelError when the embedding model does not answer;
    what was embedded before is kept.
    """
    wanted = {source.id: source_hash(source) for source in sources}
    place = server or Folder(folder)
    with _usable(folder):
        if rebuild:
            with _lock(folder):
                place.clear()
                clear(folder)
        manifest = read_manifest(folder)
        update = compare(manifest, wanted, embedder.name)
        store = None
        if manifest and update.unchanged == len(wanted) and not update.removed and whole(
            folder, manifest
        ):
            store = place.open(manifest.chroma, manifest.embedding)
        if manifest is None or store is None or (place.shared and not _holds(store, manifest)):
            with _lock(folder):
                manifest, store = _write(folder, place, sources, wanted, embedder, progress)
        by_id = {source.id: source for source in sources}
        passages = {
            p.id: p for source_id, entry in manifest.sources.items()
            for p in _load_passages(by_id[source_id], entry["passages"])
        }
        bm25 = bm25s.BM25.load(str(folder / manifest.bm25), mmap=True)
        vectors = np.load(folder / vectors_file(manifest), mmap_mode="r")
        rest = (manifest.version, update)
        if isinstance(embedder, MultilingualEmbedder):
            return MultilingualIndex(passages, store, bm25, vectors, embedder, *rest)
        return PassageIndex(passages, store, bm25, vectors, embedder, *rest)


def _write(
    folder: Path, place: Folder | Server, sources: Sequence[Source], wanted: dict[str, str],
    embedder: Embedder, progress: IndexProgress | None,
) -> tuple[Manifest, Any]:
    # read again: another process may have written it meanwhile
    name, manifest = to_write(folder, embedder.name)
    save = partial(write_manifest, folder, name)
    manifest = manifest or Manifest(embedder.name, place.name_for(embedder.name), {})
    store = place.open(manifest.chroma, embedder.name)
    kept = _really_kept(store, {
        i: entry for i, entry in manifest.sources.items()
        if wanted.get(i) == entry["hash"] and i not in manifest.pending
    })
    todo = [(source, split(source)) for source in sources if source.id not in kept]
    pending = _unsure(manifest, kept, todo)
    manifest = manifest._replace(sources=kept, pending=pending)
    save(manifest)
    remove(store, [i for source_id, ids in pending.items() if source_id not in wanted for i in ids])
    manifest = _add(save, store, manifest, todo, embedder, progress)
    manifest = manifest._replace(
        sources={s.id: manifest.sources[s.id] for s in sources}, pending={},
        bm25=f"bm25-{secrets.token_hex(4)}",  # a new one: the old one's files may be mapped
    )
    _build_bm25(folder / manifest.bm25, sources, manifest)
    _copy_vectors(folder / vectors_file(manifest), store, manifest)
    save(manifest)
    settle(folder, name)
    return manifest, store


def _unsure(
    manifest: Manifest, kept: dict[str, dict[str, Any]], todo: Sequence[_Split]
) -> dict[str, list[str]]:
    """Of each source that is not kept the ids that Chroma may hold before the update is whole."""
    unsure: dict[str, list[str]] = {}
    for source_id, ids in (
        *((i, _ids(entry)) for i, entry in manifest.sources.items()), *manifest.pending.items(),
        *((source.id, [p.id for p in passages]) for source, passages in todo),
    ):
        if source_id not in kept:
            unsure[source_id] = list(dict.fromkeys([*unsure.get(source_id, ()), *ids]))
    return unsure


def _add(
    save: Callable[[Manifest], None], store: Any, manifest: Manifest, todo: Sequence[_Split],
    embedder: Embedder, progress: IndexProgress | None,
) -> Manifest:
    """Embed and store the passages of `todo`, source by source in groups. What Chroma holds of
    them already is not embedded again."""
    total, done = sum(len(passages) for _, passages in todo), 0
    due = 0.0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, total)

    try:
        for group in _groups(todo):
            unsure = [i for source, _ in group for i in manifest.pending[source.id]]
            manifest.sources.update(_stored(store, group, unsure, embedder, advance))
            written = {source.id for source, _ in group}
            manifest = manifest._replace(
                pending={i: ids for i, ids in manifest.pending.items() if i not in written}
            )
            if (start := time.monotonic()) >= due:
                save(manifest)
                due = start + (1 + _MANIFEST_PAUSE) * (time.monotonic() - start)
    finally:  # also when the embedding model fails
        save(manifest)
    return manifest


def _stored(
    store: Any, group: list[_Split], unsure: Sequence[str], embedder: Embedder,
    advance: Callable[[int], None],
) -> dict[str, dict[str, Any]]:
    """Embed and store some sources, of which Chroma may hold the passages with the `unsure` ids;
    what the manifest says of each."""
    passages = [p for _, ps in group for p in ps]
    held = text_hashes(store, unsure)
    right = {p.id for p in passages if held.get(p.id) == _text_hash(p)}
    missing = [p for p in passages if p.id not in right]
    advance(len(right))
    vectors = embedder.embed([_embedded_text(p) for p in missing], advance) if missing else ()
    remove(store, held.keys() - right)
    store.add([node(p, v.tolist(), _text_hash(p)) for p, v in zip(missing, vectors, strict=True)])
    return {
        source.id: {
            "hash": source_hash(source),
            "passages": [[p.id, p.anchor, p.span.start, p.span.end, p.checked] for p in ps],
        }
        for source, ps in group
    }


def _groups(split_sources: Sequence[_Split]) -> Iterator[list[_Split]]:
    group: list[_Split] = []
    size = 0
    for source, passages in split_sources:
        group.append((source, passages))
        size += len(passages)
        if size >= _PASSAGES_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group


def _embedded_text(passage: Passage) -> str:
    return f"{passage.source.title}. {passage.anchor}. {passage.text}"


def _text_hash(passage: Passage) -> str:
    return hashlib.sha256(_embedded_text(passage).encode()).hexdigest()[:16]


def _build_bm25(folder: Path, sources: Sequence[Source], manifest: Manifest) -> None:
    by_id = {source.id: source for source in sources}
    tokens = [
        terms(searched_text(p)) for i, entry in manifest.sources.items()
        for p in _load_passages(by_id[i], entry["passages"])
    ]
    bm25 = bm25s.BM25()
    bm25.index(tokens, show_progress=False)
    bm25.save(str(folder))


def _copy_vectors(path: Path, store: Any, manifest: Manifest) -> None:
    """The vectors in the order of the passages, to be mapped: Chroma gives back one it has not
    found only slowly, and needs 60 to 280 ms where only some of 100,000 passages may be found."""
    ids = [i for entry in manifest.sources.values() for i in _ids(entry)]
    part = path.with_suffix(".part")
    copy = None
    for start in range(0, len(ids), AT_ONCE):
        got = store.client.get(ids=ids[start : start + AT_ONCE], include=["embeddings"])
        found = dict(zip(got["ids"], got["embeddings"], strict=True))
        if lost := next((i for i in ids[start : start + AT_ONCE] if i not in found), None):
            raise IndexInUse(
                f"Another process removes from the index what is read ({lost}).",
                "Wait until it has finished and try again.",
            )
        vectors = np.array([found[i] for i in ids[start : start + AT_ONCE]], np.float32)
        if copy is None:
            shape = (len(ids), vectors.shape[1])
            copy = np.lib.format.open_memmap(part, "w+", dtype=np.float32, shape=shape)
        copy[start : start + len(vectors)] = vectors
    if copy is None:
        np.save(part.open("wb"), np.zeros((0, 1), np.float32))
    else:
        copy.flush()
    part.replace(path)


def _really_kept(store: Any, kept: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The sources whose passages are all in Chroma: after a crash in mid-write, or foul play."""
    held = present(store, [i for entry in kept.values() for i in _ids(entry)])
    return {i: entry for i, entry in kept.items() if held.issuperset(_ids(entry))}


def _holds(store: Any, manifest: Manifest) -> bool:
    """Whether nobody has removed any passage from the store."""
    return len(_really_kept(store, manifest.sources)) == len(manifest.sources)


def _ids(entry: dict[str, Any]) -> list[str]:
    return [row[0] for row in entry["passages"]]


def _load_passages(source: Source, rows: list[list[Any]]) -> list[Passage]:
    return [
        Passage(id=i, source=source, anchor=anchor, span=Span(start, end), checked=checked)
        for i, anchor, start, end, checked in rows
    ]


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    try:
        with filelock.FileLock(folder / "index.lock", timeout=_LOCK_SECONDS):
            yield
    except filelock.Timeout as error:
        raise IndexInUse(
            f"Another process is writing the index in {folder}.",
            "Wait until it has finished and try again.",
        ) from error


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    """Translate what the operating system and Chroma raise into one sentence."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "it is read-only")
        with translated(f"open the index in {folder}"):
            yield
    except OSError as error:
        raise IndexUnavailable(
            f"The index folder {folder} cannot be used ({error.strerror or error}).",
            "Make it writable, or set ASSISTANT_CHROMA to a folder that is.",
        ) from error
