"""Pause between empty fetches, for the tests' own plain consumers on the embedded broker.

The product's consumers pace themselves (`shared.kafka.fetch_pace`).
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from aiokafka.consumer.fetcher import Fetcher

FIRST_PAUSE_S = 0.000_5
LONGEST_PAUSE_S = 0.02


def install() -> None:
    """Pace the consumers of this process; once installed, calling it again changes nothing.

    After a fetch without records, the next one to the same node waits 0.5 ms, then twice as long
    each time up to 20 ms. A fetch that brings records is not held up and ends the pauses.
    """
    original = Fetcher._proc_fetch_request
    if hasattr(original, "paces"):
        return
    next_pauses: WeakKeyDictionary[Fetcher, dict[int, float]] = WeakKeyDictionary()

    async def paced(self: Fetcher, assignment: Any, node_id: int, request: Any) -> bool:
        brought_records: bool = await original(self, assignment, node_id, request)
        pauses = next_pauses.setdefault(self, {})
        if brought_records:
            pauses.pop(node_id, None)
            return True
        pause = pauses.get(node_id, FIRST_PAUSE_S)
        pauses[node_id] = min(pause * 2, LONGEST_PAUSE_S)
        try:
            await asyncio.sleep(pause)
        except asyncio.CancelledError:
            # The assignment was lost or the consumer is closing. Like the original: the fetcher
            # awaits the tasks it cancels and takes an answer, not a cancellation.
            return False
        return False

    paced.paces = original  # type: ignore[attr-defined]
    Fetcher._proc_fetch_request = paced
