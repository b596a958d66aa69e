"""The container files as data: what Compose and Docker are told."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of the Dockerfile, its continued lines joined by a space."""

    name: str
    arguments: str


def compose() -> dict[str, Any]:
    """The compose file with its anchors resolved and `${…}` left as written."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return loaded


def containers() -> dict[str, Any]:
    """The compose file's services by name."""
    services: dict[str, Any] = compose()["services"]
    return services


def stages() -> list[list[Instruction]]:
    """The Dockerfile's instructions from each FROM to the next."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found: list[list[Instruction]] = []
    for line in filter(None, joined.splitlines()):
        name, arguments = line.split(maxsplit=1)
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(name, " ".join(arguments.split())))
    return found


def let_into_the_build() -> list[str]:
    """Returns the patterns that .dockerignore re-includes after excluding everything."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    first, *rest = [line for line in lines if line and not line.startswith("#")]
    assert first == "*"
    return [line.removeprefix("!").rstrip("/") for line in rest if line.startswith("!")]


def project_version() -> str:
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return version


def services_of_the_tree() -> set[str]:
    """Every folder of services/ that can be run."""
    return {main.parent.name for main in ROOT.glob("services/*/__main__.py")}


SECURED = ROOT / "deploy" / "compose.secure.yaml"
REPLACED = frozenset({"command", "entrypoint", "test"})
"""Lists that a later file replaces; to others it adds (compose-spec, 13-merge.md)."""


def secured() -> dict[str, Any]:
    """The compose file as `-f docker-compose.yml -f deploy/compose.secure.yaml` makes it."""
    return dict(_merged(compose(), yaml.safe_load(SECURED.read_text("utf-8"))))


def _merged(first: Any, second: Any, name: str = "") -> Any:
    if isinstance(first, dict) and isinstance(second, dict):
        return first | {
            key: _merged(first[key], value, key) if key in first else value
            for key, value in second.items()
        }
    if isinstance(first, list) and isinstance(second, list) and name not in REPLACED:
        return [*first, *(it for it in second if it not in first)]
    return second


def environment_of(container: dict[str, Any]) -> dict[str, str]:
    """Returns the container's environment; Compose writes `$` as `$$`."""
    values: dict[str, Any] = container.get("environment", {})
    return {name: str(value).replace("$$", "$") for name, value in values.items()}
