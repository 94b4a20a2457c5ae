"""`open_model`: what `ASSISTANT_MODEL` may say, and the model that it names."""

from __future__ import annotations

from assistant.endpoints import Server, find_server, unknown
from assistant.models.endpoint import INSTEAD, OPENAIS, Endpoint
from assistant.models.local import PREFIX, open_local
from assistant.models.model import Model
from assistant.settings import Settings

_FORMS = ("quotes", "gpt-4o-mini", "ollama/NAME", "http://host:port/v1#NAME", "gguf:PATH")


def open_model(settings: Settings) -> Model | None:
    """The model that `settings.model` names; `None` for `quotes`.

    Raises SettingsError if the setting is of no known form or names a file that is no model. No
    connection is made, no file is loaded.
    """
    spec = settings.model.strip()
    if spec == "quotes":
        return None
    if spec.startswith(PREFIX):
        return open_local(spec, settings)
    server = _server(settings, spec)
    if server is None:
        is_file = spec.lower().endswith(".gguf")
        forms = [f"{PREFIX}{spec}"] if is_file else _FORMS
        raise unknown("model", "ASSISTANT_MODEL", spec, forms)
    return Endpoint(server)


def with_model(settings: Settings, spec: str) -> Settings:
    """The settings with another model. The key goes only to the server that it was given for."""
    if spec == settings.model:
        return settings
    same = _address(settings, spec) == _address(settings, settings.model)
    return settings.model_copy(
        update={"model": spec, "api_key": settings.api_key if same else None}
    )


def _address(settings: Settings, spec: str) -> str | None:
    server = _server(settings, spec)
    return server.where if server else None


def _server(settings: Settings, spec: str) -> Server | None:
    return find_server(
        spec, OPENAIS, settings, key="api_key", kind="model", instead=INSTEAD
    )
