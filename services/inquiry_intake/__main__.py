"""Runs intake: `python -m services.inquiry_intake [verify|restore]`."""

import sys

from services.inquiry_intake.service import build
from services.inquiry_intake.settings import Settings
from shared.environment import load
from shared.runtime import command


def main(*arguments: str) -> None:
    settings = load(Settings)
    command.main(build(settings), settings, arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
