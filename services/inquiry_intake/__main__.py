"""Runs intake: `python -m services.inquiry_intake`."""

from services.inquiry_intake.service import build
from services.inquiry_intake.settings import Settings
from shared.runtime.app import run
from shared.settings import load


def main() -> None:
    settings = load(Settings)
    run(build(settings), settings)


if __name__ == "__main__":
    main()
