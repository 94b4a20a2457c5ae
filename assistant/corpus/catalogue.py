"""Folders of documents → `Source`s: the front matter is read here, and what is wrong with it said.

A document is a `.md` or `.txt` file, by choice with YAML front matter between two lines `---`.
Files named README and hidden files are not documents. One faulty file never hides the others:
its fault is kept in `Corpus.faults`.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date as Day
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from assistant.corpus.checking import Document, check, line_of
from assistant.corpus.lists import read_contested, read_names
from assistant.corpus.readers import read_text
from assistant.errors import CorpusError, EmptyCorpus, UnreadableSource
from assistant.tokenization import language_of
from assistant.types import (
    UNKNOWN_VOICE,
    Checked,
    Kind,
    Relation,
    RelationType,
    Source,
    Status,
    TextKind,
)

# Read where they lie at every start; other kinds are turned into these once, by `assistant add`.
DOCUMENTS = (".md", ".txt")
# Ten times as fast in C, where PyYAML was built with it; both load plain data only.
_YAML: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


class _Relation(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: RelationType
    to: str
    anchor: str | None = None


class FrontMatter(BaseModel):
    """The fields of a document's front matter; their meaning is told in `corpus/README.md`."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=SLUG)
    title: str = Field(min_length=1)
    short_title: str = ""
    aliases: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
    kind: Kind
    voice: str = Field(min_length=1)
    date: Day | None = None
    entry_into_force: Day | None = None
    status: Status
    status_as_of: Day | None = None
    language: str = "en"
    text_kind: TextKind
    address: str | None = Field(None, pattern=r"^https?://\S+$")
    archive: str | None = Field(None, pattern=r"^https?://\S+$")
    licence: str | None = None
    checked: Checked
    relations: tuple[_Relation, ...] = ()
    proposed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """All readable documents, by file name, what is wrong with the others, the words on which
    their parties disagree (`contested.yaml`), and groups of names for one and the same
    (`names.yaml`)."""

    documents: tuple[Document, ...]
    faults: tuple[CorpusError, ...]
    contested: tuple[str, ...] = ()
    names: tuple[tuple[str, ...], ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """What answers are drawn from."""
        return tuple(d.source for d in self.documents if d.source.text_kind != "not_read")

    @property
    def unread(self) -> tuple[Source, ...]:
        """What is known to exist and nobody here has read: listed, never evidence."""
        return tuple(d.source for d in self.documents if d.source.text_kind == "not_read")

    @cached_property
    def version(self) -> str:
        """Changes with every text and every fact about it."""
        known = json.dumps([asdict(d.source) for d in self.documents], default=str, sort_keys=True)
        return hashlib.sha256(known.encode()).hexdigest()[:12]

    @property
    def notices(self) -> tuple[str, ...]:
        plain = [d.source.title for d in self.documents if not d.has_front_matter]
        notices = [f"Left out: {fault}" for fault in self.faults]
        if plain:
            some = ", ".join(plain[:3]) + (" …" if len(plain) > 3 else "")
            notices.append(
                f"{len(plain)} document(s) without front matter: who speaks, when and with what "
                f"force is not known of them ({some})."
            )
        return tuple(notices)


def read_corpus(*folders: Path, originals: Path | None = None) -> Corpus:
    """Read every document in the folders; later folders may be missing, the first may not.

    A document of the folder `originals` takes the place of the text with its id and address.
    Raises EmptyCorpus if the first folder is missing or if nothing could be read.
    """
    if not folders[0].is_dir():
        raise EmptyCorpus(
            "there is no such folder.",
            "Set ASSISTANT_CORPUS to a folder of .md or .txt files, or unset it for the bundled "
            "corpus.", path=folders[0],
        )
    documents: dict[str, Document] = {}
    faults: list[CorpusError] = []
    for path in (p for folder in folders for p in document_paths(folder)):
        try:
            document = read_document(path)
            if earlier := documents.get(document.source.id):
                raise CorpusError(
                    f"the id {document.source.id!r} is used by {earlier.path} already.",
                    "Give one of the two another id.", path=path,
                    line=line_of(path, "id"), field="id",
                )
            documents[document.source.id] = document
        except CorpusError as fault:
            faults.append(fault)
    if all(d.source.text_kind == "not_read" for d in documents.values()):
        if faults:
            raise faults[0]
        raise EmptyCorpus(
            "the folder holds no .md or .txt file with a text.",
            "Put documents in, or unset ASSISTANT_CORPUS for the bundled corpus.", path=folders[0],
        )
    faults += check(documents.values())
    if originals:
        faults += _take_over(originals, documents)
    _join_translations(documents)
    lists: dict[str, Any] = {}
    for name, read in (("contested", read_contested), ("names", read_names)):
        try:
            lists[name] = read(folders[0])
        except CorpusError as fault:
            faults.append(fault)
    return Corpus(documents=tuple(documents.values()), faults=tuple(faults), **lists)


def _take_over(originals: Path, documents: dict[str, Document]) -> Iterator[CorpusError]:
    """Put originals in place of digests; who speaks, when and with what force stays as it is told.

    Another corpus may have fetched into the same folder: hence the look at the address.
    """
    for path in document_paths(originals):
        try:
            original = read_document(path)
        except CorpusError as fault:
            yield fault
            continue
        held = documents.get(original.source.id)
        if held and held.source.address == original.source.address:
            names = ("text", "text_kind", "checked", "language", "licence")
            taken = {name: getattr(original.source, name) for name in names}
            source = replace(held.source, **taken)
            documents[source.id] = replace(original, source=source)


def _join_translations(documents: dict[str, Document]) -> None:
    """Give every translation the document that it translates."""
    for source_id, document in documents.items():
        of = next((r.to for r in document.source.relations if r.type == "translates"), None)
        if of in documents and of != source_id:
            source = replace(document.source, original=documents[of].source)
            documents[source_id] = replace(document, source=source)


def document_paths(folder: Path) -> Iterator[Path]:
    """The documents below a folder in a stable order; links out of it are not followed."""
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts) or path.stem.upper() == "README":
            continue
        if path.suffix.lower() in DOCUMENTS and path.is_file():
            if path.resolve().is_relative_to(root):
                yield path


