"""The data types that travel through the assistant, in the order in which they arise.

Every type is frozen and keyword-only; none has logic beyond slicing text. Offsets are
counted in characters (Unicode code points) of `Source.text`, end exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Day
from typing import Literal, NamedTuple

Kind = Literal[
    "treaty", "political_document", "draft", "resolution", "official_statement",
    "official_reply", "speech", "interview", "article", "reference",
]
Status = Literal[
    "in_force", "signed_not_in_force", "political_commitment", "adopted", "proposed", "issued",
    "leaked", "recorded", "suspended", "superseded", "terminated", "opinion", "unknown",
]
# The voice of a text whose author nobody has named yet.
UNKNOWN_VOICE = "unknown"
TextKind = Literal[
    "original", "official_translation", "unofficial_translation", "digest", "not_read",
]
Checked = Literal["full_text", "excerpt", "secondary", "unverified"]
RelationType = Literal[
    "translates", "replies_to", "amends", "supersedes", "endorses", "quotes", "comments_on",
]
Outcome = Literal[
    "answered", "partly_answered", "not_in_corpus", "document_silent",
    "premise_not_supported", "failed",
]
Support = Literal["full", "partial"]
Origin = Literal["quote", "model", "choice"]
"""The source's own words; a model's; the source's own, which a model chose among the quotes."""
Tier = Literal["primary", "official", "commentary"]

TIERS: tuple[Tier, ...] = ("primary", "official", "commentary")
"""In the order in which they speak."""

TIER_OF_KIND: Mapping[Kind, Tier] = {
    "treaty": "primary", "political_document": "primary", "draft": "primary",
    "resolution": "primary", "official_statement": "official", "official_reply": "official",
    "speech": "official", "interview": "official", "article": "commentary",
    "reference": "commentary",
}
"""Who may speak first: texts that parties agreed or proposed, then what officials said, then
what others wrote about them."""


class Span(NamedTuple):
    """A half-open range of characters in `Source.text`."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Relation:
    """How one source stands to another, named by its id, or to one provision of it."""

    type: RelationType
    to: str
    anchor: str | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """One document of the corpus with what is known of it.

    `date` is the day of the act; for an article, of its publication; `None` if not known.
    `checked` says how the text was checked against the document that it stands for.
    `proposed` names the fields that the program read off the text or the file name and nobody has
    confirmed. `original` is the document that this one translates, if the corpus holds it.
    `text` is the body as it is shown, front matter removed; empty for a document that is only
    listed (`text_kind` "not_read") and so can never be cited.
    """

    id: str
    title: str
    kind: Kind
    voice: str
    status: Status
    text_kind: TextKind
    checked: Checked
    text: str
    date: Day | None = None
    entry_into_force: Day | None = None
    status_as_of: Day | None = None
    language: str = "en"
    short_title: str = ""
    aliases: tuple[str, ...] = ()
    address: str | None = None
    archive: str | None = None
    licence: str | None = None
    relations: tuple[Relation, ...] = ()
    proposed: tuple[str, ...] = ()
    original: Source | None = None

    @property
    def name(self) -> str:
        """The title to use inside a sentence."""
        return self.short_title or self.title

    @property
    def names(self) -> tuple[str, ...]:
        """All that it is called."""
        return (self.title, self.short_title, *self.aliases)

    @property
    def tier(self) -> Tier:
        return TIER_OF_KIND[self.kind]


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A stretch of a source small enough to be cited, for example one article.

    `id` is stable as long as source, anchor and wording are. `checked` is the provision's own
    mark where the source sets one, else the source's.
    """

    id: str
    source: Source
    anchor: str
    span: Span
    checked: Checked

    @property
    def text(self) -> str:
        return self.source.text[self.span.start : self.span.end]


