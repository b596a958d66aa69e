"""How soon a service notices that a topic has more partitions, or was made again."""

from __future__ import annotations

from shared.kafka.consumer import TolerantConsumer

HALF_A_MINUTE_MS = 30_000


async def test_the_consumer_asks_for_new_partitions_within_half_a_minute() -> None:
    """FastStream passes the client's own default, five minutes, unless it is told otherwise."""
    consumer = TolerantConsumer(
        "desk.submissions", bootstrap_servers="127.0.0.1:1", metadata_max_age_ms=300_000
    )
    assert consumer._client._metadata_max_age_ms < HALF_A_MINUTE_MS
