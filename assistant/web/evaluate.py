"""The tab "Evaluate": test prompts put to language models, watched while they run, and the report.

A run takes the machine for minutes and may cost money, so that without a setting only a page that
is served to its own machine, to nobody else, has the tab. What was answered is kept: a run that is
stopped, or whose page is closed, is gone on with.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from html import escape
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import gradio as gr

from assistant.answering import Assistant
from assistant.errors import AssistantError, PromptError
from assistant.evaluation.report import REPORT, write_report
from assistant.evaluation.running import Progress, Run, evaluate, folder_of
from assistant.evaluation.suite import BUNDLED, open_suite
from assistant.settings import Settings
from assistant.web import answers, models
from assistant.web.access import visitor_of
from assistant.web.filters import QUICK

TAB = "evaluate"
_PAUSE = 0.3  # seconds between two looks at how far a run is
# The report is in the page already: the browser makes the file of it.
_SAVE = """() => {
  const frame = document.querySelector("#report iframe");
  if (!frame) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([frame.srcdoc], { type: "text/html" }));
  link.download = "report.html";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""

_log = logging.getLogger(__name__)


class Told(NamedTuple):
    """How far a run is; both are numbers of answers."""

    done: int
    total: int


class _Stopped(Exception):
    pass


def is_shown(settings: Settings, host: str) -> bool:
    """Whether the page has the tab, `host` being the address that it is served at."""
    alone = models.is_loopback(host) and not settings.auth
    return settings.eval == "on" or (settings.eval == "auto" and alone)


def fill_tab(assistant: Assistant, tab: gr.Tab, host: str) -> None:
    """The components of the tab and what they do."""
    settings = assistant.settings
    configured = models.configured(settings)
    with gr.Row(elem_id="evaluation"):
        suite = gr.Dropdown(
            suites(), value=BUNDLED, label="Test prompts", elem_id="suite",
            allow_custom_value=models.is_loopback(host),
            info="Or the path of a YAML file or folder of your own" if models.is_loopback(host)
            else None,
        )
        asked = gr.CheckboxGroup(
            models.choices(tuple(dict.fromkeys(("quotes", configured)))), value=[configured],
            label="Language models", elem_id="asked-models",
        )
    with gr.Row(elem_id="evaluation-buttons"):
        start = gr.Button("Run", variant="primary", size="sm", elem_id="evaluate-run")
        stop = gr.Button("Stop", size="sm", elem_id="evaluate-stop", visible=False)
        save = gr.Button("Save the report", size="sm", elem_id="evaluate-save", visible=False)
    told = gr.HTML("", elem_id="evaluation-told")
    report = gr.HTML("", elem_id="report")
    stopping = Event()

    def run(suite: str, names: list[str], request: gr.Request) -> Iterator[tuple[Any, ...]]:
        free = visitor_of(request).near
        yield _told("Reading the test prompts …"), gr.skip(), *_buttons(running=True)
        try:
            chosen = [models.choose(settings, name, free) for name in names]
            said = _told("Stopped. What was answered is kept: run again to go on.")
            for event in asking(assistant, _allowed(suite, free), chosen, stopping):
                if isinstance(event, Run):
                    said = ""
                else:
                    yield progress_html(event), gr.skip(), *_buttons(running=True)
        except AssistantError as error:
            said = models.fault_html(error)
        except Exception:
            _log.exception("An evaluation ended because of a bug.")
            said = answers.bug_html()
        shown = report_html(settings, suite)
        yield said, shown, *_buttons(running=False, report=bool(shown))

    def end() -> str:
        stopping.set()
        return _told("Stopping after this answer …")

    def opened(suite: str, request: gr.Request) -> tuple[Any, ...]:
        free = visitor_of(request).near
        shown = report_html(settings, suite) if free or suite in dict(suites()).values() else ""
        return (gr.update(choices=models.choices(models.offered(settings))), shown,
                gr.update(visible=bool(shown)))

    start.click(
        run, [suite, asked], [told, report, start, stop, save], show_progress="hidden",
        concurrency_limit=1, concurrency_id="evaluating", api_visibility="private",
    )
    stop.click(end, None, told, **QUICK)
    save.click(None, None, None, js=_SAVE, api_visibility="private")
    gr.on([tab.select, suite.input], opened, suite, [asked, report, save], **QUICK)


def suites() -> list[tuple[str, str]]:
    """(shown, spec) of the bundled test prompts and of each of their groups."""
    groups = open_suite()
    count = sum(len(group.prompts) for group in groups)
    return [(f"All bundled ({count})", BUNDLED)] + [
        (f"{group.title} ({len(group.prompts)})", group.name) for group in groups
    ]


def asking(
    assistant: Assistant, suite: str, names: Sequence[str], stopping: Event
) -> Iterator[Told | Run]:
    """How far the run is, at most a few times a second, then the run; its report is written.

    Ends without one soon after `stopping` is set, as closing it does. Raises AssistantError.
    """
    if not names:
        raise PromptError("No language model is picked.", "Pick at least one.", template=suite)
    groups = open_suite(suite)
    folder = folder_of(assistant.settings, suite)

    def work(progress: Progress) -> Run:
        run = evaluate(
            assistant, groups, tuple(dict.fromkeys(names)), folder, progress=progress
        )
        write_report(run, folder, suite)
        return run

    yield from _watched(work, stopping)


def _watched(work: Callable[[Progress], Run], stopping: Event) -> Iterator[Told | Run]:
    latest: deque[Told] = deque(maxlen=1)
    stopping.clear()

    def tell(done: int, total: int) -> None:
        if stopping.is_set():
            raise _Stopped
        latest.append(Told(done, total))

    pool = ThreadPoolExecutor(max_workers=1)
    future = pool.submit(work, tell)
    pool.shutdown(wait=False)
    try:
        while not wait([future], timeout=_PAUSE).done:
            if latest:
                yield latest.pop()
        yield future.result()
    except _Stopped:
        return
    finally:
        stopping.set()


def progress_html(told: Told) -> str:
    return (
        f'<p class="quiet" role="status"><progress value="{told.done}" max="{told.total}">'
        f"</progress> {told.done} of {told.total} answers</p>"
    )


def report_html(settings: Settings, suite: str) -> str:
    """The last report over a suite in a frame without scripts; nothing if there is none."""
    file = folder_of(settings, suite) / REPORT
    if not file.is_file():
        return ""
    made = datetime.fromtimestamp(file.stat().st_mtime)
    document = escape(file.read_text(encoding="utf-8"))
    return (
        f'<p class="quiet">Report of {made:%-d %B %Y, %H:%M}</p>'
        '<iframe title="Report" sandbox="allow-popups allow-popups-to-escape-sandbox" '
        f'srcdoc="{document}"></iframe>'
    )


def _allowed(suite: str, free: bool) -> str:
    """A path is taken only from who sits at the machine. Raises PromptError."""
    if free or suite in dict(suites()).values():
        return suite
    raise PromptError(
        f"This page does not offer the test prompts {Path(suite).name!r}.",
        "Pick one of the list.", template=suite,
    )


def _buttons(*, running: bool, report: bool = False) -> tuple[Any, ...]:
    """New values of the buttons to run, to stop and to save."""
    save = gr.skip() if running else gr.update(visible=report)
    return gr.update(interactive=not running), gr.update(visible=running), save


def _told(text: str) -> str:
    return f'<p class="quiet" role="status">{escape(text)}</p>'
