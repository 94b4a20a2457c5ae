"""What the reader is told beside the answer, each a sentence or a few: what was searched for, what
the sources do not hold, where they differ, what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.compose import say_date, say_name
from assistant.contested import Contested
from assistant.errors import AssistantError
from assistant.index import PassageIndex
from assistant.injection import steering
from assistant.scope import say_scope
from assistant.tokenization import terms
from assistant.types import EVERYTHING, Question, Retrieved, Scope, Source, Statement, Withheld

NEAREST = 3


def on_understanding(question: Question, index: PassageIndex) -> list[str]:
    """What was searched for beside the user's own words."""
    notices = []
    if question.earlier:
        before = " and ".join(f"“{text}”" for text in reversed(question.earlier))
        notices.append(f"Understood as a question after {before}, and searched for with it.")
    if question.rewritten:
        notices.append(f"Searched for as the model puts it, too: “{question.rewritten}”.")
    for name, others in question.also_called:
        held = [other for other in others if all(map(index.holds, terms(other)))]
        if held and not all(map(index.holds, terms(name))):
            notices.append(f"The sources say {' or '.join(held)} for “{name}”.")
    return notices


def on_scope(scope: Scope, sources: Sequence[Source]) -> list[str]:
    if scope == EVERYTHING:
        return []
    admitted = sum(map(scope.admits, sources))
    return [f"Asked of {admitted} of {len(sources)} sources only: {say_scope(scope)}."]


def on_words_alone(error: AssistantError) -> list[str]:
    return [
        "The sources were searched by words alone, and whether they can answer was judged by words "
        f"alone: {error}"
    ]


def on_names(retrieved: Retrieved, unread: Sequence[Source]) -> list[str]:
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


def on_silence(retrieved: Retrieved) -> list[str]:
    """What the documents asked about do not speak of, and where in them to look all the same."""
    if not retrieved.silence:
        return []
    sources, word = retrieved.silence
    notices = []
    for source in sources:
        near = dict.fromkeys(
            e.passage.anchor for e in retrieved.evidence if e.passage.source.id == source.id
        )
        look = f" Nearest in it: {', '.join(list(near)[:NEAREST])}." if near else ""
        if source.text_kind == "digest":
            said = f"Our digest of {source.name} does not speak of “{word}”; "
            said += "the document itself may."
        else:
            said = f"The text of {source.name} that is held here does not speak of “{word}”."
        notices.append(said + look)
    return notices


def on_difference(retrieved: Retrieved) -> list[str]:
    accounts = [
        f"“{a.value}” ({a.passage.source.name}, {say_date(a.passage.source)})"
        for a in retrieved.differing
    ]
    if not accounts:
        return []
    return [f"The sources differ, or speak of different things: {'; '.join(accounts)}."]


def on_parts(retrieved: Retrieved) -> list[str]:
    return [f"No source found here speaks of this part: “{part}”." for part in retrieved.open]


def on_suspects(retrieved: Retrieved) -> list[str]:
    return [
        f"A passage of {passage.source.name} ({passage.anchor}) tries to instruct a language model "
        f"(“{steering(passage.text)}”); it was left out." for passage in retrieved.suspect
    ]


def on_time(retrieved: Retrieved) -> list[str]:
    if not retrieved.period:
        return []
    return [f"Asked about the time “{retrieved.period}”: sources of that time come first."]


def on_words(words: Iterable[Contested]) -> list[str]:
    """Whose words the question's loaded ones are: never the answer's own."""
    notices = []
    for word, users in words:
        told = [f"{source.name} ({voice})" for source, voice in users[:NEAREST]]
        more = f" and {len(users) - NEAREST} more" if len(users) > NEAREST else ""
        said = f"used here by: {'; '.join(told)}{more}" if told else "no source here uses it"
        notices.append(f"“{word}” is a contested word, not the answer's own; {said}.")
    return notices


def on_the_premise(retrieved: Retrieved) -> str:
    if not retrieved.premise:
        return ""
    text, reason, passage, _, replies = retrieved.premise
    said = f"The question takes “{text}” for granted. "
    said += f"{say_name(passage.source)} ({say_date(passage.source)}) {reason}."
    if replies:
        said += f" Replies: {'; '.join(f'{r.name} ({say_date(r)})' for r in replies)}."
    return said


def on_the_model(statements: Sequence[Statement], withheld: Sequence[Withheld]) -> list[str]:
    if any(s.origin != "quote" for s in statements):
        return []
    if not withheld:
        return ["The model wrote no answer; the sources answer themselves."]
    return ["Nothing the model wrote could be shown; the sources answer themselves."]
