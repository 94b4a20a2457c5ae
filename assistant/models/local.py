"""A GGUF file as a model: served on loopback by a process of its own (`serving`).

The process is started when the model is first asked, shared by all who ask, ended with the program
and started again once when it has died.
"""

from __future__ import annotations

import atexit
import difflib
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

from pydantic import SecretStr

from assistant.endpoints import Server
from assistant.errors import Refused, SettingsError, Unreachable
from assistant.models import serving
from assistant.models.endpoint import INSTEAD, Endpoint
from assistant.models.model import Prompt
from assistant.settings import Settings
from assistant.types import Tokens

PREFIX = "gguf:"
_MAGIC = b"GGUF"
# A large file on a slow disk takes minutes; longer is no start.
_START_SECONDS = 600.0
_LAST_MOMENT = 1.0
# As many files are served at once; each holds its weights in memory.
_MOST = 2
_FAULT = "error loading model:"
_STAMP = re.compile(r"^[\d.]+ [A-Z] +")

T = TypeVar("T")


def open_local(spec: str, settings: Settings) -> Local:
    """The model in the file that `gguf:PATH` names; nothing is started.

    Raises SettingsError if there is no such file, it is no GGUF file, or xllamacpp is missing.
    """
    written = spec.removeprefix(PREFIX).strip()

    def refuse(fact: str, next_step: str) -> NoReturn:
        raise SettingsError(fact, next_step, variable="ASSISTANT_MODEL", value=spec)

    if not written:
        refuse(f"{PREFIX} names no file.", "Write gguf:PATH, for example gguf:~/models/small.gguf.")
    # not resolved: download caches link from a model's name to a file with another
    path = Path(os.path.abspath(os.path.expanduser(written)))
    if not path.is_file():
        missing = f"{path} is a folder" if path.is_dir() else f"There is no file {path}"
        refuse(f"{missing}.", _files_near(path))
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        refuse(f"{path} cannot be read ({error.strerror}).", "May you read it?")
    if magic != _MAGIC:
        refuse(f"{path} is not a GGUF file.", "Was it downloaded in full? Name a .gguf file.")
    if find_spec("xllamacpp") is None:
        refuse("xllamacpp, which runs GGUF files, is missing.",
               "Install it: pip install -c constraints.txt -e '.[local]'.")
    return Local(_process(path, settings.home / "logs" / f"{path.stem}.log"), settings)


def _files_near(path: Path) -> str:
    folder = path if path.is_dir() else path.parent
    names = sorted(file.name for file in folder.glob("*.gguf")) if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=1) or names[:1]
    return f"Did you mean {PREFIX}{folder / near[0]}?" if near else "Check the path."


_processes: dict[tuple[Path, Path], Process] = {}


def _process(path: Path, log: Path) -> Process:
    """The one for this file, and for this log of it."""
    if (path, log) not in _processes:
        _processes[path, log] = Process(path, log)
    return _processes[path, log]


def _make_room(wanted: Process) -> None:
    """End the processes that were longest not asked, so that another can run."""
    others = [p for p in _processes.values() if p is not wanted and p.id]
    for process in sorted(others, key=lambda p: p.asked)[: max(0, len(others) + 1 - _MOST)]:
        process.stop()


class Local:
    """A model in a file. Its name is that of the file, without the folder."""

    def __init__(self, process: Process, settings: Settings) -> None:
        self.name = f"{PREFIX}{process.path.name}"
        self.tokens = Tokens()
        self._process = process
        self._settings = settings

    def fresh(self) -> Local:
        return Local(self._process, self._settings)

    @property
    def loaded(self) -> bool:
        return self._process.loaded

    def load(self) -> float:
        start = time.monotonic()
        self._process.running()
        return time.monotonic() - start

    def stream(self, prompt: Prompt, temperature: float = 0.0) -> Iterator[str]:
        return self._asked(lambda endpoint: endpoint.stream(prompt, temperature))

    def margin(self, prompt: Prompt) -> float:
        margin, = self._asked(lambda endpoint: iter([endpoint.margin(prompt)]))
        return margin

    def stop(self) -> None:
        """End its process, for all who ask; the next question starts it again."""
        self._process.stop()

    @property
    def process_id(self) -> int | None:
        """That of the process which serves it, unless none runs."""
        return self._process.id

    @property
    def server(self) -> Server:
        """The server that runs now, started if need be. Raises ModelError."""
        return self._server_at(self._process.running())

    def _server_at(self, running: Running) -> Server:
        return Server(
            name=self.name, base_url=running.address, model=self._process.path.name,
            key=running.key, key_variable="ASSISTANT_MODEL", kind="model", instead=INSTEAD,
            timeout=self._settings.model_timeout,
        )

    def _asked(self, ask: Callable[[Endpoint], Iterator[T]]) -> Iterator[T]:
        """What the model answers; it is asked once more if its process died before it began."""
        for last in (False, True):
            running = self._process.running()
            endpoint, begun = Endpoint(self._server_at(running)), False
            try:
                for piece in ask(endpoint):
                    begun = True
                    yield piece
                return
            except Unreachable as error:
                if not _has_died(running.child):
                    raise
                # What the reader has seen cannot be begun anew.
                if last or begun:
                    raise self._process.death(running.child) from error
            finally:
                now, more = self.tokens, endpoint.tokens
                self.tokens = Tokens(now.read + more.read, now.written + more.written)