def read_document(path: Path) -> Document:
    """One file as a Document. Raises CorpusError with line and field where the fault is."""
    text = read_text(path)
    if path.suffix.lower() not in DOCUMENTS or not text.startswith("---\n"):
        return Document(
            source=bare_source(path.stem, text), path=path,
            lines_before=0, has_front_matter=False,
        )
    end = re.search(r"^---[ \t]*$\n?", text[4:], re.MULTILINE)
    if end is None:
        raise CorpusError(
            "the front matter has no end.", "Close it with a line of three hyphens.",
            path=path, line=1,
        )
    header, body = text[4 : 4 + end.start()], text[4 + end.end() :]
    matter = _parse_front_matter(header, path)
    if (matter.text_kind == "not_read") == bool(body.strip()):
        raise UnreadableSource(
            "it is listed as not read, but there is text below the front matter." if body.strip()
            else "there is no text below the front matter.",
            "Remove the text, or say in text_kind what it is." if body.strip() else "Add it.",
            path=path,
        )
    fields = matter.model_dump(exclude={"relations"})
    relations = tuple(Relation(**r.model_dump()) for r in matter.relations)
    return Document(
        source=Source(**fields, relations=relations, text=body if body.strip() else ""), path=path,
        lines_before=text[: 4 + end.end()].count("\n"), has_front_matter=True,
    )


def _parse_front_matter(header: str, path: Path) -> FrontMatter:
    try:
        node = yaml.compose(header, Loader=_YAML)
        data = yaml.load(header, Loader=_YAML)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise CorpusError(
            f"the front matter is not valid YAML ({getattr(error, 'problem', None) or 'unknown'}).",
            "Quote texts that hold a colon or begin with a special character.",
            path=path, line=mark.line + 2 if mark else 1,
        ) from error
    if not isinstance(data, dict) or not isinstance(node, yaml.MappingNode):
        raise CorpusError(
            "the front matter holds no fields.", "Write lines of the form `title: …`.",
            path=path, line=1,
        )
    try:
        return FrontMatter.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        lines = {str(key.value): key.start_mark.line + 2 for key, _ in node.value}
        raise CorpusError(
            f"field {name!r}: {_reason(first['type'], str(first['msg']))}",
            _remedy(first["type"], name), path=path, line=lines.get(name, 1), field=name,
        ) from error


def _reason(kind: str, message: str) -> str:
    match kind:
        case "missing":
            return "it is missing."
        case "extra_forbidden":
            return "there is no such field."
        case _:
            return message.removesuffix(".") + "."


def _remedy(kind: str, name: str) -> str:
    if kind == "missing":
        return f"Add a line `{name}: …`; corpus/README.md explains the fields."
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(name, FrontMatter.model_fields, n=1)
        return f"Did you mean {near[0]!r}?" if near else "Remove it."
    return "Correct it; corpus/README.md explains the fields."


def bare_source(name: str, text: str, unnamed: str = "document") -> Source:
    """What can be known of a bare text: its name, its first line, its script.

    `unnamed` is the id where the name has no letter that ids may have.
    """
    lines = (line.strip().lstrip("#").strip() for line in text.splitlines())
    title = next((line for line in lines if line and not re.fullmatch(r"page \d+", line)), "")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or unnamed
    readable = title if 0 < len(title) <= 120 else name
    return Source(
        id=slug, title=readable, kind="reference", voice=UNKNOWN_VOICE, status="unknown",
        text_kind="original", checked="unverified", language=language_of(text[:5000]), text=text,
    )
