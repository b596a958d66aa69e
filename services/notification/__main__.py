"""Runs the notification service: `python -m services.notification [verify|restore]`."""

import sys

from services.notification.service import build
from services.notification.settings import Settings
from shared.environment import load
from shared.runtime import command


def main(*arguments: str) -> None:
    settings = load(Settings)
    command.main(build(settings), settings, arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
