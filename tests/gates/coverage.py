"""Holds each file of the services against the share of its lines and branches that tests must run.

`python -m tests.gates.coverage` reads what `make coverage` has measured. The floor of the whole,
`fail_under` in pyproject.toml, is coverage's own to hold.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPORT = Path("build/coverage.json")
SERVICES = "services/"
CONSOLE = "services/operations_console/"
LEAST_PERCENT_OF_A_FILE = 95.0
"""In the services an untested branch costs a customer. The console, which no customer sees, counts
in the whole alone."""


def shortfalls(report: Mapping[str, Any]) -> list[str]:
    """A line for each file of the services that falls short, by name."""
    return [
        f"{name}: {percent:.1f} %, {LEAST_PERCENT_OF_A_FILE:.0f} % wanted"
        for name, file in sorted(report["files"].items())
        if name.startswith(SERVICES)
        and not name.startswith(CONSOLE)
        and (percent := file["summary"]["percent_covered"]) < LEAST_PERCENT_OF_A_FILE
    ]


def main() -> None:
    report = json.loads(REPORT.read_text("utf-8"))
    short = shortfalls(report)
    if short:
        sys.exit("Coverage falls short:\n" + "\n".join(short))
    print(f"Branch coverage: {report['totals']['percent_covered']:.1f} %")


if __name__ == "__main__":
    main()
