"""Runs the customer portal: `python -m services.customer_portal [rebuild | partner ACT]`."""

from __future__ import annotations

import asyncio
import json
import sys

from services.customer_portal.api import command
from services.customer_portal.service import rebuild, run
from services.customer_portal.settings import Settings
from shared.environment import load
from shared.runtime.process import outages_end_process


def main(*arguments: str) -> None:
    match arguments:
        case ():
            run(load(Settings))
        case ("rebuild",):
            number = asyncio.run(rebuild(load(Settings)))
            sys.stdout.write(f"generation {number} is being built; the pages go over to it\n")
        case ("partner", asked):
            with outages_end_process():
                said = asyncio.run(command.answer(load(Settings), asked))
            sys.stdout.write(f"{json.dumps(said)}\n")
        case _:
            sys.exit("usage: python -m services.customer_portal [rebuild | partner ACT]")


if __name__ == "__main__":
    main(*sys.argv[1:])
