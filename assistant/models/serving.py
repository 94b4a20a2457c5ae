"""Serve a GGUF file in OpenAI's protocol on loopback, for the one program that starts it.

    python serving.py MODEL.gguf [PORT]

The key that clients must send is the first line of standard input, where no other user sees it;
none is asked for if the line is empty. The address is written to standard output once the model is
loaded. When standard input ends, the program that started this one has ended, in whatever way, and
so does this one: `sleep infinity | python serving.py MODEL.gguf 8080` serves until it is stopped.

It is started as a file, not as a part of the package, whose imports it does not need.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

# Questions and their passages take some 2,000 tokens; a longer context costs memory at once. Of a
# model that was trained for a shorter one the server takes that.
_CONTEXT = 8192
# One answer and one judgement, or two readers: each keeps its own cached prompt.
_SLOTS = 2
# Warnings and errors: what is asked is not written to the log.
_VERBOSITY = 2


def _params(path: Path, port: int, key: str) -> Any:
    import joblib
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.name}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.api_keys = [key] if key else []
    params.ui = params.endpoint_slots = False
    params.n_ctx = _CONTEXT
    params.n_parallel = _SLOTS
    params.kv_unified = True
    params.cache_prompt = True
    # llama.cpp counts the machine's cores, also those that a container may not use.
    params.cpuparams.n_threads = joblib.cpu_count(only_physical_cores=True)
    params.warmup = False
    params.verbosity = _VERBOSITY
    # A model that thinks aloud first would use up what an answer may have.
    params.default_template_kwargs = {"enable_thinking": "false"}
    return params


def _end_with_the_starter() -> None:
    while sys.stdin.readline():
        pass
    os._exit(0)


def main(path: Path, port: int = 0) -> None:
    """Serve until standard input ends. Exit status 1 if the model cannot be loaded."""
    # Ctrl-C reaches all programs of a terminal; the one that started this decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    key = sys.stdin.readline().strip()
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    # What the library prints goes to the log, so that the address stands alone.
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    import xllamacpp

    try:
        server = xllamacpp.Server(_params(path, port, key))
    except RuntimeError:  # the log says more
        os._exit(1)
    print(server.listening_address, file=answer, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
