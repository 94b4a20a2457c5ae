"""The verb `models`: which models there are to set, and what was measured of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.shared import progress
from assistant.errors import SettingsError
from assistant.settings import Settings, read_settings

if TYPE_CHECKING:
    from assistant.checking import Checked
    from assistant.models import Abilities
    from assistant.models.finding import LocalServer

app = typer.Typer(help="List the models there are, or check what one can do.")

# A server elsewhere in the network answers within this, in seconds.
_SECONDS = 2.0


@app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the model that is set and those that answer on this machine now."""
    if context.invoked_subcommand:
        return
    from assistant.models.finding import find_servers

    settings = read_settings()
    servers = find_servers()
    typer.echo("What ASSISTANT_MODEL can be set to:\n")
    for spec, state in _listed(settings, servers):
        told = "; ".join(filter(None, (state, _measured(settings, spec))))
        typer.echo(f"{spec}\n    {told}")  # a name alone in its line, to be copied
    typer.echo()
    if not servers:
        typer.echo(
            "No model server answers on this machine. Start one (ollama serve, LM Studio, "
            "llama-server, vllm serve), or name a file: ASSISTANT_MODEL=gguf:PATH."
        )
    typer.echo("To see what one can do: assistant models check NAME")


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="A model, named as in ASSISTANT_MODEL.")],
) -> None:
    """Ask a model a small fixed set of questions, print and keep what it can do."""
    from assistant.checking import check_model
    from assistant.models import open_model, with_model, write_abilities

    settings = read_settings()
    model = open_model(with_model(settings, name))
    if model is None:
        raise SettingsError(
            "`quotes` is no model: there is nothing to check.",
            "Name one; `assistant models` lists those that answer here.",
            variable="ASSISTANT_MODEL", value=name,
        )
    with progress(f"Checking {model.name}") as show:
        checked = check_model(model, settings, show)
    write_abilities(settings, checked.abilities)
    typer.echo(f"{model.name}\n")
    _print(list(_result(checked)))
    typer.echo(f"\n{verdict(checked.abilities)}")


def _listed(
    settings: Settings, servers: Sequence[LocalServer]
) -> Iterator[tuple[str, str]]:
    """What can be set, and in what state it is: the model that is set first."""
    from assistant.endpoints import without_password
    from assistant.models import all_abilities, name_of

    found = [spec for server in servers for spec in server.specs]
    current = settings.model.strip()
    state = _state(settings, current in found)
    yield without_password(current), f"set; {state}"
    yield from ((spec, "answers") for spec in found if spec != current)
    for server in servers:
        if server.locked:
            yield f"{server.address}#NAME", "asks for a key: ASSISTANT_API_KEY"
        elif not server.specs:
            yield f"{server.address}#NAME", "has no language model yet"
    if current != "quotes":
        yield "quotes", "no model: the sources' own sentences"
    told = {name_of(spec) for spec in (current, *found)}
    for measured in all_abilities(settings):
        if measured.spec not in told:
            is_file = measured.spec.startswith("gguf:")
            yield measured.spec, f"checked before; {'a file' if is_file else 'does not answer now'}"


def _state(settings: Settings, found: bool) -> str:
    from assistant.models import open_model
    from assistant.models.endpoint import Endpoint
    from assistant.models.finding import look
    from assistant.models.local import Local

    model = open_model(settings)
    if model is None:
        return "no model: the sources' own sentences"
    if isinstance(model, Local):
        return "a file, started when it is asked"
    if found:
        return "answers"
    assert isinstance(model, Endpoint)
    address = model.server.base_url
    if address is None:
        return "at OpenAI"
    return "answers" if look(address, _SECONDS) else "does not answer"


def _measured(settings: Settings, spec: str) -> str:
    from assistant.models import read_abilities

    measured = read_abilities(settings, spec)
    if measured is None:
        return ""
    told = [
        f"cites {measured.cites:.0%}",
        *([f"finds {measured.finds:.0%}"] if measured.finds is not None else []),
        *([f"reads {measured.reads:.0f}/s"] if measured.reads else []),
        *([f"writes {measured.writes:.0f}/s"] if measured.writes else []),
    ]
    return f"{', '.join(told)} ({measured.checked})"


def _result(checked: Checked) -> Iterator[tuple[str, str, str]]:
    """What was measured, a row each: what, how much, and what that means."""
    a = checked.abilities
    if checked.started is not None:
        yield "started", f"{checked.started:.1f} s", "until the file was loaded"
    yield "streams", _yes(checked.streams), "its text comes in pieces"
    yield "context", _number(a.context, "tokens"), "as its server tells"
    yield "reads", _number(a.reads, "tokens/s"), "a text that it has not seen"
    yield "writes", _number(a.writes, "tokens/s"), ""
    yield "cites", f"{a.cites:.0%}", "of its sentences have the mark of a source that says so"
    yield "JSON", _yes(a.schema), "keeps to a schema, with right marks"
    yield "judges", _share(a.judges), "of 12 pairs of a true and a false statement put in order"
    yield "finds", _share(a.finds), "of 12 pairs of an answering and another text put in order"


def verdict(abilities: Abilities) -> str:
    """What the program does with such a model, in words."""
    from assistant.compose.writing import room_for

    words = round(room_for(abilities) / 6, -1)
    if abilities.capable:
        form = "in JSON" if abilities.schema else "with marks"
        use = f"It writes its answers {form}, under the prompt for capable models"
    elif abilities.chooses:
        why = "it finds them well, and reads too slowly or cites too little to write"
        use = f"It points to the quotes that answer: {why}"
    else:
        use = "It writes under the short prompt; what it says without support is withheld"
    return (
        f"{use}. It is given about {words:.0f} words of evidence. Quotes answer at once in any "
        "case. Another use can be set with ASSISTANT_MODEL_USE."
    )


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


def _share(share: float | None) -> str:
    return "not told" if share is None else f"{share:.0%}"


def _number(number: float | None, unit: str) -> str:
    return "not told" if number is None else f"{number:,.0f} {unit}"


def _print(rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    for row in rows:
        table.add_row(*row)
    Console(markup=False, emoji=False, highlight=False).print(table)
