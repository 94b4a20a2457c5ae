"""A real Chroma server on loopback, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from assistant.index.chroma import Server
from assistant.settings import ServerAddress

_SECONDS_TO_START = 60.0


class ChromaServer:
    """`url` is its address; `folder` is where it keeps its files and its log."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def of(self, corpus: str) -> Server:
        """What the settings make of the address for a corpus of that name."""
        return Server(address=ServerAddress(self.url), corpus=corpus)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def chroma_server(folder: Path, port: int) -> Iterator[ChromaServer]:
    """`chroma run`, until the end of the context."""
    folder.mkdir(exist_ok=True)
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder / "data"),
               "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("ab") as log, subprocess.Popen(
        command, stdout=log, stderr=log, env={**os.environ, "ANONYMIZED_TELEMETRY": "False"}
    ) as process:
        try:
            server = ChromaServer(folder, port)
            deadline = time.monotonic() + _SECONDS_TO_START
            while not _answers(server.url):
                assert process.poll() is None and time.monotonic() < deadline, folder / "log"
                time.sleep(0.05)
            yield server
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v2/heartbeat", timeout=1).is_success
    except httpx.TransportError:
        return False
