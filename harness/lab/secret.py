"""What every table of the lab file has in common, and secrets: a string, or where it is kept."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, model_validator

from harness.errors import ConfigurationError


class Table(BaseModel):
    """A TOML table: unknown keys and wrong types are refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def expanded(path: object) -> object:
    return Path(path).expanduser() if isinstance(path, str) else path


FilePath = Annotated[Path, BeforeValidator(expanded)]


SECRET_WANTED = "want a string, or exactly one of the keys env, file, keyring"


class SecretTable(Table):
    """A secret, or where it is kept; exactly one key is given. In the file a plain string stands for `text`."""

    text: SecretStr | None = None
    env: str | None = None
    file: FilePath | None = None
    keyring: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> SecretTable:
        if len(self.model_fields_set) != 1:
            raise ValueError(SECRET_WANTED)
        return self

    def reveal(self, owner: str) -> str:
        """The secret's text, looked up now; `owner` names it in the error, as in `rack2-8510: login password`.

        Raises ConfigurationError where the environment variable, file or keyring entry does not exist.
        """
        if self.text is not None:
            return self.text.get_secret_value()
        if self.env is not None:
            return _from_environment(self.env, owner)
        if self.file is not None:
            return _from_file(self.file, owner)
        return _from_keyring(self.keyring or "", owner)


def _from_environment(variable: str, owner: str) -> str:
    if variable not in os.environ:
        raise ConfigurationError(f"{owner}: environment variable {variable} is not set")
    return os.environ[variable]


def _from_file(path: Path, owner: str) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{owner}: cannot read {path}: {error}") from error


def _from_keyring(entry: str, owner: str) -> str:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError as error:
        raise ConfigurationError(f"{owner}: install the package keyring to read {entry!r} from it") from error
    found = keyring.get_password("mcu-hil", entry)
    if not isinstance(found, str):
        raise ConfigurationError(f"{owner}: the keyring has no entry {entry!r} of service mcu-hil")
    return found


def _secret(value: object) -> object:
    if isinstance(value, str):
        return {"text": SecretStr(value)}
    if not isinstance(value, dict | SecretTable):
        # Said here, because pydantic's own message is shown with the value, which may be a password all the same.
        raise ValueError(SECRET_WANTED)  # noqa: TRY004 - a TypeError would not become a sentence
    return value


Secret = Annotated[SecretTable, BeforeValidator(_secret)]
NO_PASSWORD = SecretTable(text=SecretStr(""))
