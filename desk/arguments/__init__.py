"""Each command's name, options and help, and nothing that takes time to load.

The work is in `desk.commands`, in a module and a function of the command's name, loaded once a
command is run: `desk --help` costs a tenth of a second of CPU, not a whole one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any

ADDRESSES = ("directory", "kafka", "mongo", "smtp", "mailbox")
"""Options that say where the desk is."""


def work(module: str, function: str, **given: Any) -> None:
    """Load `desk.commands.<module>` and do what was asked."""
    getattr(importlib.import_module(f"desk.commands.{module}"), function)(**given)


def work_there(module: str, function: str, **given: Any) -> None:
    """The same on a desk that runs: `where` it is stands for the options that say so."""
    find = importlib.import_module("desk.commands.addresses").find
    where = find(**{name: given.pop(name) for name in ADDRESSES if name in given})
    work(module, function, **given, where=where)


def done_by(
    module: str, *, by: Callable[..., None] = work_there
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command without a body: `desk.commands.<module>` has a function of its name."""

    def forwarded(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            by(module, command.__name__, **given)

        return run

    return forwarded
