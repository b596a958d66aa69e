"""Runs the cancellation service: `python -m services.cancellation [verify|restore]`."""

from __future__ import annotations

import sys

from services.cancellation.service import build
from services.cancellation.settings import Settings
from shared.environment import load
from shared.runtime import command


def main(*arguments: str) -> None:
    settings = load(Settings)
    command.main(build(settings), settings, arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
