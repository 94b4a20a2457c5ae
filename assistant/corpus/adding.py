"""One file of the user's → a document with front matter in the home folder."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from assistant.corpus.catalogue import SLUG, Document, read_corpus, read_document
from assistant.corpus.readers import READABLE
from assistant.errors import CorpusError, EmptyCorpus, UnreadableSource


def add_document(
    file: Path, fields: Mapping[str, str], documents: Path, corpus: Path
) -> Document:
    """Copy a document into the folder of added documents, its front matter completed by `fields`.

    Adding the same id again replaces the document added before. Written in one step: a kill
    leaves the old file or the new one. Raises CorpusError if the file, a field or the id is not
    acceptable.
    """
    if file.suffix.lower() not in READABLE:
        raise UnreadableSource(
            f"files of kind {file.suffix or 'without an ending'} cannot be read yet.",
            f"Save it as {' or '.join(READABLE)}.", path=file,
        )
    given = read_document(file).source
    matter = {
        "id": given.id, "title": given.title, "kind": given.kind, "voice": given.voice,
        "date": given.date, "status": given.status, "status_as_of": given.status_as_of,
        "language": given.language, "text_kind": given.text_kind, "address": given.address,
        "archive": given.archive, "licence": given.licence, "checked": given.checked,
        "short_title": given.short_title, "aliases": list(given.aliases),
        "relations": [{"type": r.type, "to": r.to} for r in given.relations],
        **fields,
    }
    if isinstance(matter["date"], str):
        matter["date"] = yaml.safe_load(matter["date"])
    _refuse_bad_id(str(matter["id"]), file, corpus)
    documents.mkdir(parents=True, exist_ok=True)
    target = documents / f"{matter['id']}.md"
    new = documents / f".{matter['id']}.md"  # hidden: no document until it is whole
    header = yaml.safe_dump(
        {k: v for k, v in matter.items() if v not in (None, "", [])},
        allow_unicode=True, sort_keys=False,
    )
    new.write_text(f"---\n{header}---\n\n{given.text}", encoding="utf-8")
    try:
        checked = read_document(new)
    except CorpusError as error:
        new.unlink()
        raise CorpusError(
            error.fact.partition(": ")[2], f"{error.next_step}", path=file, field=error.field
        ) from error
    os.replace(new, target)
    return Document(
        source=checked.source, path=target, lines_before=checked.lines_before,
        has_front_matter=True,
    )


def _refuse_bad_id(slug: str, file: Path, corpus: Path) -> None:
    if not re.fullmatch(SLUG, slug):
        raise CorpusError(
            f"{slug!r} is no id.", "Use small letters, digits and single hyphens: --id my-text",
            path=file, field="id",
        )
    try:
        taken = {d.source.id: d.path for d in read_corpus(corpus).documents}
    except EmptyCorpus:
        return
    if slug in taken:
        raise CorpusError(
            f"the id {slug!r} is used by {taken[slug]} already.", "Choose another with --id.",
            path=file, field="id",
        )