class Turn(NamedTuple):
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which sources may answer; a field that is empty leaves all.

    `sources` are ids, `voices` whole names as the sources give them ("NATO"), of which a joint text
    has several. `since` and `until` are the first and the last day; a source without a date has
    none of them.
    """

    sources: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    statuses: tuple[Status, ...] = ()
    since: Day | None = None
    until: Day | None = None

    def admits(self, source: Source) -> bool:
        dated = source.date is not None and (
            (self.since or source.date) <= source.date <= (self.until or source.date)
        )
        return (
            (not self.sources or source.id in self.sources)
            and (not self.voices or any(v in self.voices for v in source.voice.split("; ")))
            and (not self.kinds or source.kind in self.kinds)
            and (not self.statuses or source.status in self.statuses)
            and (dated or not (self.since or self.until))
        )


EVERYTHING = Scope()


class AlsoCalled(NamedTuple):
    """A name in a question, as it stands there, and others for the same."""

    name: str
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked: the user's own words, `typed` with all that asks for no source, the same made
    to stand alone, by rule and as a model puts it, the questions before it, the latest first, its
    parts, where it asks for several things, what its names also are, and of which sources."""

    text: str
    standalone: str
    typed: str = ""
    rewritten: str = ""
    earlier: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    also_called: tuple[AlsoCalled, ...] = ()
    history: tuple[Turn, ...] = ()
    scope: Scope = EVERYTHING
    language: str = "en"
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A passage found for a question.

    `score` is the fused score (higher is better, comparable within one question only);
    ranks count from 0 and are `None` where that search did not return the passage.
    `best` are the passage's sentences that bear on the question, best first, in offsets of the
    source.
    """

    passage: Passage
    score: float
    dense_rank: int | None = None
    bm25_rank: int | None = None
    best: tuple[Span, ...] = ()


class Silence(NamedTuple):
    """Documents that a question names, and the word for what it asks of them that they lack."""

    sources: tuple[Source, ...]
    word: str


class Premise(NamedTuple):
    """What a question takes for granted, what the source says of it instead ("was proposed"), and
    the place; for a draft the replies to it."""

    text: str
    reason: str
    passage: Passage
    span: Span
    replies: tuple[Source, ...] = ()


class Account(NamedTuple):
    """A place that answers a question for a number or a date, and its answer."""

    passage: Passage
    span: Span
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class Retrieved:
    """The evidence for a question, best first, and whether it can answer at all.

    `missing` names what the question is about that no passage speaks of; `answerable` is false
    when that, or the silence of the documents asked about, rules an answer out. `open` are the
    parts of the question that the evidence does not speak of; `premise` is what it takes for
    granted and a source says otherwise. `differing` are places that give different numbers or dates
    for what is asked. `suspect` are passages found that try to steer a language
    model; they are no evidence. `period` are the words that say of what time the sources must be.
    """

    evidence: tuple[Evidence, ...]
    answerable: bool
    missing: tuple[str, ...] = ()
    silence: Silence | None = None
    open: tuple[str, ...] = ()
    premise: Premise | None = None
    differing: tuple[Account, ...] = ()
    suspect: tuple[Passage, ...] = ()
    period: str = ""


@dataclass(frozen=True, kw_only=True)
class Citation:
    """Exact characters of a passage. `number` counts from 1 by first use in the answer.

    `voice` and `wording` (the original's words for a translation's) are read off the whole text. Of
    an answer that was read back they are as they were told then; elsewhere they are `None`.
    """

    number: int
    passage: Passage
    span: Span
    voice: str | None = None
    wording: str | None = None

    @property
    def quote(self) -> str:
        return self.passage.source.text[self.span.start : self.span.end]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What `compose` claims, unchecked.

    `lead` is a preface of our own making (who says it, when, with what force); the check gives
    one to a model's sentence that does not say itself whose words it reports. `cited` are the
    places that it says it rests on; `unknown` are ids it named that do not exist; `offered` are
    all the places that the model was shown. `whole` is false for a sentence that a model broke
    off.
    """

    text: str
    cited: tuple[tuple[Passage, Span], ...]
    origin: Origin
    lead: str = ""
    unknown: tuple[str, ...] = ()
    offered: tuple[tuple[Passage, Span], ...] = ()
    whole: bool = True


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A sentence that `verify` lets through, with the citations that carry it."""

    text: str
    citations: tuple[Citation, ...]
    support: Support
    origin: Origin
    lead: str = ""


@dataclass(frozen=True, kw_only=True)
class Withheld:
    """A model's sentence that is not shown as part of the answer, and why."""

    text: str
    reason: str


class Tokens(NamedTuple):
    """What a model read and wrote, as its server counts; zero where it does not."""

    read: int = 0
    written: int = 0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The whole result of one question; saved and loaded as JSON by `render`.

    `premise` says what the question takes for granted and why the sources do not support it, for
    the outcome of that name. `suspect` are passages that try to steer a model and were left out.
    `timings` are seconds since the question arrived, by event; `tokens` are those of the model.
    """

    question: str
    understood: str
    outcome: Outcome
    statements: tuple[Statement, ...]
    withheld: tuple[Withheld, ...]
    evidence: tuple[Evidence, ...]
    nearest: tuple[Source, ...]
    notices: tuple[str, ...]
    model: str
    corpus_version: str
    scope: Scope = EVERYTHING
    premise: str = ""
    suspect: tuple[Passage, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    tokens: Tokens = Tokens()

    @property
    def statements_as_shown(self) -> tuple[Statement, ...]:
        """What comes from a model first, then the quotes; numbers follow the order of arrival."""
        return tuple(sorted(self.statements, key=lambda s: s.origin == "quote"))

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Every citation once, by number."""
        numbered = {c.number: c for s in self.statements for c in s.citations}
        return tuple(numbered[n] for n in sorted(numbered))
