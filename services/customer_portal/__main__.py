"""Runs the customer portal: `python -m services.customer_portal [rebuild]`."""

from __future__ import annotations

import asyncio
import sys

from services.customer_portal.service import rebuild, run
from services.customer_portal.settings import Settings
from shared.environment import load


def main(*arguments: str) -> None:
    match arguments:
        case ():
            run(load(Settings))
        case ("rebuild",):
            number = asyncio.run(rebuild(load(Settings)))
            sys.stdout.write(f"generation {number} is being built; the pages go over to it\n")
        case _:
            sys.exit("usage: python -m services.customer_portal [rebuild]")


if __name__ == "__main__":
    main(*sys.argv[1:])
