"""A web server on loopback that serves documents and misbehaves by path.

`web.at("slow")` is the address at which it is slow; each method of `_Handler` is one way to behave.
`/page/<name>` serves what a test put into `web.pages`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import unquote

HUGE = 300_000_000
_BLOCK = b"All the words of the world. " * 40_000


class Page(NamedTuple):
    """What `/page/<name>` serves, and the headers with it."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    encoding: str = ""


class WebServer(ThreadingHTTPServer):
    """`asked` are the paths in the order of arrival, `hosts` the Host headers with them.

    `at_once` is the most requests that were under way at one time, `sent` the bytes of a huge body
    that its client took.
    """

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        self.times: list[float] = []
        self.hosts: list[str] = []
        self.agents: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.sent = 0
        self.at_once = 0
        self.under_way = 0
        self.lock = threading.Lock()
        self.stopped = threading.Event()

    def at(self, behaviour: str) -> str:
        """The address at which the server behaves so."""
        return f"http://127.0.0.1:{self.server_port}/{behaviour}"

    def serve(self, name: str, body: bytes, content_type: str = "text/html; charset=utf-8") -> str:
        """Serve a page and return its address."""
        self.pages[name] = Page(body, content_type)
        return self.at(f"page/{name}")

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hangs up is what the tests are about


@contextmanager
def web_server() -> Iterator[WebServer]:
    """The server while the block lasts; at its end every answer still under way is cut."""
    server = WebServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: WebServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server, self.close_connection = self.server, True
        with server.lock:
            server.asked.append(self.path)
            server.times.append(time.monotonic())
            server.hosts.append(str(self.headers["Host"]))
            server.agents.add(str(self.headers["User-Agent"]))
            server.counts[self.path] += 1
            server.under_way += 1
            server.at_once = max(server.at_once, server.under_way)
        behaviour, _, self.rest = self.path[1:].partition("/")
        try:
            getattr(self, f"_{behaviour}")()
        except OSError:
            pass
        finally:
            with server.lock:
                server.under_way -= 1

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _page(self) -> None:
        """Serve what the test put there."""
        page = self.server.pages[self.rest]
        self._head(200, page.content_type, len(page.body), page.encoding)
        self.wfile.write(page.body)

    def _status(self) -> None:
        """Refuse with the status in the path."""
        self._head(int(self.rest), "text/plain", 0)

    def _busy(self) -> None:
        """503 with Retry-After in seconds the first time, the page then."""
        self._unavailable("1")

    def _dated(self) -> None:
        """503 with Retry-After as a date the first time, the page then."""
        self._unavailable(formatdate(time.time() + 1.5, usegmt=True))

    def _tomorrow(self) -> None:
        """503 and a wait that nobody has time for."""
        self.server.counts[self.path] = 1
        self._unavailable("86400")

    def _unavailable(self, wait: str) -> None:
        if self.server.counts[self.path] > 1:
            return self._page()
        self.send_response(503)
        self.send_header("Retry-After", wait)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _slow(self) -> None:
        """Take the request, never answer."""
        self.server.stopped.wait()

    def _drip(self) -> None:
        """Send the head letter by letter, so that no read ever times out."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Letters: ")
        while not self.server.stopped.wait(0.05):
            self.wfile.write(b"a")

    def _cut(self) -> None:
        """Close the connection in the middle of the body."""
        self._head(200, "text/html", 10_000)
        self.wfile.write(b"<html><body><p>The parties")

    def _loop(self) -> None:
        """Lead to itself."""
        self._lead(self.path)

    def _to(self) -> None:
        """Lead to the address in the path."""
        self._lead(unquote(self.rest))

    def _huge(self) -> None:
        """Send 300 MB, without saying so."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        while self.server.sent < HUGE and not self.server.stopped.is_set():
            self.wfile.write(_BLOCK)
            self.server.sent += len(_BLOCK)

    def _announced(self) -> None:
        """Say that 300 MB follow."""
        self._head(200, "text/plain", HUGE)
        self.server.stopped.wait()

    def _lead(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _head(self, status: int, content_type: str, length: int, encoding: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
