"""A model server on loopback that writes supported sentences, then ends or goes on for long."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_SAID = (
    "In paragraph 23 of the Bucharest Declaration, NATO's leaders agree that Ukraine and Georgia "
    '"will become members of NATO". [S1] '
    "Paragraph 23 of the Bucharest Declaration names the Membership Action Plan (MAP) as the next "
    "step for Ukraine and Georgia on their direct way to membership. [S2] "
)
_ON = "And on " * 300
_USAGE = {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366}


class _Writer(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        listed = json.dumps({"object": "list", "data": [{"id": "slow"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(listed)))
        self.end_headers()
        self.wfile.write(listed)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for word in (_SAID + ("" if self.server.ends else _ON)).split(" "):
                self.wfile.write(_chunk([_choice(f"{word} ")]))
                self.wfile.flush()
                time.sleep(0.05)
            self.wfile.write(_chunk([], _USAGE) + b"data: [DONE]\n\n")
        except OSError:
            return  # the reader stopped it

    def log_message(self, format: str, *args: object) -> None:
        pass


def _choice(words: str) -> dict[str, Any]:
    return {"index": 0, "delta": {"content": words}}


def _chunk(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
    chunk = {
        "id": "1", "object": "chat.completion.chunk", "created": 0, "model": "slow",
        "choices": choices, "usage": usage,
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    ends = False


def _listen(ports: Iterable[int]) -> _Server:
    for port in ports:
        with suppress(OSError):
            return _Server(("127.0.0.1", port), _Writer)
    raise OSError("None of the ports is free.")


@contextmanager
def slow_model(ends: bool = False, ports: Iterable[int] = (0,)) -> Iterator[str]:
    """The address of the server, on the first free one of the ports, while the block lasts; with
    `ends` it comes to an end."""
    server = _listen(ports)
    server.ends = ends
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
