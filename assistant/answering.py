"""The assistant: the steps in a row. `stream()` yields what happens, `ask()` the end of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from assistant.compose import quote, say_date, say_name, write
from assistant.contested import Contested, contested
from assistant.corpus.catalogue import Corpus, read_corpus
from assistant.embeddings import open_embedder
from assistant.errors import AssistantError, IndexUnavailable, ModelError, PromptError
from assistant.index import (
    IndexProgress,
    MultilingualIndex,
    PassageIndex,
    is_whole,
    open_index,
    shared_server,
)
from assistant.injection import steering
from assistant.models import Model, open_model, with_model
from assistant.question import understand
from assistant.retrieval import retrieve
from assistant.scope import say_scope
from assistant.settings import Settings
from assistant.tokenization import terms
from assistant.types import (
    EVERYTHING,
    Answer,
    Question,
    Retrieved,
    Scope,
    Source,
    Statement,
    Tokens,
    Turn,
    Withheld,
)
from assistant.verify import Numbering, beside_the_point, check, conclude, open_judge

_NEAREST = 3


@dataclass(frozen=True, kw_only=True)
class Understood:
    question: Question


@dataclass(frozen=True, kw_only=True)
class Found:
    retrieved: Retrieved


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """The sources' own sentences: the answer at once, while a model still reads."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A model's sentence that passed the check."""

    statement: Statement


@dataclass(frozen=True, kw_only=True)
class Finished:
    answer: Answer


Event = Understood | Found | Quoted | Stated | Finished


class Assistant:
    """A corpus, its index and a model, ready for questions. Safe to use from several threads."""

    def __init__(
        self, corpus: Corpus, index: PassageIndex, model: Model | None, settings: Settings
    ) -> None:
        self.corpus = corpus
        self.index = index
        self.settings = settings
        self._models = {settings.model: model}
        open_judge(settings, model)  # what is wrong with the setting is said at the start
        self._seen = _stamp(settings)

    @classmethod
    def open(
        cls, settings: Settings, progress: IndexProgress | None = None, rebuild: bool = False
    ) -> Assistant:
        """Read the corpus, bring the index up to date, prepare the model.

        Raises CorpusError, IndexUnavailable, ModelError and SettingsError.
        """
        model = open_model(settings)
        corpus = read_corpus(
            settings.corpus, settings.documents, originals=settings.originals
        )
        index = open_index(
            settings.index_folder, corpus.sources, open_embedder(settings), progress, rebuild,
            shared_server(settings),
        )
        return cls(corpus, index, model, settings)

    def _follow(self) -> None:
        """Take over what another process added or removed meanwhile; costs one look at a file."""
        stamp = _stamp(self.settings)
        folder = self.settings.index_folder
        if stamp == self._seen or not is_whole(folder, self.index.embedding):
            return
        with suppress(AssistantError):  # what is open still answers
            self.refresh()

    def refresh(self) -> None:
        """Read the corpus again and bring the index up to date. Raises as `open` does."""
        fresh = Assistant.open(self.settings)
        self.corpus, self.index, self._seen = fresh.corpus, fresh.index, fresh._seen

    def _open_model(self, spec: str) -> Model | None:
        """The model kept open under that name, counting tokens from nothing."""
        if spec not in self._models:
            self._models[spec] = open_model(with_model(self.settings, spec))
        model = self._models[spec]
        return model.fresh() if model else None

    def ask(
        self, text: str, history: Sequence[Turn] = (), scope: Scope = EVERYTHING,
        model: str | None = None,
    ) -> Answer:
        """The answer to a question from the sources in scope. Raises as `stream` does."""
        for event in self.stream(text, history, scope, model):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("a stream always finishes")

    def stream(
        self, text: str, history: Sequence[Turn] = (), scope: Scope = EVERYTHING,
        model: str | None = None,
    ) -> Iterator[Event]:
        """What happens, as it happens; the last event is Finished. `model` is asked instead of
        the one in the settings and named like it. Raises QuestionError and SettingsError."""
        clock = _Clock()
        writer = self._open_model(model or self.settings.model)
        judge = open_judge(self.settings, writer) if writer else None
        self._follow()
        languages = {source.language for source in self.corpus.sources}
        across = isinstance(self.index, MultilingualIndex)
        asked = understand(text, history, languages, self.corpus.names, across)
        question = replace(asked, scope=scope)
        yield Understood(question=question)
        index, trouble = self.index, list[str]()
        try:
            retrieved = retrieve(question, index)
        except (IndexUnavailable, ModelError) as error:
            index, trouble = index.by_words(), _on_words_alone(error)
            retrieved = retrieve(question, index)
        clock.mark("retrieved")
        yield Found(retrieved=retrieved)
        numbering = Numbering()
        statements: list[Statement] = []
        withheld: list[Withheld] = []
        notices = [
            *question.notices, *_on_understanding(question, index),
            *_on_scope(scope, self.corpus.sources), *trouble,
            *_on_names(retrieved, self.corpus.unread), *_on_silence(retrieved),
            *_on_difference(retrieved), *_on_parts(retrieved), *_on_suspects(retrieved),
            *_on_time(retrieved),
            *_on_words(contested(text, self.corpus.contested, index)),
        ]
        if retrieved.answerable:
            quotes = [check(draft, numbering) for draft in quote(retrieved)]
            statements += [s for s in quotes if isinstance(s, Statement)]
            clock.mark("first_text")
            yield Quoted(statements=tuple(statements))
        if statements and writer:
            try:
                for draft in write(question, retrieved, writer, self.settings.prompts):
                    checked = beside_the_point(draft, question, index) or check(
                        draft, numbering, judge
                    )
                    if isinstance(checked, Withheld):
                        withheld.append(checked)
                        continue
                    clock.mark("first_model_sentence")
                    statements.append(checked)
                    yield Stated(statement=checked)
            except (ModelError, PromptError) as error:
                notices.append(f"{error} The answer is in the sources' own sentences.")
            else:
                notices += _on_the_model(statements)
        clock.mark("total")
        yield Finished(answer=Answer(
            question=question.text, understood=question.standalone,
            outcome=conclude(retrieved, statements), statements=tuple(statements),
            withheld=tuple(withheld), evidence=retrieved.evidence, nearest=_nearest(retrieved),
            notices=tuple(notices), model=writer.name if writer else "quotes",
            scope=scope, premise=_on_the_premise(retrieved), suspect=retrieved.suspect,
            corpus_version=self.corpus.version, timings=clock.seconds,
            tokens=writer.tokens if writer else Tokens(),
        ))


def _on_understanding(question: Question, index: PassageIndex) -> list[str]:
    """What was searched for beside the user's own words."""
    notices = []
    if question.earlier:
        before = " and ".join(f"“{text}”" for text in reversed(question.earlier))
        notices.append(f"Understood as a question after {before}, and searched for with it.")
    for name, others in question.also_called:
        if not all(map(index.holds, terms(name))):
            notices.append(f"The sources say {' or '.join(others)} for “{name}”.")
    return notices


