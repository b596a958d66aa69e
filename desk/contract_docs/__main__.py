"""Writes the contract's documents, or with `--check` fails when one of them is stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from desk.contract_docs.documents import documents, stale, write
from desk.contract_docs.goldens import read_goldens

REPOSITORY = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 1 when `--check` found a stale document."""
    parser = argparse.ArgumentParser(prog="python -m desk.contract_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on stale files")
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="the repository")
    options = parser.parse_args(arguments)
    made = documents(read_goldens(options.root))
    if not options.check:
        write(options.root, made)
        return 0
    found = stale(options.root, made)
    for path in found:
        print(f"stale: {path}", file=sys.stderr)
    if found:
        print("write them again: python -m desk.contract_docs", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
