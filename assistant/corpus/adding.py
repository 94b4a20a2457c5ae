"""Files of the user's → documents with front matter in the home folder, and out again."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import yaml

from assistant.corpus.catalogue import SLUG, read_corpus, read_document
from assistant.corpus.checking import Document
from assistant.corpus.readers import READERS
from assistant.errors import CorpusError, EmptyCorpus
from assistant.types import Source

Added = tuple[Path, Document | CorpusError]
"""A file and the document it became, or why it became none."""


def files_below(paths: Sequence[Path]) -> Iterator[Path]:
    """The files named, and all readable ones in the folders named; links are not followed."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, below, names in os.walk(path):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(names):
                file = Path(folder, name)
                if file.suffix.lower() in READERS and not file.is_symlink() and name[0] != ".":
                    yield file


def add_documents(
    files: Sequence[Path], fields: Mapping[str, str], documents: Path, corpus: Path
) -> Iterator[Added]:
    """Turn each file into a document; one that cannot be is told and the rest goes on.

    `fields` complete or correct the front matter; an id is used up by the first file.
    """
    held = _held(corpus, documents)
    for file in files:
        try:
            document = _add(file, fields, documents, held)
            held[document.source.id] = document.source
            yield file, document
        except CorpusError as error:
            yield file, error


def add_document(
    file: Path, fields: Mapping[str, str], documents: Path, corpus: Path
) -> Document:
    """One file as a document. Raises CorpusError if the file, a field or the id will not do."""
    (_, result), = add_documents([file], fields, documents, corpus)
    if isinstance(result, CorpusError):
        raise result
    return result


def remove_document(source_id: str, documents: Path, corpus: Path) -> Path:
    """Delete an added document and return where it was. Raises CorpusError if there is none."""
    for path in sorted(documents.glob("*.md")):
        if path.stem == source_id:
            path.unlink()
            return path
    ids = sorted(path.stem for path in documents.glob("*.md"))
    bundled = source_id in _held(corpus, documents)
    raise CorpusError(
        f"{source_id!r} is part of the corpus folder." if bundled
        else f"there is no added document {source_id!r}.",
        f"Delete its file in {corpus}." if bundled
        else f"Added are: {', '.join(ids) or 'none'}.", path=documents, field="id",
    )


def _held(corpus: Path, documents: Path) -> dict[str, Source]:
    try:
        return {s.id: s for s in read_corpus(corpus, documents).sources}
    except EmptyCorpus:
        return {}


def _add(
    file: Path, fields: Mapping[str, str], documents: Path, held: Mapping[str, Source]
) -> Document:
    given = read_document(file).source
    matter = _front_matter(given, fields)
    source_id = str(matter["id"])
    _refuse_taken(file, source_id, given.text, documents, held)
    documents.mkdir(parents=True, exist_ok=True)
    new = documents / f".{source_id}.md"  # hidden: no document until it is whole
    header = yaml.safe_dump(matter, allow_unicode=True, sort_keys=False)
    new.write_text(f"---\n{header}---\n\n{given.text.strip()}\n", encoding="utf-8")
    try:
        checked = read_document(new)
    except CorpusError as error:
        new.unlink()
        raise CorpusError(
            error.fact.partition(": ")[2], error.next_step, path=file, field=error.field
        ) from error
    target = documents / f"{source_id}.md"
    os.replace(new, target)
    return Document(
        source=checked.source, path=target, lines_before=checked.lines_before,
        has_front_matter=True,
    )


def _front_matter(given: Source, fields: Mapping[str, str]) -> dict[str, object]:
    """What the file says of itself, completed and corrected by `fields`; empty ones left out."""
    matter: dict[str, object] = {
        "id": given.id, "title": given.title, "short_title": given.short_title,
        "aliases": list(given.aliases), "kind": given.kind, "voice": given.voice,
        "date": given.date, "entry_into_force": given.entry_into_force,
        "status": given.status, "status_as_of": given.status_as_of,
        "language": given.language, "text_kind": given.text_kind, "address": given.address,
        "archive": given.archive, "licence": given.licence, "checked": given.checked,
        "relations": [asdict(r) for r in given.relations], **fields,
    }
    day = fields.get("date")
    if day and re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        try:
            matter["date"] = date.fromisoformat(day)
        except ValueError:
            pass  # 2022-02-31: left as text, which the check of the front matter refuses
    return {name: value for name, value in matter.items() if value not in (None, "", [])}


def _refuse_taken(
    file: Path, source_id: str, text: str, documents: Path, held: Mapping[str, Source]
) -> None:
    if not re.fullmatch(SLUG, source_id):
        raise CorpusError(
            f"{source_id!r} is no id.",
            "Use small letters, digits and single hyphens: --id my-text", path=file, field="id",
        )
    if source_id in held and not (documents / f"{source_id}.md").exists():
        raise CorpusError(
            f"the id {source_id!r} is used in the corpus already.", "Choose another with --id.",
            path=file, field="id",
        )
    for other in held.values():
        if other.id != source_id and _fingerprint(other.text) == _fingerprint(text):
            raise CorpusError(
                f"the same text is held as {other.id!r} already.",
                f"Nothing to do, or first: assistant remove {other.id}", path=file,
            )


def _fingerprint(text: str) -> str:
    """Equal for texts that differ only in white space and capitals."""
    return hashlib.sha256("".join(text.lower().split()).encode()).hexdigest()