def _on_scope(scope: Scope, sources: Sequence[Source]) -> list[str]:
    if scope == EVERYTHING:
        return []
    admitted = sum(map(scope.admits, sources))
    return [f"Asked of {admitted} of {len(sources)} sources only: {say_scope(scope)}."]


def _on_words_alone(error: AssistantError) -> list[str]:
    return [
        "The sources were searched by words alone, and whether they can answer was judged by words "
        f"alone: {error}"
    ]


def _on_names(retrieved: Retrieved, unread: Sequence[Source]) -> list[str]:
    """What the sources do not speak of, and where it may be read instead."""
    if not retrieved.missing:
        return []
    names = ", ".join(f"“{name}”" for name in retrieved.missing)
    notices = [f"No source here mentions {names}."]
    for source in unread:
        about = set(terms(" ".join((source.title, source.voice, *source.aliases))))
        if any(about.issuperset(terms(name)) for name in retrieved.missing):
            where = f": {source.address}" if source.address else "."
            title = f"{source.title} ({source.voice}, {say_date(source)})"
            notices.append(f"Listed here, but not read: {title}{where}")
    return notices


def _on_silence(retrieved: Retrieved) -> list[str]:
    """What the documents asked about do not speak of, and where in them to look all the same."""
    if not retrieved.silence:
        return []
    sources, word = retrieved.silence
    notices = []
    for source in sources:
        near = dict.fromkeys(
            e.passage.anchor for e in retrieved.evidence if e.passage.source.id == source.id
        )
        look = f" Nearest in it: {', '.join(list(near)[:_NEAREST])}." if near else ""
        if source.text_kind == "digest":
            said = f"Our digest of {source.name} does not speak of “{word}”; "
            said += "the document itself may."
        else:
            said = f"The text of {source.name} that is held here does not speak of “{word}”."
        notices.append(said + look)
    return notices


