"""What may be typed: each command's name, options and help, and nothing that takes time to load.

The work is in `desk.commands`, in a module and a function of the command's name, loaded once a
command is run: `desk --help` costs a tenth of a second of CPU, not a whole one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any


def work(module: str, function: str, **given: Any) -> None:
    """Load `desk.commands.<module>` and do what was asked."""
    getattr(importlib.import_module(f"desk.commands.{module}"), function)(**given)


def done_by(module: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command without a body: `desk.commands.<module>` has a function of its name."""

    def forwarded(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            work(module, command.__name__, **given)

        return run

    return forwarded
