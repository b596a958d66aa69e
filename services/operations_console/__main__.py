"""Runs the operations console: `python -m services.operations_console [staff ACT | rebuild]`."""

from __future__ import annotations

import asyncio
import json
import sys

from services.operations_console.service import rebuild, run
from services.operations_console.settings import Settings
from services.operations_console.staff_command import answer
from shared.environment import load
from shared.runtime.process import outages_end_process


def main(*arguments: str) -> None:
    match arguments:
        case ():
            run(load(Settings))
        case ("staff", asked):
            with outages_end_process():
                said = asyncio.run(answer(load(Settings), asked))
            sys.stdout.write(f"{json.dumps(said)}\n")
        case ("rebuild",):
            with outages_end_process():
                number = asyncio.run(rebuild(load(Settings)))
            sys.stdout.write(f"building generation {number}; it serves once it is complete\n")
        case _:
            sys.exit("usage: python -m services.operations_console [staff ACT | rebuild]")


if __name__ == "__main__":
    main(*sys.argv[1:])
