"""The golden examples: one published record per event type, which documents and tests share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path("tests/contract/golden")


@dataclass(frozen=True, slots=True)
class Golden:
    """A record as it is on the topic: `value` is the JSON of the event's data."""

    topic: str
    key: str
    headers: dict[str, str]
    value: dict[str, Any]


Goldens = Mapping[str, Golden]


def read_goldens(root: Path) -> Goldens:
    """The golden examples of the repository at `root`, by `ce_type`."""
    paths = sorted((root / FOLDER).glob("*.json"))
    return {path.stem: Golden(**json.loads(path.read_text("utf-8"))) for path in paths}
