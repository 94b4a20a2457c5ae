"""The official text of each source, downloaded into a folder from which answers then quote.

`download` gets the bytes and `extraction` the text out of them; here it is done for all sources,
hosts side by side and the sources of a host in a row, and what comes of it is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import filelock
import yaml

from assistant.corpus.catalogue import SLUG, FrontMatter, read_document
from assistant.corpus.checking import Document
from assistant.corpus.download import Clock, Download, Failed, Limits, Line
from assistant.corpus.extraction import extract
from assistant.corpus.readers import read_text
from assistant.errors import CorpusError, UnreadableSource
from assistant.tokenization import language_of
from assistant.types import Source, TextKind

_THREADS = 4
# Fewer words are a cover page, a cookie notice or a list of links, not an official text.
_MIN_WORDS = 300


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What became of one source; `reason` says why it failed and is empty when it did not."""

    source: Source
    reason: str = ""
    was_held: bool = False
    words: int = 0


def fetch_originals(
    sources: Sequence[Source], ids: Sequence[str], folder: Path, *,
    limits: Limits | None = None, again: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Fetched, ...]:
    """Download the sources named, or all that have an address; what is held is skipped.

    `progress` is told how many of how many are done, from several threads but one at a time.
    Raises CorpusError for an unknown id, for a folder that cannot be written, and while another
    process fetches into it.
    """
    chosen = _choose(sources, ids, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".lock", timeout=0):
            shared = Counter(s.address for s in sources)
            return _Fetching(folder, limits or Limits(), again, shared, progress).run(chosen)
    except filelock.Timeout as error:
        raise CorpusError(
            "another `assistant fetch` is at work in this folder.", "Wait until it has ended.",
            path=folder,
        ) from error
    except OSError as error:
        raise CorpusError(
            f"the folder cannot be written ({error.strerror}).",
            "Set ASSISTANT_HOME to a folder of yours.", path=folder,
        ) from error


def _choose(sources: Sequence[Source], ids: Sequence[str], folder: Path) -> list[Source]:
    by_id = {s.id: s for s in sources}
    for unknown in (i for i in ids if i not in by_id):
        raise CorpusError(
            f"there is no source {unknown!r} to fetch the original of.",
            "See the ids with: assistant corpus list", path=folder, field="id",
        )
    return [by_id[i] for i in dict.fromkeys(ids)] if ids else [s for s in sources if s.address]


class _Fetching:
    """One call of `fetch_originals`: hosts side by side, the sources of a host in a row."""

    def __init__(
        self, folder: Path, limits: Limits, again: bool, shared: Counter[str | None],
        progress: Callable[[int, int], None],
    ) -> None:
        self._folder = folder
        self._limits = limits
        self._again = again
        self._shared = shared
        self._progress = progress
        self._line = Line(limits)
        self._done = 0
        self._lock = threading.Lock()

    def run(self, sources: Sequence[Source]) -> tuple[Fetched, ...]:
        by_host: dict[str, list[Source]] = defaultdict(list)
        for source in sources:
            by_host[source.address.split("/")[2] if source.address else ""].append(source)
        self._progress(0, len(sources))
        with ThreadPoolExecutor(_THREADS) as pool:
            rows = [
                pool.submit(self._in_a_row, row, len(sources)) for row in by_host.values()
            ]
            try:
                found = {f.source.id: f for row in rows for f in row.result()}
            except BaseException:  # Ctrl-C above all: end what is under way, do not wait for it
                self._line.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return tuple(found[source.id] for source in sources)

    def _in_a_row(self, row: Sequence[Source], total: int) -> list[Fetched]:
        return [self._one(source, total) for source in row]

    def _one(self, source: Source, total: int) -> Fetched:
        try:
            fetched = self._fetch(source)
        except Failed as failed:
            fetched = Fetched(source=source, reason=failed.reason)
        except OSError as error:
            fetched = Fetched(source=source, reason=f"it cannot be kept ({error.strerror})")
        with self._lock:
            self._done += 1
            self._progress(self._done, total)
        return fetched

    def _fetch(self, source: Source) -> Fetched:
        if not self._again and is_held(source, self._folder):
            return Fetched(source=source, was_held=True)
        if not source.address:
            raise Failed("it has no address")
        if self._shared[source.address] > 1:
            # All its words would be quoted as this source's, also those of the other party.
            raise Failed("other sources have the same address, and which part is whose is unknown")
        addresses = [a for a in (source.address, source.archive) if a]
        reasons = []
        for address in addresses:
            try:
                clock = Clock(self._limits.total / len(addresses))
                download = self._line.download(address, clock)
                text = extract(
                    download.raw, download.content_type, seconds=self._limits.reading,
                    characters=self._limits.characters, words=_MIN_WORDS,
                ).text
                keep(source, download, text, self._folder)
                return Fetched(source=source, words=len(text.split()))
            except Failed as failed:
                reasons.append(f"{address}: {failed.reason}")
            except UnreadableSource as unreadable:
                reason = unreadable.fact.partition(": ")[2].rstrip(".")
                reasons.append(f"{address}: {reason}")
        raise Failed("; ".join(reasons))


