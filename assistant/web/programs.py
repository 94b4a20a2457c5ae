"""The page's named endpoints for Gradio's clients: `Client(url).predict(…, api_name="/ask")`."""

# Gradio reads the type hints themselves, so they are no strings here.
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from assistant.answering import Assistant
from assistant.errors import AssistantError
from assistant.web import api
from assistant.web.access import visitor_of
from assistant.web.limits import Limits


def fill(assistant: Assistant, limits: Limits) -> None:
    """Add `/ask`, `/find_passages` and `/get_source` to the page that is being built."""

    def ask(
        request: gr.Request, question: str, history: list[dict[str, str]] | None = None,
        filters: dict[str, Any] | None = None, model: str = api.CONFIGURED,
    ) -> dict[str, Any]:
        """Answer a question in the form of `assistant ask --json`. `history` is a list of earlier
        turns with role and content; `filters` may have sources, voices, kinds, statuses, since,
        until and primary."""
        with _told(), limits.admit(visitor_of(request)):
            scope = api.read_filters(assistant, filters)
            turns = api.read_history(history or [])
            return api.ask(assistant, question, turns, scope, model).model_dump(mode="json")

    def find_passages(
        request: gr.Request, query: str, filters: dict[str, Any] | None = None, limit: int = 10,
    ) -> dict[str, Any]:
        """The passages nearest to a query, with source, place, voice, date, status and quote.
        Those that try to instruct a language model are left out and counted."""
        with _told(), limits.admit(visitor_of(request)):
            scope = api.read_filters(assistant, filters)
            return api.find_passages(assistant, query, scope, limit).model_dump(mode="json")

    def get_source(id: str, offset: int = 0, limit: int = api.PAGE) -> dict[str, Any]:
        """A source's facts and its text from an offset on. Passages that try to instruct a language
        model are blank and listed."""
        with _told():
            return api.get_source(assistant, id, offset, limit).model_dump(mode="json")

    for function in (ask, find_passages, get_source):
        gr.api(function, api_name=function.__name__)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except AssistantError as error:
        raise gr.Error(str(error), print_exception=False) from error
