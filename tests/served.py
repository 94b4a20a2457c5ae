"""The whole application on a free port of loopback, served from within the tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

from starlette.applications import Starlette

from assistant import users
from assistant.answering import Assistant
from assistant.users import add_user, new_token, users_path

NAMES = ("anna", "boris", "clara")
PASSWORD = "correct horse battery"
# Proxies are played by the tests, on this machine.
FROM_AFAR = {"X-Forwarded-For": "203.0.113.7"}


class Served(NamedTuple):
    """`tokens` are the users' by name, where there are users."""

    url: str
    app: Starlette
    assistant: Assistant
    tokens: dict[str, str]

    def as_user(self, name: str) -> dict[str, str]:
        """The headers of a program of that user's."""
        return {"Authorization": f"Bearer {self.tokens[name]}"}


@contextmanager
def served(assistant: Assistant, **settings: object) -> Iterator[Served]:
    """With other settings than the assistant's own; three users where they say `auth`."""
    changed = assistant.settings.model_copy(update=settings)
    own = Assistant(assistant.corpus, assistant.index, None, changed)
    tokens = {}
    with patch.object(users, "_COSTS", (1 << 10, 8, 1)):  # what a hash costs is no matter here
        for name in NAMES if changed.auth else ():
            add_user(users_path(changed), name, PASSWORD)
            tokens[name] = new_token(users_path(changed), name)
    with ThreadPoolExecutor() as apart:  # where no other loop runs, such as Playwright's
        app = apart.submit(asyncio.run, _application(own)).result()
    with listening(app) as url:
        yield Served(url, app, own, tokens)


async def _application(assistant: Assistant) -> Starlette:
    """Within an event loop: Gradio leaves one behind open wherever there is none."""
    from assistant.web.server import application

    return application(assistant, "127.0.0.1")


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """The address of an application while the block lasts."""
    from assistant.web.server import Server, listen

    socket = listen("127.0.0.1", 0)
    server = Server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        socket.close()