def add_original(source: Source, file: Path, folder: Path) -> Document:
    """Take a file of the user's for the official text of a source, as if it had been fetched.

    Raises CorpusError if it cannot be read or kept.
    """
    text = read_text(file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        raw = file.read_bytes()
        keep(source, Download(file.name, file.name, raw, file.suffix), text, folder)
    except OSError as error:
        raise CorpusError(
            f"it cannot be kept ({error.strerror}).", "Set ASSISTANT_HOME to a folder of yours.",
            path=file,
        ) from error
    return read_document(folder / f"{source.id}.md")


def remove_original(source_id: str, folder: Path) -> bool:
    """Delete a source's original, so that the digest speaks again; whether there was one."""
    text = folder / f"{source_id}.md"
    if not re.fullmatch(SLUG, source_id) or not text.exists():
        return False
    text.unlink()
    (folder / f"{source_id}.json").unlink(missing_ok=True)
    return True


def is_held(source: Source, folder: Path) -> bool:
    """Whether the source's original is there whole: the note beside it is written last."""
    try:
        note = json.loads((folder / f"{source.id}.json").read_text(encoding="utf-8"))
        document = read_document(folder / f"{source.id}.md")
    except (OSError, ValueError, CorpusError):
        return False
    return isinstance(note, dict) and document.source.address == source.address


def keep(source: Source, download: Download, text: str, folder: Path) -> None:
    """Write the document and a note on where it is from. Raises OSError."""
    if not re.fullmatch(SLUG, source.id):
        raise Failed(f"{source.id!r} is no id")  # it would be a path out of the folder
    rights = [part.strip() for part in (source.licence or "").split(";") if "digest" not in part]
    original = replace(
        source, text_kind=_text_kind(source), checked="full_text",
        language=_language(source, text), licence="; ".join(rights) or None,
    )
    matter = {
        name: value for name, value in asdict(original).items()
        if name in FrontMatter.model_fields and value not in (None, "", ())
    }
    header = yaml.safe_dump(matter, allow_unicode=True, sort_keys=False)
    note = {
        "address": download.asked, "redirected_to": download.address,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": hashlib.sha256(download.raw).hexdigest(), "bytes": len(download.raw),
        "content_type": download.content_type, "licence": original.licence,
    }
    (folder / f"{source.id}.json").unlink(missing_ok=True)
    _write(folder, f"{source.id}.md", f"---\n{header}---\n\n{text.strip()}\n")
    _write(folder, f"{source.id}.json", json.dumps(note, indent=2, ensure_ascii=False) + "\n")


def _text_kind(source: Source) -> TextKind:
    rights = (source.licence or "").lower()
    if "unofficial translation" in rights:
        return "unofficial_translation"
    return "official_translation" if "official translation" in rights else "original"


def _language(source: Source, text: str) -> str:
    """The script tells Russian and Ukrainian from the rest; the rest is as the source says."""
    found = language_of(text[:20_000])
    return found if found != "en" or source.language in ("ru", "uk") else source.language


def _write(folder: Path, name: str, text: str) -> None:
    """In one step, so that a kill leaves the whole file or none."""
    new = folder / f".{name}"  # hidden: no document until it is whole
    new.unlink(missing_ok=True)
    with open(new, "xb") as file:  # "x" follows no link that lies there
        file.write(text.encode("utf-8", "replace"))
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, folder / name)
