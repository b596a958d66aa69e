"""Fills a service's database with the documents of the release that PYTHONPATH names.

Run as a file, so that `bench.stock` is that release's own.
"""

from __future__ import annotations

import asyncio
import sys

from bench import stock


def main() -> None:
    kind, url, database, run, count = sys.argv[1:]
    numbers = range(int(count))
    if kind == "file":
        service, documents = stock.cancellation_service(), stock.files(numbers, run)
    else:
        service, documents = stock.intake_service(), stock.inquiries(numbers, run)
    asyncio.run(stock.prepare(url, database, service))
    stock.fill(url, database, kind, documents)


if __name__ == "__main__":
    main()
