"""A model server on loopback that writes two supported sentences, then goes on for long."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_SAID = (
    "In paragraph 23 of the Bucharest Declaration, NATO's leaders agree that Ukraine and Georgia "
    '"will become members of NATO". [S1] '
    "In paragraph 23 of the Bucharest Declaration, NATO's leaders agree that Ukraine and Georgia "
    '"will become members of NATO". [S1] '
) + "And on " * 300


class _Writer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for word in _SAID.split(" "):
                self.wfile.write(_chunk(f"{word} "))
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return  # the reader stopped it

    def log_message(self, format: str, *args: object) -> None:
        pass


def _chunk(text: str) -> bytes:
    chunk = {
        "id": "1", "object": "chat.completion.chunk", "created": 0, "model": "slow",
        "choices": [{"index": 0, "delta": {"content": text}}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


@contextmanager
def slow_model() -> Iterator[str]:
    """The address of the server while the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Writer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
