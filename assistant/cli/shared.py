"""What all verbs share: progress bars, notes, and how the corpus is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import AssistantError, QuestionError
from assistant.settings import Settings
from assistant.types import Answer, Scope, Turn

if TYPE_CHECKING:
    from assistant.answering import Assistant, Event


ModelOption = Annotated[
    str | None, typer.Option(help="Overrides ASSISTANT_MODEL; `quotes` uses no model.")
]


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, once there is something to show."""
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(doing, total=None)

    def show(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()


def open_with_progress(settings: Settings, rebuild: bool = False) -> Assistant:
    """Open the assistant with a progress bar on standard error while passages are written."""
    from assistant.answering import Assistant

    with progress("Indexing passages") as show:
        return Assistant.open(settings, show, rebuild)


def answer_with_status(
    assistant: Assistant, question: str, history: Sequence[Turn], scope: Scope
) -> Answer:
    """The answer; meanwhile standard error says what a model is doing, if it is a terminal."""
    from rich.console import Console

    from assistant.answering import Reading

    with Console(stderr=True).status("Searching the sources …") as status:
        def watch(events: Iterator[Event]) -> Iterator[Event]:
            for event in events:
                if isinstance(event, Reading):
                    does = "is being loaded" if event.loading else "is reading the sources"
                    status.update(f"The model {does} …")
                yield event

        assistant.watch = watch
        return assistant.ask(question, history, scope)


def keep(file: Path, written: bytes) -> None:
    """Write a file and say so on standard error."""
    try:
        file.write_bytes(written)
    except OSError as error:
        raise QuestionError(
            f"{file} cannot be written ({error.strerror}).", "Name another file with --out."
        ) from error
    typer.echo(f"Written: {file}", err=True)


def warn(notices: Sequence[str]) -> None:
    for notice in notices:
        typer.echo(f"Note: {notice}", err=True)


def fail_on(faults: Sequence[AssistantError]) -> None:
    for fault in faults:
        typer.echo(f"Error: {fault}", err=True)
    if faults:
        raise typer.Exit(1)
