"""One frozen `Settings`, read once at the door from the environment and `.env`.

Constants that tune a step stand beside their use, not here.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote

import platformdirs
from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from assistant.errors import SettingsError

PREFIX = "ASSISTANT_"
RECORDS = "records.sqlite3"


def bundled(name: str) -> Path:
    """The folder `corpus` or `prompts` that comes with the program.

    In a wheel they lie inside the package, in a checkout beside it.
    """
    package = Path(__file__).parent
    packaged = package / "bundled" / name
    return packaged if packaged.is_dir() else package.parent / name


@dataclass(frozen=True)
class ServerAddress:
    """`http://host:port`; `login` is `user:password`, which is not shown."""

    url: str
    login: SecretStr | None = None


_ADDRESS = re.compile(r"(https?://)(?:(\S*)@)?((?:[\w.-]+|\[[\da-fA-F:.]+\])(?::(\d+))?)/?")


def _folder_or_address(value: object) -> object:
    """What has a colon behind its first word is an address; the first word of a Windows path is
    a letter."""
    if not isinstance(value, str) or not re.match(r"[\w.-]{2,}:", value):
        return value
    found = _ADDRESS.fullmatch(value)
    if not found or int(found[4] or 0) > 65535:
        raise PydanticCustomError(
            "address", "write a folder, or a server's address such as http://localhost:8000"
        )
    return ServerAddress(found[1] + found[3], SecretStr(unquote(found[2])) if found[2] else None)


class Settings(BaseSettings):
    """Every setting; its environment variable is its name in capitals after `ASSISTANT_`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore",
        hide_input_in_errors=True,
    )

    model: str = Field(
        "quotes",
        description="language model: `quotes` (none), an OpenAI model name such as `gpt-4o-mini`, "
        "`ollama/NAME`, `http://host:port/v1#NAME` or `gguf:PATH` (a file)",
    )
    api_key: SecretStr | None = Field(
        None,
        description="key for the language model's server; `OPENAI_API_KEY` is read for OpenAI's "
        "own",
    )
    model_timeout: float = Field(
        60.0, gt=0, description="seconds without a word from the model before quotes answer alone"
    )
    model_use: Literal["auto", "write", "choose"] = Field(
        "auto",
        description="what the model does: it may `write` sentences, or `choose` among the quotes "
        "those that answer; `auto` goes by what `assistant models check` measured",
    )
    drafts: int = Field(
        1, ge=1, le=8,
        description="how often the model writes an answer; of several, the one with most supported "
        "sentences is kept, and none shows before all are written",
    )
    verify: str = Field(
        "strict",
        description="how a model's sentence is checked: `strict` (it must be made of the source's "
        "own words in their order), or one in other words is judged by the language model "
        "(`model`) or by a small trained one (`checker:FILE`)",
    )
    embedding: str = Field(
        "bundled",
        description="embedding model: `bundled`, `multilingual` (finds across languages as well), "
        "`openai/NAME`, `ollama/NAME` or `http://host:port/v1#NAME`",
    )
    embedding_key: SecretStr | None = Field(
        None, description="key for the embedding model's server, likewise"
    )
    corpus: Path = Field(
        default_factory=lambda: bundled("corpus"), description="folder of documents to answer from"
    )
    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("corpus-assistant", False)),
        description="folder for documents you add, for indexes and for conversations",
    )
    chroma: Annotated[
        Path | ServerAddress | None, NoDecode, BeforeValidator(_folder_or_address)
    ] = Field(
        None,
        description="folder of the index (by default one for each corpus below the home), or "
        "`http://host:port` of a Chroma server that keeps the vectors",
    )
    uploads: Literal["off", "on"] = Field(
        "off", description="`on`: documents can be dropped on the page by whoever reaches it"
    )
    eval: Literal["auto", "on", "off"] = Field(
        "auto",
        description="the tab Evaluate, whose runs take the machine for minutes: `auto` (only on a "
        "page that is served to its own machine), `on`, `off`",
    )
    records: Literal["on", "off"] = Field(
        "on", description="`off`: the page keeps no conversations, ratings and shared answers"
    )
    prompts: Path = Field(
        default_factory=lambda: bundled("prompts"), description="folder of the model's prompts"
    )
    auth: str = Field(
        "",
        description="who may come in: `users` or `users:FILE` (names with passwords, see "
        "`assistant users`), `header:NAME` (whom a proxy names in that header), or everybody",
    )
    trust: str = Field(
        "",
        description="addresses or networks of proxies whose headers are believed: "
        "`10.0.0.5,192.168.0.0/24`",
    )
    per_minute: int = Field(
        60, ge=0, description="questions a minute from one user, or without login from one address "
        "other than this machine; 0 for no limit"
    )
    at_once: int = Field(4, ge=0, description="questions at once from the same, likewise")

    @property
    def documents(self) -> Path:
        """Where `assistant add` keeps documents; read together with the corpus."""
        return self.home / "documents"

    @property
    def originals(self) -> Path:
        """Where `assistant fetch` keeps official texts; they take the place of digests."""
        return self.home / "originals"

    @property
    def records_file(self) -> Path:
        """Conversations, ratings and shared answers."""
        return self.home / RECORDS

    @property
    def index_folder(self) -> Path:
        if isinstance(self.chroma, Path):
            return self.chroma
        corpus = self.corpus.resolve()
        place = f"{corpus}\n{self.chroma.url}" if self.chroma else str(corpus)
        key = hashlib.sha256(place.encode()).hexdigest()[:8]
        return self.home / "index" / f"{corpus.name}-{key}"


def read_settings(**overrides: object) -> Settings:
    """Read the environment and `.env`; `overrides` that are not `None` win.

    Raises SettingsError for a bad value and for a misspelt variable, which pydantic-settings
    would ignore. Variables of other programs are nobody's business here.
    """
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for variable in (*os.environ, *dotenv_values(".env")):
        if variable.upper().startswith(PREFIX) and variable.upper() not in known:
            raise _unknown(variable, known)
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        variable = str(first["loc"][0]).upper()
        value = re.sub(r"(?s).*@", "…@", str(first.get("input", "")))
        raise SettingsError(
            f"{PREFIX}{variable}={value!r} is not valid: {first['msg'].lower()}.",
            "Correct it in the environment or in .env, or unset it for the default.",
            variable=PREFIX + variable, value=value,
        ) from error


def _unknown(variable: str, known: list[str]) -> SettingsError:
    near = difflib.get_close_matches(variable, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"The settings are: {', '.join(known)}."
    return SettingsError(f"There is no setting {variable}.", hint, variable=variable)
