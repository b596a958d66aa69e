"""Runs the cancellation service: `python -m services.cancellation`."""

from __future__ import annotations

from services.cancellation.service import build
from services.cancellation.settings import Settings
from shared.runtime.app import run
from shared.settings import load


def main() -> None:
    settings = load(Settings)
    run(build(settings), settings)


if __name__ == "__main__":
    main()
