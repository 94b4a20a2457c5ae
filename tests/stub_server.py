"""A model server on loopback that speaks OpenAI's protocol and misbehaves by path.

`stub.at("stall")` is the address of a server that stalls; each method of `_Handler` is one way to
behave, those with `_embed` where vectors are asked for.
"""

from __future__ import annotations

import json
import math
import re
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, TypeVar

RETRY_AFTER = 0.2
# So few characters that a mark such as `[S1]` never comes in one piece.
_PIECE = 3
_PAUSE = 0.002
# More characters than this are too long for `narrow`.
NARROW = 600
# And than this for `short`.
SHORT = 1_500
# What `/ok` says that it counted.
COUNTED = (120, 34)

T = TypeVar("T")
_Rows = list[dict[str, Any]]


class Request(NamedTuple):
    """What a client sent; names of headers in small letters."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class StubServer(ThreadingHTTPServer):
    """`text` is what `/ok` writes, `turns` what `/turns` does, one after the other; `requests` is
    all that was asked, in order.

    `listing` is the status and body of its list of models; with `None` it never answers. `pages`
    are what else it tells, by path.
    `dimension` is that of its vectors; after `most` texts it embeds none. `left` is set once a
    client has hung up before the end. A handler waits on `stopped` where a bad server would keep
    its client waiting, so that the end of the test ends it.
    """

    daemon_threads = False

    def __init__(self, text: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.text = text
        self.turns: list[str] = []
        self.listing: tuple[int, str] | None = (200, '{"object": "list", "data": [{"id": "stub"}]}')
        self.pages: dict[str, object] = {}
        self.dimension = 64
        self.most: int | None = None
        self.requests: list[Request] = []
        self.left = threading.Event()
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def at(self, behaviour: str) -> str:
        """The base address at which the server behaves so."""
        return f"{self.url}/{behaviour}/v1"


@contextmanager
def stub_server(text: str = "") -> Iterator[StubServer]:
    """The server while the block lasts; at its end every answer still under way is cut."""
    server = StubServer(text)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def bounded(work: Callable[[], T], stub: StubServer, seconds: float = 6.0) -> T:
    """The result of `work`, which must end by itself; if not, the stub is stopped to end it."""
    watch = threading.Timer(seconds, stub.stopped.set)
    watch.start()
    try:
        result = work()
    finally:
        watch.cancel()
    assert not stub.stopped.is_set(), f"it had not ended by itself after {seconds:g} s"
    return result


class _Handler(BaseHTTPRequestHandler):
    server: StubServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Tell which models there are, at `/v1/models`, and what `pages` hold."""
        self.close_connection = True
        try:
            if self.path in self.server.pages:
                body = json.dumps(self.server.pages[self.path])
                self._whole(200, "application/json", body.encode())
            elif not self.path.endswith("/v1/models"):
                self._whole(404, "text/html", b"<!doctype html><title>Not found</title>")
            elif self.server.listing is None:
                self._silent()
            else:
                status, body = self.server.listing
                self._whole(status, "application/json", body.encode())
        except OSError:
            self.server.left.set()

    def do_POST(self) -> None:
        if self.path in self.server.pages:
            self.do_GET()
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(Request(self.path, headers, body))
        self.close_connection = True
        behaviour = self.path.split("/")[1]
        try:
            if behaviour in _REFUSALS:
                self._refuse(*_REFUSALS[behaviour])
            elif self.path.endswith("/embeddings"):
                self._embed(behaviour, body["input"])
            else:
                getattr(self, f"_{behaviour}")()
        except OSError:
            self.server.left.set()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _ok(self) -> None:
        """Write the text in small pieces and say that it is the end."""
        self._begin()
        self._say(self.server.text)

    def _turns(self) -> None:
        """Write another text each time."""
        self._begin()
        self._say(self.server.turns[len(self.server.requests) - 1])

    def _picky(self) -> None:
        """Take none of the options that newer models of OpenAI no longer take."""
        for option in ("max_tokens", "temperature", "stream_options"):
            if option in self.server.requests[-1].body:
                self._refuse(400, "unsupported_parameter", f"Unsupported parameter: '{option}'.")
                return
        self._ok()

    def _busy(self) -> None:
        """Take no request the first time."""
        if len(self.server.requests) == 1:
            self._refuse(*_REFUSALS["429"])
        else:
            self._ok()

    def _short(self) -> None:
        """Have room for few characters."""
        if len(self.server.requests[-1].body["messages"][-1]["content"]) > SHORT:
            self._refuse(*_REFUSALS["context"])
        else:
            self._ok()

    def _counting(self) -> None:
        """Write the text and count its tokens: 20 read, 3 written."""
        self._begin()
        self._write_pieces(self.server.text)
        usage = {"prompt_tokens": 20, "completion_tokens": 3, "total_tokens": 23}
        counted = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "stub",
                   "choices": [], "usage": usage}
        self._send(f"data: {json.dumps(counted)}\n\n".encode())
        self._end()

    def _unsure(self) -> None:
        """Say in one word what is likely: yes at 60, no at 20, capitals counted in, of 100."""
        likely = [("Yes", 0.5), (" yes", 0.1), ("No", 0.2), ("Perhaps", 0.1)]
        tops = [{"token": word, "logprob": math.log(share)} for word, share in likely]
        self._one_word({"content": [
            {"token": "Yes", "logprob": math.log(0.5), "top_logprobs": tops}
        ]})

    def _plain(self) -> None:
        """The same without telling what is likely."""
        self._one_word(None)

    def _one_word(self, logprobs: dict[str, Any] | None) -> None:
        choice = {"index": 0, "finish_reason": "length", "logprobs": logprobs,
                  "message": {"role": "assistant", "content": "Yes"}}
        body = {"id": "1", "object": "chat.completion", "created": 0, "model": "stub",
                "choices": [choice]}
        self._whole(200, "application/json", json.dumps(body).encode())

    def _embed(self, behaviour: str, texts: list[str]) -> None:
        change = getattr(self, f"_embed_{behaviour}", None)
        if change is None:  # it answers alike, whatever it is asked
            getattr(self, f"_{behaviour}")()
            return
        rows = [
            {"object": "embedding", "index": place, "embedding": self._vector(text)}
            for place, text in enumerate(texts)
        ]
        asked = sum(len(request.body["input"]) for request in self.server.requests)
        flaking = behaviour == "flaky" and len(self.server.requests) % 2
        if behaviour == "narrow" and max(map(len, texts)) > NARROW:
            self._refuse(*_REFUSALS["context"])
        elif flaking or self.server.most is not None and asked > self.server.most:
            self._refuse(*_REFUSALS["500"])
        else:
            body = {"object": "list", "model": "stub", "data": change(rows)}
            self._whole(200, "application/json", json.dumps(body).encode())

    def _vector(self, text: str) -> list[float]:
        """Texts that share beginnings of words are near one another; the length is not 1."""
        vector = [0.1] * self.server.dimension
        for word in re.findall(r"\w{2,5}", text.lower()):
            vector[zlib.crc32(word.encode()) % self.server.dimension] += 3.0
        return vector

    def _embed_ok(self, rows: _Rows) -> _Rows:
        return rows

    _embed_narrow = _embed_ok  # unless a text is too long
    _embed_flaky = _embed_ok  # every second time

    def _embed_turned(self, rows: _Rows) -> _Rows:
        """Send the last vector first."""
        return rows[::-1]

    def _embed_fewer(self, rows: _Rows) -> _Rows:
        return rows[1:]

    def _embed_doubled(self, rows: _Rows) -> _Rows:
        """Send the first vector in place of the last."""
        return [*rows[:-1], rows[0]]

    def _embed_ragged(self, rows: _Rows) -> _Rows:
        return [*rows[:-1], {**rows[-1], "embedding": rows[-1]["embedding"][1:]}]

    def _embed_zeros(self, rows: _Rows) -> _Rows:
        return [{**row, "embedding": [0.0] * len(row["embedding"])} for row in rows]

    def _embed_nan(self, rows: _Rows) -> _Rows:
        return [{**row, "embedding": [math.nan, *row["embedding"][1:]]} for row in rows]

    def _embed_huge(self, rows: _Rows) -> _Rows:
        return [{**row, "embedding": [1e300] * len(row["embedding"])} for row in rows]

    def _embed_oddjson(self, rows: _Rows) -> _Rows:
        """Send what are no vectors."""
        return [{"index": 0, "embedding": {"a": 1}}, {}]

    def _empty(self) -> None:
        """Say at once that it is the end."""
        self._begin()
        self._say("")

    def _stall(self) -> None:
        """Write one piece, then nothing."""
        self._begin()
        self._piece("Article")
        self.server.stopped.wait()

    def _silent(self) -> None:
        """Take the request, never answer."""
        self.server.stopped.wait()

    def _pings(self) -> None:
        """Show that the line is open, as proxies do, but write no word."""
        self._begin()
        while not self.server.stopped.wait(0.2):
            self._send(b": still working\n\n")

    def _garbage(self) -> None:
        """Be the page of some other program."""
        self._whole(200, "text/html", b"<!doctype html><title>Router</title><h1>Log in</h1>")

    def _badjson(self) -> None:
        """Write an event that is not JSON."""
        self._begin()
        self._send(b'data: {"choices": [{"delta": \n\n')
        self._end()

    def _oddjson(self) -> None:
        """Write JSON that is no piece of a chat."""
        self._begin()
        self._send(b'data: {"choices": [{"delta": null}]}\n\n')
        self._end()

    def _failing(self) -> None:
        """Report an error in the middle of the stream."""
        self._begin()
        self._piece("Article")
        self._send(b'data: {"error": {"message": "out of memory", "type": "server_error"}}\n\n')
        self._end()

    def _cut(self) -> None:
        """Close the connection in the middle of a piece."""
        self._begin()
        self._piece("Article")
        self.wfile.write(b"ff\r\ndata: ")

    def _endless(self) -> None:
        """Write one word after the other."""
        self._begin()
        while not self.server.stopped.wait(_PAUSE):
            self._piece("and ")

    def _babble(self) -> None:
        """Write one sentence after the other."""
        self._begin()
        while not self.server.stopped.is_set():
            self._write_pieces("Nobody knows what this is. ")

    def _refuse(self, status: int, code: str, message: str) -> None:
        # OpenAI repeats a refused key in its message
        message += f" You sent: {self.headers['Authorization']}."
        error = {"message": message, "type": "invalid_request_error", "code": code}
        self._whole(status, "application/json", json.dumps({"error": error}).encode())

    def _whole(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        if status == 429:
            self.send_header("Retry-After", str(RETRY_AFTER))
        self.end_headers()
        self.wfile.write(content)

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()

    def _say(self, text: str) -> None:
        """The text as OpenAI sends it: a first chunk without words, a last one with the reason."""
        self._chunk({"role": "assistant", "content": ""})
        self._write_pieces(text)
        self._chunk({}, finish="stop")
        if self.server.requests[-1].body.get("stream_options", {}).get("include_usage"):
            self._count()
        self._end()

    def _count(self) -> None:
        """A last chunk without choices."""
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        usage = dict(zip(names, (*COUNTED, sum(COUNTED)), strict=True))
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "stub",
                 "choices": [], "usage": usage}
        self._send(f"data: {json.dumps(chunk)}\n\n".encode())

    def _write_pieces(self, text: str) -> None:
        for start in range(0, len(text), _PIECE):
            self._piece(text[start : start + _PIECE])

    def _piece(self, text: str) -> None:
        self._chunk({"content": text})

    def _chunk(self, delta: Mapping[str, str], finish: str | None = None) -> None:
        chunk = {
            "id": "1", "object": "chat.completion.chunk", "created": 0, "model": "stub",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        self._send(f"data: {json.dumps(chunk)}\n\n".encode())

    def _send(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _end(self) -> None:
        self._send(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")


_REFUSALS = {
    "401": (401, "invalid_api_key", "Incorrect API key."),
    "404": (404, "model_not_found", "The model does not exist."),
    "429": (429, "rate_limit_exceeded", "Too many requests."),
    "500": (500, "server_error", "The server failed."),
    "context": (400, "context_length_exceeded", "Maximum context length is 512 tokens."),
    "parameter": (400, "unsupported_parameter", "Unsupported parameter: 'max_tokens'."),
}
