"""Runs the contract archive: `python -m services.contract_archive [verify|restore]`."""

import sys

from services.contract_archive.service import build
from services.contract_archive.settings import Settings
from shared.environment import load
from shared.runtime import command


def main(*arguments: str) -> None:
    settings = load(Settings)
    command.main(build(settings), settings, arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
