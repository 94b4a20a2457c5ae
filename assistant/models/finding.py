"""Which language models answer on this machine: a look at the ports where such servers listen."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx

from assistant.endpoints import OLLAMA

# Ollama; llama.cpp and LocalAI; vLLM; LM Studio; LiteLLM; Jan; GPT4All; text-generation-webui.
PORTS = (11434, 8080, 8000, 1234, 4000, 1337, 4891, 5000)
# Loopback answers within milliseconds; a server that is busy loading is found the next time.
SECONDS = 0.5
_MOST_BYTES = 1_000_000
# Servers list these beside language models, and they cannot write.
_NO_WRITER = re.compile(r"embed|rerank|minilm|\bbge\b|whisper", re.IGNORECASE)


OWNER = "corpus-assistant"
"""Who this program says that its models are of: what is no model of another program's."""


class LocalServer(NamedTuple):
    """A model server at `address`, which ends in `/v1`, and the specs of its language models.

    `locked`: it asks for a key before it tells which models it has.
    """

    address: str
    specs: tuple[str, ...]
    locked: bool = False


def find_local(ports: Iterable[int] = PORTS, seconds: float = SECONDS) -> tuple[str, ...]:
    """What to set as the model for each language model that answers on loopback now."""
    return tuple(spec for server in find_servers(ports, seconds) for spec in server.specs)


def find_servers(
    ports: Iterable[int] = PORTS, seconds: float = SECONDS
) -> tuple[LocalServer, ...]:
    """The model servers that answer on loopback now, all asked at once.

    It takes about `seconds` at most. What answers in another way (a Chroma server, a web page) is
    no model server and is left out.
    """
    asked = list(dict.fromkeys(ports))
    with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
        found = pool.map(lambda port: look(f"http://127.0.0.1:{port}/v1", seconds), asked)
        return tuple(server for server in found if server)


def look(address: str, seconds: float) -> LocalServer | None:
    """The model server at an address that ends in `/v1`; `None` if none answers."""
    try:
        status, body = _get(f"{address}/models", seconds)
        told = json.loads(body)
    except (httpx.HTTPError, ValueError):  # also text that is not JSON or not UTF-8
        return None
    if status in (401, 403):
        return LocalServer(address, (), locked=True) if _is_refusal(told) else None
    if status != 200 or (names := _names(told)) is None:
        return None
    return LocalServer(address, tuple(_spec(address, name) for name in names))


def _get(address: str, seconds: float) -> tuple[int, bytes]:
    """Status and body; a body that is endless, or comes in drops, is cut off."""
    end = time.monotonic() + seconds
    body = b""
    # A proxy of the environment has no business with what runs on this machine.
    with httpx.stream("GET", address, timeout=seconds, trust_env=False) as reply:
        for piece in reply.iter_bytes():
            body += piece
            if len(body) > _MOST_BYTES or time.monotonic() > end:
                break
        return reply.status_code, body[:_MOST_BYTES]


def _names(told: Any) -> list[str] | None:
    """The language models of OpenAI's list of models; `None` if it is no such list."""
    if not isinstance(told, dict) or "data" not in told:
        return None
    listed = told["data"]
    if listed is None and told.get("object") == "list":  # Ollama without a model
        return []
    if not isinstance(listed, list):
        return None
    ids = [
        one.get("id") for one in listed if isinstance(one, dict) and one.get("owned_by") != OWNER
    ]
    # A setting has no place for a name with white space in it.
    return [
        name for name in ids
        if isinstance(name, str) and re.fullmatch(r"\S+", name) and not _NO_WRITER.search(name)
    ]


def _is_refusal(told: Any) -> bool:
    """Does it refuse as OpenAI's protocol does? Other programs' pages ask for a login too."""
    return isinstance(told, dict) and "error" in told


def _spec(address: str, name: str) -> str:
    is_ollama = address.replace("127.0.0.1", "localhost") == OLLAMA
    return f"ollama/{name}" if is_ollama else f"{address}#{name}"
