"""An address → its bytes.

A server is a stranger: it may be slow, send without end, or lead into the reader's own network. So
every wait, size and redirect has a limit, and connections go only to addresses that were checked.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, NamedTuple

import httpx

from assistant.corpus.readers import MAX_BYTES

_MAX_REDIRECTS = 5
_MAX_ADDRESSES = 4
# What is decoded while it streams: each packet grows a thousandfold at most, so the cap holds.
_ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
_TICK = 0.05


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds, except `size` (bytes), `characters` and `tries` (for each address).

    `total` is for all addresses of a document together, `reading` for taking its text out of it.
    """

    connect: float = 10.0
    read: float = 20.0
    total: float = 180.0
    reading: float = 60.0
    pause: float = 1.0
    backoff: float = 2.0
    longest_wait: float = 60.0
    tries: int = 3
    size: int = MAX_BYTES
    characters: int = 5_000_000
    allow_private: bool = False


class Failed(Exception):
    """Why an address gave no document, in words; becomes `Fetched.reason`.

    `wait` is what the server asks for, in seconds.
    """

    def __init__(self, reason: str, *, retry: bool = False, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry = retry
        self.wait = wait


class Download(NamedTuple):
    asked: str
    address: str
    raw: bytes
    content_type: str


class Clock:
    """The time left for one address; waiting for one's turn at a host does not use it up."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        return self.end - time.monotonic()


class Line:
    """Requests: one at a time to a host, with pauses, tries and redirects. `stop` ends them."""

    def __init__(self, limits: Limits) -> None:
        self.stop = threading.Event()
        self._limits = limits
        self._tls = httpx.create_ssl_context()
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def download(self, address: str, clock: Clock) -> Download:
        """Raises Failed once the tries are used up or would change nothing."""
        for number in range(1, self._limits.tries + 1):
            try:
                return self._follow(address, clock)
            except Failed as failed:
                wait = max(failed.wait, self._limits.backoff * 2 ** (number - 1))
                if not failed.retry or number == self._limits.tries or self.stop.is_set():
                    raise
                if wait > min(self._limits.longest_wait, clock.left()):
                    raise Failed(f"{failed.reason}; no time to wait {wait:.0f} s") from failed
                self.stop.wait(wait)
        raise AssertionError("the last try returns or raises")

    def _follow(self, address: str, clock: Clock) -> Download:
        transport = _CheckedTransport(self._tls, self._limits.allow_private)
        program = f"corpus-assistant/{version('corpus-assistant')}"
        headers = {
            "User-Agent": f"{program} (fetches official texts for a reader)",
            "Accept": "text/html, application/pdf, text/plain, */*;q=0.5",
            "Accept-Encoding": "gzip",
        }
        with httpx.Client(transport=transport, headers=headers, trust_env=False) as client:
            here = address
            for _ in range(_MAX_REDIRECTS + 1):
                result = self._request(client, _web_address(here), clock)
                if isinstance(result, Download):
                    return result._replace(asked=address)
                here = result
        raise Failed(f"it is redirected more than {_MAX_REDIRECTS} times")

    def _request(self, client: httpx.Client, url: httpx.URL, clock: Clock) -> Download | str:
        """The document, or the address that it is redirected to."""
        with self._turn(url.host, clock), _watched(clock, self.stop) as trace:
            left = max(0.01, clock.left())
            timeout = httpx.Timeout(
                min(self._limits.read, left), connect=min(self._limits.connect, left)
            )
            try:
                with client.stream(
                    "GET", url, timeout=timeout, extensions={"trace": trace}
                ) as response:
                    if response.has_redirect_location:
                        return str(url.join(response.headers["location"]))
                    _check_status(response)
                    raw = self._read(response)
                    kind = response.headers.get("content-type", "")
                    return Download(str(url), str(url), raw, kind)
            except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
                raise self._failure(error, clock) from error

    def _read(self, response: httpx.Response) -> bytes:
        encoding = response.headers.get("content-encoding", "").lower().strip()
        if encoding not in _ENCODINGS:
            raise Failed(f"it is sent compressed as {encoding!r}, which was not asked for")
        raw, most = bytearray(), self._limits.size
        announced = response.headers.get("content-length", "")
        if not (announced.isdecimal() and int(announced) > most):
            for chunk in response.iter_bytes():
                raw += chunk
                if len(raw) > most:
                    break
            else:
                return bytes(raw)
        raise Failed(f"it is larger than {most // 1_000_000} MB")

    def _failure(self, error: Exception, clock: Clock) -> Failed:
        if self.stop.is_set():
            return Failed("it was broken off")
        if clock.left() <= 0:
            return Failed(f"it takes longer than {clock.seconds:g} s")
        if isinstance(error, httpx.TimeoutException):
            return Failed(f"no word from it for {self._limits.read:g} s", retry=True)
        lasting = "CERTIFICATE_VERIFY_FAILED" in str(error) or not isinstance(
            error, httpx.NetworkError | httpx.RemoteProtocolError
        )
        return Failed(f"the connection fails ({error or type(error).__name__})", retry=not lasting)

    @contextmanager
    def _turn(self, host: str, clock: Clock) -> Iterator[None]:
        with self._lock:
            turn = self._turns[host]
        asked = time.monotonic()
        with turn:
            self.stop.wait(max(0.0, self._free_at.get(host, 0.0) - time.monotonic()))
            clock.end += time.monotonic() - asked
            if self.stop.is_set():
                raise Failed("it was broken off")
            try:
                yield
            finally:
                self._free_at[host] = time.monotonic() + self._limits.pause


def _web_address(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise Failed(f"{address[:200]!r} is no address") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Failed(f"it leads to {address[:200]!r}, which is no web address")
    return url


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status != 200:
        raise Failed(
            f"the server answers {status} {response.reason_phrase}".rstrip(),
            retry=status == 429 or status >= 500,
            wait=_retry_after(response.headers.get("retry-after", "")),
        )


def _retry_after(value: str) -> float:
    """Seconds from either form of the header; 0 for none or for nonsense."""
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return 0.0


@contextmanager
def _watched(
    clock: Clock, stop: threading.Event
) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Cut connections when time is up: a server that sends a byte a second meets no read timeout.

    Yields the callback by which httpcore tells of its connections.
    """
    lines: list[socket.socket] = []
    done = threading.Event()

    def trace(event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            lines.append(info["return_value"].get_extra_info("socket").dup())

    def watch() -> None:
        while not done.wait(_TICK):
            for line in lines if clock.left() <= 0 or stop.is_set() else ():
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield trace
    finally:
        done.set()
        watcher.join()
        for line in lines:
            line.close()


class _CheckedTransport(httpx.BaseTransport):
    """Connects to the very address that was checked, whatever the name means a moment later."""

    def __init__(self, tls: ssl.SSLContext, allow_private: bool) -> None:
        self._transport = httpx.HTTPTransport(verify=tls, trust_env=False)
        self._allow_private = allow_private

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        addresses = self._addresses(request.url)
        for number, address in enumerate(addresses, start=1):
            direct = httpx.Request(
                request.method, request.url.copy_with(host=address), headers=request.headers,
                # the certificate must still be the name's
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
            try:
                return self._transport.handle_request(direct)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise AssertionError("a name that resolves has an address")

    def close(self) -> None:
        self._transport.close()

    def _addresses(self, url: httpx.URL) -> list[str]:
        """What the host's name stands for. Raises Failed if any of it is not of the open net."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Failed(f"the host {url.host} is not found") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if not (self._allow_private or _is_open(ipaddress.ip_address(address))):
                raise Failed(f"it leads to {url.host} ({address}), which is not on the open net")
        return addresses[:_MAX_ADDRESSES]


def _is_open(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = getattr(address, "sixtofour", None) or getattr(address, "ipv4_mapped", None)
    if inner and not _is_open(inner):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