class Running(NamedTuple):
    child: subprocess.Popen[str]
    address: str
    key: SecretStr


class Process:
    """The process that serves a file. Safe to use from several threads."""

    def __init__(self, path: Path, log: Path) -> None:
        self.path = path
        self.log = log
        self.asked = 0.0  # when, by the monotonic clock
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._running: Running | None = None
        atexit.register(self.stop)

    def running(self) -> Running:
        """The process with its model loaded; started if it does not run. Raises ModelError."""
        with self._lock:
            self.asked = time.monotonic()
            if self._running is None or self._running.child.poll() is not None:
                self.stop()
                _make_room(self)
                self._running = self._start()
            return self._running

    @property
    def loaded(self) -> bool:
        running = self._running
        return running is not None and running.child.poll() is None

    @property
    def id(self) -> int | None:
        child = self._child
        return child.pid if child and child.poll() is None else None

    def stop(self) -> None:
        """End the process, also while it loads; the next question starts it again."""
        child, self._child, self._running = self._child, None, None
        if child:
            _end(child)

    def death(self, child: subprocess.Popen[str]) -> Unreachable:
        """What is said of a process that died while it answered."""
        return Unreachable(
            f"The model {self.path.name} stopped while it answered ({self._reason(child)}).",
            f"Ask again, which starts it anew, or take a smaller model. Its log is {self.log}. "
            f"{INSTEAD}", spec=f"{PREFIX}{self.path.name}",
        )

    def _start(self) -> Running:
        key = secrets.token_urlsafe(32)
        try:
            child = self._child = self._spawn()
            address = _hand_over(child, key)
        except OSError as error:
            raise self._no_start(error.strerror or "it ended at once") from error
        if not address:
            raise self._no_start(self._reason(child))
        return Running(child, f"{address}/v1", SecretStr(key))

    def _spawn(self) -> subprocess.Popen[str]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # Threads wait for one another in a loop. Of this length it costs an idle machine nothing;
        # of the usual one, a model that shares its cores with other programs is half as fast.
        environment = {"GOMP_SPINCOUNT": "5000", **os.environ}
        with self.log.open("ab") as log:
            log.truncate(0)
            return subprocess.Popen(
                [sys.executable, "-P", serving.__file__, str(self.path)], env=environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )

    def _no_start(self, reason: str) -> Refused:
        return Refused(
            f"The model {self.path.name} cannot be loaded: {reason}.",
            f"Is the file whole, and is there memory for it? The log is {self.log}. {INSTEAD}",
            spec=f"{PREFIX}{self.path.name}",
        )

    def _reason(self, child: subprocess.Popen[str]) -> str:
        """The fault that the log tells, or how the process ended and the log's last line."""
        lines = self._lines()
        if faults := [line for line in lines if _FAULT in line]:
            return faults[-1].partition(_FAULT)[2].strip()
        status = child.poll()
        if status == -signal.SIGKILL:
            how = "the system ended it, perhaps for want of memory"
        else:
            how = f"it ended with status {status}"
        return f"{how}; {_STAMP.sub('', lines[-1])}" if lines else how

    def _lines(self) -> list[str]:
        with suppress(OSError):
            text = self.log.read_text(encoding="utf-8", errors="replace")
            return [line.strip() for line in text.splitlines() if line.strip()]
        return []


def _has_died(child: subprocess.Popen[str]) -> bool:
    """The connection breaks a moment before the process is gone."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(timeout=_LAST_MOMENT)
    return child.poll() is not None


def _hand_over(child: subprocess.Popen[str], key: str) -> str:
    """Give the key, wait for the address; empty if the process ends without one."""
    assert child.stdin and child.stdout
    limit = threading.Timer(_START_SECONDS, child.kill)
    limit.daemon = True
    limit.start()
    try:
        child.stdin.write(f"{key}\n")
        child.stdin.flush()
        address = child.stdout.readline().strip()
    finally:
        limit.cancel()
        child.stdout.close()
    if not address:
        _has_died(child)
        _end(child)
    return address


def _end(child: subprocess.Popen[str]) -> None:
    child.kill()  # it has nothing to save
    child.wait()
    if child.stdin:
        with suppress(OSError):
            child.stdin.close()
