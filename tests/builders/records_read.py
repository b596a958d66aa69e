"""Counts the records that looks at whole topics are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from shared.kafka import topic_records


@contextmanager
def records_read() -> Iterator[Counter[str]]:
    """How many there were of each topic, while it is entered."""
    read: Counter[str] = Counter()
    within = topic_records._within

    async def counted(*asked: Any) -> AsyncIterator[Any]:
        async for record in within(*asked):
            read[record.topic] += 1
            yield record

    with patch.object(topic_records, "_within", counted):
        yield read
