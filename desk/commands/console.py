"""Printing for people: readable at 80 columns and wide, harmless whatever a text contains."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.operations.visible import escaped, plain


def console() -> Console:
    """Standard output. Nothing is highlighted or read as markup: texts are customers' texts."""
    return Console(markup=False, highlight=False, emoji=False)


def columns(*styles: str) -> Table:
    """A table without rules: the last column takes the room and wraps, the others never do."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for style in styles[:-1]:
        table.add_column(style=style, no_wrap=True)
    table.add_column(style=styles[-1], overflow="fold")
    return table


def text(words: str, style: str = "") -> Text:
    return Text(plain(words), style=style)


def as_json(value: Any) -> str:
    """The value as JSON on several lines; what could steer a terminal is escaped (`\\u202e`)."""
    return escaped(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def as_json_line(value: Any) -> str:
    """The same on one line."""
    return escaped(json.dumps(value, ensure_ascii=False, default=str))


def print_json(value: Any) -> None:
    """One JSON document on standard output, never wrapped or coloured."""
    print(as_json(value))
