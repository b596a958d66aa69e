"""Runs intake: `python -m services.inquiry_intake`."""

from services.inquiry_intake.service import build
from services.inquiry_intake.settings import Settings
from shared.runtime.app import run


def main() -> None:
    settings = Settings()
    run(build(settings), settings)


if __name__ == "__main__":
    main()
