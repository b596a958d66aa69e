"""Reads settings from the environment and the files that it names: tells every faulty variable at
once, never a value.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr, TypeAdapter, ValidationError

from shared.settings import (
    DEVELOPMENT_DEFAULT,
    DEVELOPMENT_DEFAULTS,
    SECRETS_DIR,
    RuntimeSettings,
)

Settings = TypeVar("Settings", bound=RuntimeSettings)


def load(kind: type[Settings]) -> Settings:
    """The settings from the environment. Ends the process, naming every variable that is wrong.

    Never shows a value: it may be a secret.
    """
    refused = refused_defaults(kind, os.environ)
    try:
        settings = kind()
    except ValidationError as error:
        sys.exit(f"error: {_told([*_faults(error), *refused])}")
    if refused:
        sys.exit(f"error: {_told(refused)}")
    return settings


def faults_of(error: ValidationError) -> str:
    """Lists the faulty environment variables, one per line, without their values."""
    return _told(_faults(error))


def _faults(error: ValidationError) -> list[str]:
    return [
        f"{'_'.join(map(str, fault['loc'])).upper() or error.title}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def refused_defaults(kind: type[RuntimeSettings], environment: Mapping[str, str]) -> list[str]:
    """The settings left at a default that is for development, outside of it.

    A secret's default is refused also where it is set: everybody knows it.
    """
    named = {name.upper(): value for name, value in environment.items() if value}
    given = _in_files(kind, named.get(SECRETS_DIR, "")) | named
    if _is_true(given.get(DEVELOPMENT_DEFAULTS, "")):
        return []
    return [
        f"{name.upper()}: the default is for development; set your own"
        for name, field in kind.model_fields.items()
        if DEVELOPMENT_DEFAULT in field.metadata
        and _is_left(field.default, given.get(name.upper(), ""))
    ]


def _in_files(kind: type[RuntimeSettings], folder: str) -> dict[str, str]:
    """The settings that have a file of their name in `folder`."""
    if not folder or not Path(folder).is_dir():
        return {}
    return {
        path.name.upper(): path.read_text("utf-8").strip()
        for path in Path(folder).iterdir()
        if path.name.lower() in kind.model_fields and path.is_file()
    }


def _is_left(default: object, given: str) -> bool:
    known = default.get_secret_value() if isinstance(default, SecretStr) else ""
    return given in ("", known)


def _is_true(value: str) -> bool:
    try:
        return TypeAdapter(bool).validate_python(value)
    except ValidationError:
        return False


def _told(faults: list[str]) -> str:
    lines = [f"  {fault}" for fault in faults]
    return "\n".join(["these environment variables are wrong; set them right:", *lines])
