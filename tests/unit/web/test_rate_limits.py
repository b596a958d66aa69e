"""Rate limits: who is counted, and what is kept of them."""

from __future__ import annotations

import pytest
from limits import RateLimitItemPerHour
from limits.aio.storage import MemoryStorage

from shared.web.rate_limits import RateLimits, TooMany


async def test_the_third_of_two_is_one_too_many_for_this_one_alone() -> None:
    limits = RateLimits(MemoryStorage(), b"key")
    two = RateLimitItemPerHour(2)
    for _ in range(2):
        await limits.spend(two, "code", "ana@example.test")

    with pytest.raises(TooMany) as refused:
        await limits.spend(two, "code", "ana@example.test")

    assert 0 < refused.value.retry_after <= 3600
    await limits.spend(two, "code", "bea@example.test")
    await limits.spend(two, "another act", "ana@example.test")


async def test_the_store_does_not_know_whom_it_counts() -> None:
    storage = MemoryStorage()

    await RateLimits(storage, b"key").spend(RateLimitItemPerHour(2), "code", "ana@example.test")

    assert storage.storage
    assert "ana" not in repr(storage.storage)
