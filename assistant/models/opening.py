"""`open_model`: what `ASSISTANT_MODEL` may say, and the model that it names."""

from __future__ import annotations

from assistant.endpoints import find_server, unknown
from assistant.models.endpoint import INSTEAD, Endpoint
from assistant.models.model import Model
from assistant.settings import Settings

_FORMS = ("quotes", "gpt-4o-mini", "ollama/NAME", "http://host:port/v1#NAME")
_OPENAIS = r"((?:gpt|chatgpt|o\d)[\w.:-]*)"


def open_model(settings: Settings) -> Model | None:
    """The model that `settings.model` names; `None` for `quotes`.

    Raises SettingsError if the setting is of no known form. No connection is made.
    """
    spec = settings.model.strip()
    if spec == "quotes":
        return None
    server = find_server(
        spec, _OPENAIS, settings, key="api_key", kind="model", instead=INSTEAD
    )
    if server is None:
        raise unknown("model", "ASSISTANT_MODEL", spec, _FORMS)
    return Endpoint(server)


def with_model(settings: Settings, spec: str) -> Settings:
    """The settings with another model. The key goes only to the server that it was given for."""
    if spec == settings.model:
        return settings
    key = settings.api_key if _server_of(settings, spec) == _server_of(settings) else None
    return settings.model_copy(update={"model": spec, "api_key": key})


def _server_of(settings: Settings, spec: str | None = None) -> str | None:
    server = find_server(
        spec or settings.model, _OPENAIS, settings, key="api_key", kind="model", instead=INSTEAD
    )
    return server.where if server else None
