"""Which language model writes: what a reader may pick on the page, and what is picked.

A typed entry makes the server connect to an address or load a file. It is taken only from who sits
at the machine that serves the page; everyone else picks from what is offered.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

from assistant.errors import AssistantError, SettingsError
from assistant.models import open_model, with_model
from assistant.models.finding import find_local
from assistant.render import say_model
from assistant.settings import Settings

_NONE = "quotes"
# A proxy in front makes everyone look like this machine; these headers tell that there is one.
_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_FORMS = "gpt-4o-mini, ollama/NAME, http://host:port/v1#NAME or gguf:PATH"


def configured(settings: Settings) -> str:
    """The name of the model in the settings: its entry without a password or a folder."""
    model = open_model(settings)
    return model.name if model else _NONE


def offered(settings: Settings) -> tuple[str, ...]:
    """No model, the configured one, and those that answer on this machine."""
    return tuple(dict.fromkeys((_NONE, configured(settings), *find_local())))


def choices(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """(shown, picked) for each name."""
    return [(say_choice(name), name) for name in names]


def say_choice(name: str) -> str:
    return "No model: the sources themselves" if name == _NONE else name


def choose(settings: Settings, typed: str, free: bool) -> str:
    """The entry in the form of `ASSISTANT_MODEL`, checked; no connection is made.

    Only where `free` may it be other than what is offered. Raises SettingsError.
    """
    entry = typed.strip()
    if entry == configured(settings):
        return settings.model
    if entry == _NONE:
        return entry
    if free:
        open_model(with_model(settings, entry))
        return entry
    names = offered(settings)
    if entry not in names:
        raise SettingsError(
            f"This page does not offer the model {entry!r}.", f"Pick one of: {', '.join(names)}.",
            variable="ASSISTANT_MODEL", value=entry,
        )
    return entry


def is_loopback(host: str) -> bool:
    """Whether an address that a server listens at, or a `Host` header, is this machine's own."""
    try:
        bare = host.count(":") > 1 and "[" not in host  # an IPv6 address without a port
        name = (host if bare else urlsplit(f"//{host}").hostname) or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def at_the_machine(listening: str, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from a browser on the machine that serves the page.

    The `Host` header tells pages of strangers, whose name was made to point here.
    """
    return (
        is_loopback(listening) and is_loopback(headers.get("host", "")) and not is_proxied(headers)
    )


def is_proxied(headers: Mapping[str, str]) -> bool:
    return any(name in headers for name in _PROXIED)


def told_html(names: tuple[str, ...], free: bool) -> str:
    """How to add a model, where there is none."""
    if names != (_NONE,):
        return ""
    how = (
        f"No language model was found. Type one here: {_FORMS}." if free else
        "No language model is offered here: who runs the page can set ASSISTANT_MODEL."
    )
    return f'<p class="quiet">{escape(how)}</p>'


def fault_html(error: AssistantError) -> str:
    return (
        f'<p class="fault" role="alert"><strong>{escape(error.fact)}</strong> '
        f"{escape(error.next_step)}</p>"
    )


def again_label(name: str) -> str:
    with_it = "without a model" if name == _NONE else f"with {say_model(name)}"
    return f"Ask again {with_it}"
