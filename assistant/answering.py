"""The assistant: the steps in a row. `stream()` yields what happens, `ask()` the end of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from assistant import notices as told
from assistant.compose import choose, quote, write
from assistant.contested import contested
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
from assistant.models import Abilities, Model, abilities_of, open_model, with_model
from assistant.question import understand
from assistant.retrieval import KEPT, retrieve
from assistant.rewriting import rewritten
from assistant.settings import Settings
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
from assistant.verify import Judge, Numbering, beside_the_point, check, conclude, open_judge

# How freely a model writes when it tries more than once.
_TEMPERATURE = 0.7


@dataclass(frozen=True, kw_only=True)
class Understood:
    question: Question


@dataclass(frozen=True, kw_only=True)
class Found:
    retrieved: Retrieved


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """The sources' own sentences: the answer at once, while a model still reads. `premise` is the
    one of the answer."""

    statements: tuple[Statement, ...]
    premise: str = ""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The model reads what was found; while it is `loading`, it is first made ready to."""

    loading: bool = False


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A model's sentence that passed the check."""

    statement: Statement


@dataclass(frozen=True, kw_only=True)
class Finished:
    answer: Answer


Event = Understood | Found | Quoted | Reading | Stated | Finished
Watch = Callable[[Iterator[Event]], Iterator[Event]]


class Assistant:
    """A corpus, its index and a model, ready for questions. Safe to use from several threads.

    `watch` sees the events of every question pass, from whichever door it comes.
    """

    watch: Watch = staticmethod(iter)

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
        return self.watch(self._answer(text, history, scope, model))

    def find(
        self, text: str, scope: Scope = EVERYTHING, most: int = KEPT
    ) -> tuple[Retrieved, tuple[str, ...]]:
        """The passages that bear on a text, at most `most`, and notices. Raises QuestionError."""
        self._follow()
        question = self._understand(text, (), scope)
        retrieved, _, trouble = self._retrieve(question, most)
        return retrieved, (*question.notices, *trouble)

    def _retrieve(
        self, question: Question, most: int = KEPT
    ) -> tuple[Retrieved, PassageIndex, list[str]]:
        """What is found, where, and what went wrong: then by words alone."""
        index = self.index
        try:
            return retrieve(question, index, most), index, []
        except (IndexUnavailable, ModelError) as error:
            index = index.by_words()
            return retrieve(question, index, most), index, told.on_words_alone(error)

    def _answer(
        self, text: str, history: Sequence[Turn], scope: Scope, model: str | None
    ) -> Iterator[Event]:
        clock = _Clock()
        spec = model or self.settings.model
        writer = self._open_model(spec)
        judge = open_judge(self.settings, writer) if writer else None
        abilities = abilities_of(self.settings, spec) if writer else None
        self._follow()
        question = self._understand(text, history, scope)
        yield Understood(question=question)
        retrieved, index, trouble = self._retrieve(question)
        clock.mark("retrieved")
        yield Found(retrieved=retrieved)
        numbering = Numbering()
        statements = _quotes(retrieved, numbering)
        withheld: list[Withheld] = []
        if retrieved.answerable:
            clock.mark("first_text")
            yield Quoted(
                statements=tuple(statements), premise=told.on_the_premise(retrieved)
            )
        try:
            if writer and statements:
                yield from _made_ready(writer, clock)
            rewrite = ""
            if writer and abilities and abilities.capable:
                rewrite = rewritten(question, writer, self.settings.prompts)
            if rewrite:
                question = replace(question, rewritten=rewrite)
                retrieved = _fused(retrieved, retrieve(question, index))
                more = _further(statements, _quotes(retrieved, numbering))
                if more:
                    statements += more
                    yield Quoted(
                        statements=tuple(more), premise=told.on_the_premise(retrieved)
                    )
            if writer and abilities and statements:
                task = _Task(question, retrieved, index, writer, judge, abilities)
                for checked in self._written(task, numbering):
                    if isinstance(checked, Withheld):
                        withheld.append(checked)
                        continue
                    clock.mark("first_model_sentence")
                    statements.append(checked)
                    yield Stated(statement=checked)
                trouble += told.on_the_model(statements, withheld)
        except (IndexUnavailable, ModelError, PromptError) as error:
            trouble.append(f"{error} The answer is in the sources' own sentences.")
        clock.mark("total")
        yield Finished(answer=Answer(
            question=question.typed, understood=question.standalone,
            outcome=conclude(retrieved, statements), statements=tuple(statements),
            withheld=tuple(withheld), evidence=retrieved.evidence, nearest=_nearest(retrieved),
            notices=self._notices(question, retrieved, index, trouble),
            model=writer.name if writer else "quotes", scope=scope,
            premise=told.on_the_premise(retrieved), suspect=retrieved.suspect,
            corpus_version=self.corpus.version, timings=clock.seconds,
            tokens=writer.tokens if writer else Tokens(),
        ))

    def _understand(self, text: str, history: Sequence[Turn], scope: Scope) -> Question:
        languages = {source.language for source in self.corpus.sources}
        across = isinstance(self.index, MultilingualIndex)
        asked = understand(text, history, languages, self.corpus.names, across)
        return replace(asked, scope=scope)

    def _written(self, task: _Task, numbering: Numbering) -> Iterator[Statement | Withheld]:
        """What comes from the model, checked: its choice among the quotes, or what it writes, as
        it comes or the best of several drafts."""
        use = self.settings.model_use
        if use == "choose" or use == "auto" and task.abilities.chooses:
            chosen = choose(
                task.question, task.retrieved, task.writer, self.settings.prompts, task.abilities
            )
            yield from (check(draft, numbering) for draft in chosen)
            return
        if self.settings.drafts == 1:
            yield from self._draft(task, numbering, 0.0)
            return
        tried = []
        for number in range(self.settings.drafts):
            own = numbering.copy()
            tried.append(list(self._draft(task, own, _TEMPERATURE if number else 0.0)))
        yield from max(tried, key=lambda draft: sum(isinstance(s, Statement) for s in draft))

    def _draft(
        self, task: _Task, numbering: Numbering, temperature: float
    ) -> Iterator[Statement | Withheld]:
        drafts = write(
            task.question, task.retrieved, task.writer, self.settings.prompts, task.abilities,
            temperature,
        )
        for draft in drafts:
            yield beside_the_point(draft, task.question, task.index) or check(
                draft, numbering, task.judge
            )

    def _notices(
        self, question: Question, retrieved: Retrieved, index: PassageIndex,
        trouble: Sequence[str],
    ) -> tuple[str, ...]:
        corpus = self.corpus
        return (
            *question.notices, *told.on_understanding(question, index),
            *told.on_scope(question.scope, corpus.sources),
            *told.on_names(retrieved, corpus.unread), *told.on_silence(retrieved),
            *told.on_difference(retrieved), *told.on_parts(retrieved),
            *told.on_suspects(retrieved), *told.on_time(retrieved),
            *told.on_words(contested(question.text, corpus.contested, index)), *trouble,
        )


