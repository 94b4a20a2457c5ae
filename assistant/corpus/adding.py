"""Documents of the user's → documents with front matter in the home folder, and out again.

What a bare file tells only by its name or its text is proposed: the document says which fields.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

from assistant.corpus.catalogue import SLUG, bare_source, read_corpus, read_document
from assistant.corpus.checking import Document
from assistant.corpus.download import Clock, Failed, Limits, Line
from assistant.corpus.extraction import extract
from assistant.corpus.proposing import declared_in, propose, without_language
from assistant.corpus.readers import READERS
from assistant.errors import CorpusError, EmptyCorpus, UnreadableSource
from assistant.types import Relation, Source

Origin = Path | str
"""A file, or the address of a page."""
Added = tuple[Origin, Document | CorpusError]
"""An origin and the document that came of it, or why none did."""

# A page that somebody names may be short, but a cookie notice is none.
_MIN_WORDS = 50


def is_address(name: str) -> bool:
    return bool(re.match(r"https?://", name, re.IGNORECASE))


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
                hidden = name[0] == "." or file.stem.upper() == "README"
                if file.suffix.lower() in READERS and not file.is_symlink() and not hidden:
                    yield file


def add_documents(
    origins: Sequence[Origin], fields: Mapping[str, str], documents: Path, corpus: Path, *,
    limits: Limits | None = None,
) -> Iterator[Added]:
    """Turn each file or page into a document; one that cannot be is told and the rest goes on.

    `fields` complete or correct the front matter; an id is used up by the first origin.
    """
    held = held_sources(corpus, documents)
    for origin in origins:
        try:
            given = read_origin(origin, limits or Limits())
            document = add_source(given, origin, fields, documents, held)
            held[document.source.id] = document.source
            yield origin, document
        except CorpusError as error:
            yield origin, error


def read_origin(origin: Origin, limits: Limits) -> Source:
    """A file or a page, with what it does not say of itself proposed. Raises CorpusError."""
    if isinstance(origin, str):
        return _read_page(origin, limits)
    document = read_document(origin)
    if document.has_front_matter:
        return document.source
    declared = declared_in(origin.read_bytes(), origin.suffix.lower().lstrip("."))
    return _with_proposals(document.source, origin.stem, declared)


def _read_page(address: str, limits: Limits) -> Source:
    try:
        download = Line(limits).download(address, Clock(limits.total))
        text, declared = extract(
            download.raw, download.content_type, seconds=limits.reading,
            characters=limits.characters, words=_MIN_WORDS,
        )
    except (Failed, UnreadableSource) as error:
        reason = error.reason if isinstance(error, Failed) else error.fact.partition(": ")[2]
        raise UnreadableSource(
            f"{reason.rstrip('.')}.", "Look at it in a browser; save it as a file and add that.",
            path=address,
        ) from error
    parts = urlsplit(download.address)
    name = Path(unquote(parts.path)).stem or parts.netloc
    source = replace(bare_source(name, text, unnamed="page"), address=address)
    return _with_proposals(source, name, declared)


def _with_proposals(source: Source, name: str, declared: Mapping[str, str]) -> Source:
    found: dict[str, object] = {**propose(source.text, name, declared)}
    if day := found.get("date"):
        found["date"] = date.fromisoformat(str(day))
    return replace(source, **found, proposed=tuple(found))  # type: ignore[arg-type]


def add_source(
    given: Source, origin: Origin, fields: Mapping[str, str], documents: Path,
    held: Mapping[str, Source],
) -> Document:
    """Keep what was read. Raises CorpusError if a field or the id will not do, or it is held."""
    source_id = fields.get("id", given.id)
    _refuse_taken(origin, source_id, given.text, documents, held)
    other = _counterpart(source_id, held)
    if other and given.language != "en" and (documents / f"{other.id}.md").exists():
        _write(documents, _as_translation(other, source_id), {}, origin)
    elif other and given.language == "en":
        given = _as_translation(given, other.id)
    return _write(documents, given, fields, origin)


def _counterpart(source_id: str, held: Mapping[str, Source]) -> Source | None:
    """The source whose id differs only in its language: `kremlin-ru-…` for `kremlin-en-…`."""
    key = without_language(source_id)
    found = (s for i, s in held.items() if i != source_id and without_language(i) == key)
    return next(found, None) if "*" in key else None


def _as_translation(source: Source, original: str) -> Source:
    """Whether the translation is official is not known, so it is not said to be."""
    if any(r.type == "translates" for r in source.relations):
        return source
    return replace(
        source, text_kind="unofficial_translation",
        relations=(*source.relations, Relation(type="translates", to=original)),
        proposed=tuple(dict.fromkeys((*source.proposed, "text_kind", "relations"))),
    )


def correct_document(
    source_id: str, fields: Mapping[str, str], documents: Path, corpus: Path
) -> Document:
    """Change what is said of an added document; what was proposed of it then counts as confirmed.

    Raises CorpusError if there is none such or a field will not do.
    """
    path = _added(source_id, documents, corpus, "Change its file in")
    return _write(documents, replace(read_document(path).source, proposed=()), fields, path)


def remove_document(source_id: str, documents: Path, corpus: Path) -> Path:
    """Delete an added document and return where it was. Raises CorpusError if there is none."""
    path = _added(source_id, documents, corpus, "Delete its file in")
    path.unlink()
    return path


def _added(source_id: str, documents: Path, corpus: Path, instead: str) -> Path:
    paths = {path.stem: path for path in sorted(documents.glob("*.md"))}
    if source_id in paths:
        return paths[source_id]
    bundled = source_id in held_sources(corpus, documents)
    raise CorpusError(
        f"{source_id!r} is part of the corpus folder." if bundled
        else f"there is no added document {source_id!r}.",
        f"{instead} {corpus}." if bundled else f"Added are: {', '.join(paths) or 'none'}.",
        path=documents, field="id",
    )


def held_sources(corpus: Path, documents: Path) -> dict[str, Source]:
    """What is in the corpus and what was added, by id; empty if there is nothing yet."""
    folders = [folder for folder in (corpus, documents) if folder.is_dir()]
    try:
        return {d.source.id: d.source for d in read_corpus(*folders).documents} if folders else {}
    except EmptyCorpus:
        return {}


def _write(
    documents: Path, given: Source, fields: Mapping[str, str], origin: Origin
) -> Document:
    """In one step, so that a kill leaves the whole document or none."""
    matter = _front_matter(given, fields)
    documents.mkdir(parents=True, exist_ok=True)
    new = documents / f".{matter['id']}.md"  # hidden: no document until it is whole
    header = yaml.safe_dump(matter, allow_unicode=True, sort_keys=False)
    new.write_text(f"---\n{header}---\n\n{given.text.strip()}\n", encoding="utf-8")
    try:
        checked = read_document(new)
    except CorpusError as error:
        new.unlink()
        raise CorpusError(
            error.fact.partition(": ")[2], error.next_step, path=origin, field=error.field
        ) from error
    target = documents / f"{matter['id']}.md"
    os.replace(new, target)
    return replace(checked, path=target)


def _front_matter(given: Source, fields: Mapping[str, str]) -> dict[str, object]:
    """What is known of the document, completed and corrected by `fields`; empty ones left out."""
    matter: dict[str, object] = {
        "id": given.id, "title": given.title, "short_title": given.short_title,
        "aliases": list(given.aliases), "kind": given.kind, "voice": given.voice,
        "date": given.date, "entry_into_force": given.entry_into_force,
        "status": given.status, "status_as_of": given.status_as_of,
        "language": given.language, "text_kind": given.text_kind, "address": given.address,
        "archive": given.archive, "licence": given.licence, "checked": given.checked,
        "relations": [
            {name: value for name, value in asdict(r).items() if value} for r in given.relations
        ],
        "proposed": [name for name in given.proposed if name not in fields], **fields,
    }
    if original := matter.pop("translates", None):
        kept = [asdict(r) for r in given.relations if r.type != "translates"]
        matter["relations"] = [*kept, {"type": "translates", "to": original}]
    day = fields.get("date")
    if day and re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        try:
            matter["date"] = date.fromisoformat(day)
        except ValueError:
            pass  # 2022-02-31: left as text, which the check of the front matter refuses
    return {name: value for name, value in matter.items() if value not in (None, "", [])}


def _refuse_taken(
    origin: Origin, source_id: str, text: str, documents: Path, held: Mapping[str, Source]
) -> None:
    if not re.fullmatch(SLUG, source_id) or source_id == "readme":  # a README is no document
        raise CorpusError(
            f"{source_id!r} is no id.",
            "Use small letters, digits and single hyphens: --id my-text", path=origin, field="id",
        )
    if source_id in held and not (documents / f"{source_id}.md").exists():
        raise CorpusError(
            f"the id {source_id!r} is used in the corpus already.",
            f"Is it the full text of that document? Then add --original-of {source_id}. "
            "If not, choose another id with --id.", path=origin, field="id",
        )
    for other in held.values():
        if other.id != source_id and _fingerprint(other.text) == _fingerprint(text):
            raise CorpusError(
                f"the same text is held as {other.id!r} already.",
                f"Nothing to do, or first: assistant remove {other.id}", path=origin,
            )


def _fingerprint(text: str) -> str:
    """Equal for texts that differ only in white space and capitals."""
    return hashlib.sha256("".join(text.lower().split()).encode()).hexdigest()
