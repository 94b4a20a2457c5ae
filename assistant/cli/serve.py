"""The verbs for others: `serve` a team, `mcp` a desktop program, and `users` who may come in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.shared import ModelOption, open_with_progress
from assistant.errors import AssistantError
from assistant.settings import read_settings

app = typer.Typer()
users = typer.Typer(
    no_args_is_help=True, help="Who may come in with --auth users: names, passwords, tokens."
)
app.add_typer(users, name="users")

_Name = Annotated[str, typer.Argument(help="The user's name.")]


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    auth: Annotated[
        str | None,
        typer.Option(help="Who may come in: users, users:FILE or header:NAME (set by a proxy)."),
    ] = None,
    trust: Annotated[
        str | None, typer.Option(help="Addresses of proxies to believe: 10.0.0.5,192.168.0.0/24.")
    ] = None,
    model: ModelOption = None,
) -> None:
    """Serve the page and the doors for programs, to a team if --auth says whom."""
    settings = read_settings(auth=auth, trust=trust, model=model)
    from assistant.web.access import open_access

    open_access(settings, host)  # what is wrong there is told before the index is built
    from assistant.web.server import launch

    launch(open_with_progress(settings), host, port)


@app.command()
def mcp(
    model: ModelOption = None,
) -> None:
    """Serve the corpus as tools to the program that starts this one (MCP over standard input)."""
    settings = read_settings(model=model)
    try:
        from assistant.web.tools import open_tools
    except ModuleNotFoundError as error:
        raise AssistantError(
            "MCP needs a package that is not installed.", "Install it: pip install -e '.[mcp]'"
        ) from error
    from assistant.web.limits import Limits

    open_tools(open_with_progress(settings), Limits(0, 0)).run("stdio")


@users.command()
def add(name: _Name) -> None:
    """Add a user, or change a user's password, which is asked for."""
    from assistant.users import SHORTEST_PASSWORD, add_user

    password = typer.prompt(
        f"Password ({SHORTEST_PASSWORD} characters or more)", hide_input=True,
        confirmation_prompt=True,
    )
    path = _path()
    add_user(path, name, password)
    typer.echo(f"{name} may come in. The users are in {path}.")


@users.command()
def remove(name: _Name) -> None:
    """Remove a user; sessions and token are void at once."""
    from assistant.users import remove_user

    remove_user(_path(), name)
    typer.echo(f"{name} may not come in any more.")


@users.command("list")
def list_users() -> None:
    """List the users, and who has a token."""
    from assistant.users import read_users

    for name, user in sorted(read_users(_path()).by_name.items()):
        typer.echo(f"{name}{'  (token)' if user.token else ''}")


@users.command()
def token(
    name: _Name,
    revoke: Annotated[bool, typer.Option("--revoke", help="Make the token void.")] = False,
) -> None:
    """Print a fresh token for a user's programs, once; the one before is void."""
    from assistant.users import new_token, revoke_token

    if revoke:
        revoke_token(_path(), name)
        typer.echo(f"{name} has no token any more.")
        return
    typer.echo(new_token(_path(), name))
    typer.echo("It is shown only now. Programs send it: Authorization: Bearer TOKEN", err=True)


def _path() -> Path:
    from assistant.users import users_path

    return users_path(read_settings())