@dataclass(frozen=True)
class _Task:
    """What a model is asked to write about, and with what it is checked."""

    question: Question
    retrieved: Retrieved
    index: PassageIndex
    writer: Model
    judge: Judge | None
    abilities: Abilities


def _made_ready(writer: Model, clock: _Clock) -> Iterator[Event]:
    if not writer.loaded:
        clock.mark("model_loading")
        yield Reading(loading=True)
        writer.load()
        clock.mark("model_loaded")
    yield Reading()


def _quotes(retrieved: Retrieved, numbering: Numbering) -> list[Statement]:
    if not retrieved.answerable:
        return []
    checked = (check(draft, numbering) for draft in quote(retrieved))
    return [one for one in checked if isinstance(one, Statement)]


def _fused(by_rule: Retrieved, with_rewrite: Retrieved) -> Retrieved:
    """What was found with the model's rewriting too, unless it made an answer impossible."""
    worse = by_rule.answerable and not with_rewrite.answerable
    return by_rule if worse else with_rewrite


def _further(shown: Sequence[Statement], found: Sequence[Statement]) -> list[Statement]:
    """What the reader was not yet shown; what he was stays."""
    places = {c for s in shown for c in s.citations}
    return [s for s in found if not places.issuperset(s.citations)]


def _nearest(retrieved: Retrieved) -> tuple[Source, ...]:
    if retrieved.silence:
        return retrieved.silence.sources[:told.NEAREST]
    by_id = {e.passage.source.id: e.passage.source for e in retrieved.evidence}
    return tuple(by_id.values())[:told.NEAREST]


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
