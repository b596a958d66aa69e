"""Runs the notification service: `python -m services.notification`."""

from services.notification.service import build
from services.notification.settings import Settings
from shared.runtime.app import run


def main() -> None:
    settings = Settings()
    run(build(settings), settings)


if __name__ == "__main__":
    main()
