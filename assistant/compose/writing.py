"""Evidence → a model's drafts: what it is told, how much it reads, and its sentences one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.compose.marks import (
    Marked,
    answer_schema,
    read_marks,
    says_nothing,
    schema_sentences,
    whole_sentences,
)
from assistant.compose.quotes import excerpts, lead, say_name, told
from assistant.errors import ContextOverflow
from assistant.models import Abilities, Model, Prompt
from assistant.prompts import read_prompt
from assistant.types import Draft, Passage, Question, Retrieved, Span

# Characters of evidence for a capable model: all that is found, in whole passages.
_CAPABLE_ROOM = 16_000
# And for a small one: it reads slowly, and loses its way among more.
_SMALL_ROOM = 4_000
# As long as this may a model read before its first word, in seconds.
_READING = 12.0
# Characters of a token; less for what is not English. Of the context, the share for evidence.
_CHARACTERS = 3.5
_SHARE = 0.5

_ENDED = re.compile(r"[.!?…][”\"»’')\]]*$")

Places = Sequence[tuple[Passage, Span]]


def write(
    question: Question, retrieved: Retrieved, model: Model, prompts: Path, abilities: Abilities,
    temperature: float = 0.0,
) -> Iterator[Draft]:
    """A model's sentences about the evidence, one by one as they are complete.

    What does not fit into its context is halved until it does. Raises ModelError while it is read
    and PromptError for a faulty template.
    """
    room = room_for(abilities)
    while True:
        offered = offer(retrieved, room)
        prompt = _prompt(question, offered, prompts, abilities)
        try:
            yield from _drafts(model, prompt, offered, temperature)
        except ContextOverflow:
            if len(offered) == 1:
                raise
            room //= 2
            continue
        return


def _prompt(
    question: Question, offered: Places, prompts: Path, abilities: Abilities
) -> Prompt:
    fields = {"evidence": listed(offered), "question": question.standalone}
    if abilities.capable:
        schema = answer_schema(len(offered)) if abilities.schema else None
        return read_prompt(prompts, "answer-capable", fields, schema)
    return read_prompt(prompts, "answer-small", fields)


def _drafts(
    model: Model, prompt: Prompt, offered: Places, temperature: float
) -> Iterator[Draft]:
    chunks = model.stream(prompt, temperature)
    names = [say_name(passage.source) for passage, _ in offered]
    sentences = (
        schema_sentences(chunks, names) if prompt.schema
        else (read_marks(sentence, names) for sentence in whole_sentences(chunks))
    )
    written: set[str] = set()
    for sentence in sentences:
        draft = _draft(sentence, offered)
        if draft is None:
            continue
        if draft.text in written:
            return  # a model that repeats itself says nothing more
        written.add(draft.text)
        yield draft


def room_for(abilities: Abilities) -> int:
    """How many characters of evidence a model is given."""
    room = float(_CAPABLE_ROOM if abilities.capable else _SMALL_ROOM)
    if abilities.reads:
        room = min(room, abilities.reads * _READING * _CHARACTERS)
    if abilities.context:
        room = min(room, abilities.context * _SHARE * _CHARACTERS)
    return int(room)


def offer(retrieved: Retrieved, room: int) -> list[tuple[Passage, Span]]:
    """The places that a model reads: first what is shown as quotes, as far as there is room, at
    least one; then their whole passages, then the other passages found."""
    places: list[tuple[Passage, Span]] = []
    for place in excerpts(retrieved):
        if places and len(listed([*places, place])) > room:
            return places
        places.append(place)
    for number, (passage, _) in enumerate(places):
        wider = [*places[:number], (passage, passage.span), *places[number + 1 :]]
        if len(listed(wider)) <= room:
            places = wider
    places = list(dict.fromkeys(places))
    for evidence in retrieved.evidence:
        more = [*places, (evidence.passage, evidence.passage.span)]
        held = any(passage.id == evidence.passage.id for passage, _ in places)
        if not held and len(listed(more)) <= room:
            places = more
    return places


def listed(offered: Places) -> str:
    """The places as a model reads them, each with its mark."""
    return "\n".join(f"[S{n}] {told(place)}" for n, place in enumerate(offered, start=1))


def _draft(sentence: Marked, offered: Places) -> Draft | None:
    """A sentence with the places that it names; numbers that were not offered are kept apart."""
    known = [n for n in sentence.numbers if 1 <= n <= len(offered)]
    text = _without_preface(sentence.text, offered)
    if says_nothing(text):
        return None
    return Draft(
        text=text, cited=tuple(offered[n - 1] for n in known), origin="model",
        unknown=tuple(f"S{n}" for n in sentence.numbers if n not in known),
        offered=tuple(offered), whole=bool(_ENDED.search(text)),
    )


def _without_preface(text: str, offered: Places) -> str:
    """The sentence alone, where a model copies what stands before its passage in the list."""
    plain = re.sub(r"^the\s+", "", text, flags=re.IGNORECASE)
    for passage, span in offered:
        preface = re.sub(r"^the\s+", "", lead(passage, span.start), flags=re.IGNORECASE)
        if plain.lower().startswith(f"{preface.lower()}:"):
            return plain[len(preface) + 1 :].strip()
    return text
