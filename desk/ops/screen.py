"""Printing for people: readable at 80 columns and wide, harmless whatever a text contains."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.events.values import MADRID


def console() -> Console:
    """Standard output. Nothing is highlighted or read as markup: texts are customers' texts."""
    return Console(markup=False, highlight=False, emoji=False)


def plain(text: str) -> str:
    """The text without control characters, which could steer a terminal; line breaks stay."""
    text = text.replace("\r\n", "\n")
    return "".join(c if c in "\n\t" or unicodedata.category(c) != "Cc" else "�" for c in text)


def local_time(instant: datetime) -> str:
    """`2026-11-05 09:30:00`, in Europe/Madrid."""
    return instant.astimezone(MADRID).strftime("%Y-%m-%d %H:%M:%S")


def columns(*styles: str) -> Table:
    """A table without rules: the last column takes the room and wraps, the others never do."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for style in styles[:-1]:
        table.add_column(style=style, no_wrap=True)
    table.add_column(style=styles[-1], overflow="fold")
    return table


def text(words: str, style: str = "") -> Text:
    return Text(plain(words), style=style)


def print_json(value: Any) -> None:
    """One JSON document on standard output, never wrapped or coloured."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))
