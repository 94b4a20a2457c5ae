"""How long a reader waits: `python -m tests.bench.latency`, over the bundled corpus.

Prints a table: answers without a model in process from a warm index and their parts, `assistant
ask` as a whole process, and the page from its start to its first reply, each beside its limit.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from assistant.answering import Assistant
from assistant.settings import PREFIX, read_settings
from tests.browser.conftest import free_port

ROOT = Path(__file__).parents[2]
ROUNDS = 10
RUNS = 5
_PAGE_SECONDS = 120

QUESTIONS = (
    "What did Russia ask about the 1997 Founding Act?",
    "What does Article 5 of the North Atlantic Treaty say?",
    "How many tanks does the CFE Treaty allow each group?",
    "What does Article 4 of Russia's draft agreement with NATO say?",
    "Did NATO promise membership to Ukraine and Georgia in 2008?",
    "How did the United States reply to Russia's proposals in January 2022?",
    "What did NATO offer on transparency and arms control?",
    "What does the Istanbul Charter say about the right to choose alliances?",
    "What is indivisible security according to Lavrov?",
    "What does the Astana Declaration say about spheres of influence?",
    "Which steps did the Minsk package of measures set for the ceasefire?",
    "What did Security Council resolution 2202 endorse?",
    "What does Russia's draft treaty with the United States say about nuclear weapons abroad?",
    "What did Russia criticise in the American reply of February 2022?",
    "What does Korybko write about the CFE Treaty?",
    "Who may withdraw from the North Atlantic Treaty and after how long?",
    "What did NATO and Russia say about permanent stationing of combat forces?",
    "Which missiles would Russia's drafts have banned?",
    "Is the Founding Act legally binding?",
    "What did Russia demand about NATO enlargement?",
    "What was said about local elections in Donetsk and Luhansk?",
    "How many helicopters may each group of States hold under the CFE Treaty?",
    "What military exercises would be limited by Russia's draft agreement?",
    "What did the OSCE states agree about strengthening their security at others' expense?",
    "Что Россия предлагала про Основополагающий акт 1997 года?",
)

Seconds = list[float]


class Watched:
    """Stands before an object and remembers how long each call of one of its methods took."""

    def __init__(self, inner: Any, method: str) -> None:
        self._inner = inner
        self._method = method
        self.seconds: Seconds = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self.timed(found) if name == self._method else found

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds.append(time.perf_counter() - start)

        return wrapped


def answers(assistant: Assistant) -> dict[str, Seconds]:
    """Seconds of each answer and of its parts, warm."""
    for question in QUESTIONS:
        assistant.ask(question)
    index: Any = assistant.index
    parts = {
        "embed": Watched(index._embedder, "embed"),
        "Chroma search": Watched(index, "_nearest"),
        "BM25": Watched(index, "bm25"),
    }
    index._embedder = parts["embed"]
    index._nearest = parts["Chroma search"].timed(index._nearest)
    index.bm25 = parts["BM25"].timed(index.bm25)
    whole: Seconds = []
    taken: dict[str, Seconds] = {name: [] for name in parts}
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            for watched in parts.values():
                watched.seconds.clear()
            index._vector.cache_clear()  # as if nobody had asked this before
            index._dense.cache_clear()
            start = time.perf_counter()
            assistant.ask(question)
            whole.append(time.perf_counter() - start)
            for name, watched in parts.items():
                taken[name].append(sum(watched.seconds))
    rest = [all_ - sum(some) for all_, *some in zip(whole, *taken.values(), strict=True)]
    return {"quotes answer": whole, **taken, "rest": rest}


def ask_process(environment: dict[str, str]) -> Seconds:
    """Seconds of `assistant ask` from start to end; the index is there already."""
    taken = []
    for question in QUESTIONS[:RUNS]:
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "assistant", "ask", question],
            cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL,
        )
        taken.append(time.perf_counter() - start)
    return taken


def page_start(environment: dict[str, str]) -> float:
    """Seconds from starting `app.py` to the first reply of the page."""
    port = free_port()
    start = time.perf_counter()
    with running([sys.executable, str(ROOT / "app.py"), "--port", str(port)], environment):
        while time.perf_counter() - start < _PAGE_SECONDS:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as reply:
                    if reply.status == 200:
                        return time.perf_counter() - start
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.02)
    raise SystemExit(f"No page after {_PAGE_SECONDS} s.")


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    program = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        program.terminate()
        program.wait(timeout=20)


def row(name: str, figures: str, limit: str = "") -> None:
    print(f"| {name} | {figures} | {limit} |")


def in_process(seconds: Seconds) -> str:
    p95 = quantiles(seconds, n=20)[-1]
    return f"p50 {median(seconds) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for variable in [v for v in os.environ if v.startswith(PREFIX)]:
            del os.environ[variable]
        environment = {**os.environ, "ASSISTANT_HOME": folder, "ASSISTANT_MODEL": "quotes"}
        assistant = Assistant.open(read_settings(home=Path(folder), model="quotes"))
        passages = len(assistant.index.passages)
        measured = answers(assistant)
        count = len(measured["quotes answer"])
        print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, load "
              f"{os.getloadavg()[0]:.1f}, {passages} passages, {count} answers to "
              f"{len(QUESTIONS)} questions\n")
        print("| what | measured | limit |\n|---|---|---|")
        for name, seconds in measured.items():
            whole = name == "quotes answer"
            row(name if whole else f"– {name}", in_process(seconds), "30 ms" if whole else "")
        runs = ask_process(environment)
        row("`assistant ask`, whole process", f"median of {RUNS}: {median(runs):.2f} s", "3 s")
        row("`python app.py` to HTTP 200", f"{page_start(environment):.2f} s", "8 s")


if __name__ == "__main__":
    main()
