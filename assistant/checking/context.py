"""How many tokens fit into a model's context, as far as its server tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx

from assistant.endpoints import Server

_SECONDS = 5.0
# Ollama gives a model this much unless it is set, however long it was trained for.
_OLLAMAS = 4096


def context_of(server: Server) -> int | None:
    """In tokens; `None` if it is not told. Never raises: what is not told is not known."""
    if server.base_url is None:
        return None
    key = server.key.get_secret_value() if server.key else "none"
    with httpx.Client(
        headers={"Authorization": f"Bearer {key}"}, timeout=_SECONDS,
        trust_env=not server.is_here,
    ) as client:
        for told in _told(client, server):
            if isinstance(told, int) and told > 0:
                return told
    return None


def _told(client: httpx.Client, server: Server) -> Iterator[Any]:
    """What the servers say, each in its own way, the surest first."""
    base = str(server.base_url).rstrip("/")
    root = base.removesuffix("/v1")
    # llama.cpp: what it was started with
    yield _at(_ask(client, f"{root}/props"), "default_generation_settings", "n_ctx")
    for one in _items(_ask(client, f"{base}/models"), "data"):
        if one.get("id") == server.model:  # vLLM and others
            yield one.get("max_model_len") or one.get("context_length")
    for one in _items(_ask(client, f"{root}/api/v0/models"), "data"):  # LM Studio
        if one.get("id") == server.model:
            yield one.get("loaded_context_length") or one.get("max_context_length")
    for one in _items(_ask(client, f"{root}/api/ps"), "models"):  # Ollama, what runs now
        if one.get("name") == server.model:
            yield one.get("context_length")
    yield _ollamas(_ask(client, f"{root}/api/show", {"model": server.model}))


def _ollamas(shown: Any) -> int | None:
    """What an Ollama model is set to, or else the default, if it was trained for that much."""
    if not isinstance(shown, dict):
        return None
    parameters, info = shown.get("parameters"), shown.get("model_info")
    if isinstance(parameters, str) and (found := re.search(r"num_ctx\s+(\d+)", parameters)):
        return int(found[1])
    trained = [
        length for name, length in (info.items() if isinstance(info, dict) else ())
        if name.endswith(".context_length") and isinstance(length, int)
    ]
    return min(trained[0], _OLLAMAS) if trained else None


def _ask(client: httpx.Client, address: str, body: dict[str, str] | None = None) -> Any:
    try:
        reply = client.post(address, json=body) if body else client.get(address)
        return reply.json() if reply.status_code == 200 else None
    except (httpx.HTTPError, ValueError):
        return None


def _at(told: Any, *path: str) -> Any:
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    return told


def _items(told: Any, name: str) -> list[dict[str, Any]]:
    listed = _at(told, name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
