"""A shared answer as one page for whoever has the link: no script, nothing loaded, nothing else of
the conversation. All text of documents, models and readers is data and is escaped.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from assistant.answering import Assistant
from assistant.compose import say_date, say_place, say_status
from assistant.errors import RecordsError
from assistant.records import Shared, open_records
from assistant.render import (
    ABSENT,
    CHECKED,
    TEXT_KIND,
    groups,
    is_web,
    say_model,
    say_source,
    say_who,
    say_withheld,
    wording,
)
from assistant.restoring import restore
from assistant.types import Citation

PATH = "shared"
_TEMPLATE = Path(__file__).with_name("shared.html.jinja")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


def routes(assistant: Assistant) -> list[Route]:
    """Where shared answers are served; nowhere if nothing is kept."""
    records = open_records(assistant.settings)
    if not records:
        return []

    def serve(request: Request) -> Response:
        try:
            found = records.shared(request.path_params["token"])
        except RecordsError as error:
            return PlainTextResponse(error.fact, status_code=503, headers=_HEADERS)
        if found is None:
            return PlainTextResponse(
                "There is no such shared answer, or its link was revoked.", status_code=404,
                headers=_HEADERS,
            )
        return HTMLResponse(shared_html(found), headers=_HEADERS)

    return [Route(f"/{PATH}/{{token}}", serve)]


def shared_html(shared: Shared) -> str:
    """The question, the answer and its sources, when it was asked, of which model and corpus.

    Of a question that was understood with those before it, nothing is shown that may tell of them:
    neither how it was understood, nor what it takes for granted, nor the notes.
    """
    kept = shared.kept
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "around": _around, "date": say_date, "is_web": is_web, "model": say_model,
        "original": wording, "place": say_place, "source": say_source, "status": say_status,
        "who": say_who, "withheld": say_withheld,
    }
    answer = restore(kept.answer) if kept.answer else None
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        kept=kept, answer=answer, groups=list(groups(answer)) if answer else [], absent=ABSENT,
        checked=CHECKED, text_kind=TEXT_KIND,
    )


def _around(citation: Citation) -> tuple[str, str]:
    """What stands before and after the cited words in their passage."""
    text, passage = citation.passage.source.text, citation.passage.span
    return text[passage.start : citation.span.start], text[citation.span.end : passage.end]
