"""Run one service against the embedded broker: `python -m desk.local.service cancellation`.

The same as `python -m services.<name>`, with the consumers' empty fetches paced.
"""

import importlib
import sys
from collections.abc import Sequence

from desk.local import pacing


def main(argv: Sequence[str] | None = None) -> None:
    """Run the service of the given name in this process until it ends."""
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1:
        sys.exit("usage: python -m desk.local.service <service name>")
    pacing.install()
    importlib.import_module(f"services.{arguments[0]}.__main__").main()


if __name__ == "__main__":
    main()
