"""Evidence → a model's choice: which of the quotes answer the question. A small model reads better
than it writes, and what it points to needs no check of its words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assistant.compose.quotes import as_quote, excerpts, told
from assistant.compose.writing import room_for
from assistant.models import Abilities, Model
from assistant.prompts import read_prompt
from assistant.types import Draft, Passage, Question, Retrieved, Span

_CHOSEN = 2
# Of the quotes those found first. With all of them (7 at the median) two chosen by a 1.5B model
# told as many facts, 26 of 31 on 18 dev questions; the two found first 20.
_JUDGED = 6


def choose(
    question: Question, retrieved: Retrieved, model: Model, prompts: Path, abilities: Abilities
) -> Iterator[Draft]:
    """Of the quotes the two that the model finds likeliest to state the answer, the likeliest
    first.

    Each is judged by itself, by the margin of "yes" over "no": the question before it stays in
    the server's cache. Raises ModelError (also where no likelihoods are told) and PromptError.
    """
    margins: list[tuple[float, tuple[Passage, Span]]] = []
    room = room_for(abilities)
    scores = {evidence.passage.id: evidence.score for evidence in retrieved.evidence}
    places = sorted(excerpts(retrieved), key=lambda place: -scores.get(place[0].id, 0.0))
    for place in places[:_JUDGED]:
        text = told(place)
        room -= len(text)
        if margins and room < 0:
            break
        prompt = read_prompt(prompts, "choose", {"question": question.standalone, "text": text})
        margins.append((model.margin(prompt), place))
    likeliest = sorted(margins, key=lambda judged: -judged[0])[:_CHOSEN]
    for _, place in likeliest:
        yield as_quote(place, "choice")
