"""Writes the API's description: `python -m services.customer_portal.api > docs/openapi.json`."""

import sys

from services.customer_portal.api.openapi import EXAMPLE_URL
from services.customer_portal.api.routes import description


def main() -> None:
    sys.stdout.write(description(EXAMPLE_URL))


if __name__ == "__main__":
    main()
