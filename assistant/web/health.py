"""`/health`: whether questions can be answered; `/metrics`: how many were, for Prometheus.

Neither tells what was asked.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from assistant.answering import Assistant, Event, Finished
from assistant.errors import AssistantError
from assistant.index import is_whole
from assistant.web.access import Access
from assistant.web.models import at_the_machine, is_loopback
from assistant.web.replies import refusal

# Upper bounds in seconds: quotes come in hundredths, a model on a small machine takes minutes.
_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """Counts since the start. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._buckets = [0] * len(_BOUNDS)
        self._seconds = 0.0
        self._under_way = 0

    def watch(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events; their end is counted, also where the reader stopped them."""
        start, outcome, error = time.perf_counter(), "stopped", ""
        with self._lock:
            self._under_way += 1
        try:
            for event in events:
                if isinstance(event, Finished):
                    outcome = event.answer.outcome
                yield event
        except AssistantError as failure:
            error = type(failure).__name__
            raise
        except Exception:
            error = "bug"
            raise
        finally:
            self._end(time.perf_counter() - start, outcome, error)

    def _end(self, seconds: float, outcome: str, error: str) -> None:
        with self._lock:
            self._under_way -= 1
            if error:
                self._errors[error] += 1
                return
            self._outcomes[outcome] += 1
            self._seconds += seconds
            for place, bound in enumerate(_BOUNDS):
                self._buckets[place] += seconds <= bound

    def text(self) -> str:
        with self._lock:
            asked = self._outcomes.total()
            lines = [
                *_counter("questions_total", "Questions by outcome.", "outcome", self._outcomes),
                *_counter("errors_total", "Questions that failed, by kind.", "kind", self._errors),
                *_head("questions_in_flight", "Questions under way.", "gauge"),
                f"assistant_questions_in_flight {self._under_way}",
                *_head("question_seconds", "Seconds from a question to its end.", "histogram"),
                *(f'assistant_question_seconds_bucket{{le="{bound}"}} {count}'
                  for bound, count in zip(_BOUNDS, self._buckets, strict=True)),
                f'assistant_question_seconds_bucket{{le="+Inf"}} {asked}',
                f"assistant_question_seconds_sum {self._seconds:.4f}",
                f"assistant_question_seconds_count {asked}",
            ]
        return "\n".join(lines) + "\n"


def routes(assistant: Assistant, access: Access, metrics: Metrics) -> list[Route]:
    def health(request: Request) -> Response:
        state = _index_state(assistant)
        told = {
            "status": "unavailable" if state == "missing" else "ok", "index": state,
            "sources": len(assistant.corpus.sources), "passages": len(assistant.index.passages),
            "corpus_version": assistant.corpus.version,
        }
        return JSONResponse(told, 503 if state == "missing" else 200)

    def measured(request: Request) -> Response:
        here = request.client is not None and is_loopback(request.client.host)
        if not access.closed and not (here and at_the_machine("127.0.0.1", request.headers)):
            return refusal(403, "Figures are shown at the machine itself, or to who logs in.")
        return PlainTextResponse(
            metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    return [Route("/health", health), Route("/metrics", measured)]


def _index_state(assistant: Assistant) -> str:
    folder = assistant.settings.index_folder
    if not (folder / "manifest.json").is_file():
        return "missing"
    return "whole" if is_whole(folder, assistant.index.embedding) else "updating"


def _counter(name: str, help: str, label: str, counts: Mapping[str, int]) -> list[str]:
    rows = [f'assistant_{name}{{{label}="{key}"}} {n}' for key, n in sorted(counts.items())]
    return [*_head(name, help, "counter"), *rows]


def _head(name: str, help: str, kind: str) -> list[str]:
    return [f"# HELP assistant_{name} {help}", f"# TYPE assistant_{name} {kind}"]
