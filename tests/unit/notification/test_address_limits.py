"""Mails to one address are counted by their limits, whatever the database refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
from pymongo.errors import BulkWriteError

from services.notification import address_limits
from services.notification.address_limits import AddressLimits
from services.notification.mail.state import Notification
from shared.mongo.client import Database
from shared.mongo.errors import WritesRefused
from tests.builders.few_documents import FewDocuments
from tests.builders.notification import Notifications, opened


def due(number: int) -> Notification:
    return Notifications(opened()).last.model_copy(update={"notification_id": f"n-{number}"})


def refusing(code: int) -> Any:
    async def write_all(_collection: object, _writes: Sequence[object]) -> int:
        raise BulkWriteError({"writeErrors": [{"index": 0, "code": code}]})

    return write_all


async def test_a_mail_that_the_database_refuses_to_count_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = AddressLimits(cast(Database, FewDocuments()), per_hour=5, per_day=8)
    monkeypatch.setattr(address_limits, "write_all", refusing(121))
    with pytest.raises(WritesRefused):
        await limits.allow("hash", due(1))


async def test_a_mail_that_another_process_counted_first_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = []

    async def write_all(_collection: object, writes: Sequence[object]) -> int:
        written.append(writes)
        if len(written) == 1:
            raise BulkWriteError({"writeErrors": [{"index": 0, "code": 11_000}]})
        return 0

    limits = AddressLimits(cast(Database, FewDocuments()), per_hour=5, per_day=8)
    monkeypatch.setattr(address_limits, "write_all", write_all)
    assert await limits.allow("hash", due(1))
    assert len(written) == 2


async def test_a_process_remembers_the_addresses_of_last_and_no_more_than_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def write_all(_collection: object, _writes: Sequence[object]) -> int:
        return 0

    monkeypatch.setattr(address_limits, "write_all", write_all)
    monkeypatch.setattr(address_limits, "REMEMBERED", 2)
    limits = AddressLimits(cast(Database, FewDocuments()), per_hour=5, per_day=8)
    for number in range(4):
        assert await limits.allow(f"hash-{number}", due(number))
    assert [day.split()[0] for day in limits._seen] == ["hash-2", "hash-3"]
