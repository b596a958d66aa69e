"""Shell completion of values, beside names of commands and options; it loads no library."""

from __future__ import annotations

import importlib


def topic_names(incomplete: str) -> list[str]:
    """The catalogue's topics that begin so."""
    catalogue = importlib.import_module("shared.events.topics").CATALOGUE
    return [topic.name for topic in catalogue if topic.name.startswith(incomplete)]