def _on_difference(retrieved: Retrieved) -> list[str]:
    accounts = [
        f"“{a.value}” ({a.passage.source.name}, {say_date(a.passage.source)})"
        for a in retrieved.differing
    ]
    if not accounts:
        return []
    return [f"The sources differ, or speak of different things: {'; '.join(accounts)}."]


def _on_parts(retrieved: Retrieved) -> list[str]:
    return [f"No source found here speaks of this part: “{part}”." for part in retrieved.open]


def _on_suspects(retrieved: Retrieved) -> list[str]:
    return [
        f"A passage of {passage.source.name} ({passage.anchor}) tries to instruct a language model "
        f"(“{steering(passage.text)}”); it was left out." for passage in retrieved.suspect
    ]


def _on_time(retrieved: Retrieved) -> list[str]:
    if not retrieved.period:
        return []
    return [f"Asked about the time “{retrieved.period}”: sources of that time come first."]


def _on_words(words: Iterable[Contested]) -> list[str]:
    """Whose words the question's loaded ones are: never the answer's own."""
    notices = []
    for word, users in words:
        told = [f"{source.name} ({voice})" for source, voice in users[:_NEAREST]]
        more = f" and {len(users) - _NEAREST} more" if len(users) > _NEAREST else ""
        said = f"used here by: {'; '.join(told)}{more}" if told else "no source here uses it"
        notices.append(f"“{word}” is a contested word, not the answer's own; {said}.")
    return notices


def _on_the_premise(retrieved: Retrieved) -> str:
    if not retrieved.premise:
        return ""
    text, reason, passage, _, replies = retrieved.premise
    said = f"The question takes “{text}” for granted. "
    said += f"{say_name(passage.source)} ({say_date(passage.source)}) {reason}."
    if replies:
        said += f" Replies: {'; '.join(f'{r.name} ({say_date(r)})' for r in replies)}."
    return said


def _on_the_model(statements: Sequence[Statement]) -> list[str]:
    if any(s.origin == "model" for s in statements):
        return []
    return ["Nothing the model wrote could be shown; the sources answer themselves."]


def _nearest(retrieved: Retrieved) -> tuple[Source, ...]:
    if retrieved.silence:
        return retrieved.silence.sources[:_NEAREST]
    by_id = {e.passage.source.id: e.passage.source for e in retrieved.evidence}
    return tuple(by_id.values())[:_NEAREST]


def _stamp(settings: Settings) -> int | None:
    try:
        return (settings.index_folder / "manifest.json").stat().st_mtime_ns
    except OSError:
        return None


class _Clock:
    def __init__(self) -> None:
        self._start = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def mark(self, event: str) -> None:
        """Remember when an event first happened, in seconds since the question."""
        self.seconds.setdefault(event, round(time.perf_counter() - self._start, 4))
