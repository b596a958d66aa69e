"""Which documents there are, and whether the files on disk still say the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from desk.contract_docs.asyncapi import asyncapi_yaml
from desk.contract_docs.goldens import FOLDER, Goldens
from desk.contract_docs.page import events_page
from desk.contract_docs.schemas import event_schemas
from shared.events.topics import EVENT_TYPES

SCHEMAS = Path("docs/schemas")


def documents(goldens: Goldens) -> dict[str, str]:
    """Every generated document: its path in the repository, and its text.

    Raises LookupError naming the event types that have no golden example.
    """
    if missing := EVENT_TYPES.keys() - goldens.keys():
        raise LookupError(f"no golden example in {FOLDER} for {', '.join(sorted(missing))}")
    schemas = {
        (SCHEMAS / f"{ce_type}.json").as_posix(): json.dumps(
            schema, ensure_ascii=False, indent=2, sort_keys=False
        )
        + "\n"
        for ce_type, schema in event_schemas().items()
    }
    return {
        "docs/events.md": events_page(goldens),
        "docs/asyncapi.yaml": asyncapi_yaml(goldens),
        **schemas,
    }


def stale(root: Path, made: Mapping[str, str]) -> list[str]:
    """The files that are missing, differ from what is `made`, or describe no event any more."""
    differing = [path for path, text in made.items() if _text(root / path) != text]
    return sorted([*differing, *_left_over(root, made)])


def write(root: Path, made: Mapping[str, str]) -> None:
    """Puts the documents in place and removes schemas of events that are no more."""
    for path, text in made.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    for path in _left_over(root, made):
        (root / path).unlink()


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _left_over(root: Path, made: Mapping[str, str]) -> list[str]:
    on_disk = (path.relative_to(root).as_posix() for path in (root / SCHEMAS).glob("*.json"))
    return [path for path in on_disk if path not in made]
