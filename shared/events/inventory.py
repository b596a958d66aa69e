"""The customers' inventory (F16): the items, and requests to correct them with their answers."""

from __future__ import annotations

from typing import ClassVar

from shared.events.choices import Word
from shared.events.envelope import Event
from shared.events.given import Given
from shared.events.requests import ServiceRequest
from shared.events.values import ContractNumber, Count, CustomerId, Day, Flag, Text, Value


class ItemStatus(Word):
    """Whether a customer uses an item."""

    IN_USE = "in_use", "In use."
    STORED = "stored", "Kept, and not in use."
    RETIRED = "retired", "Given up."


class InventoryItemRecorded(Given, Event):
    """The whole item as the inventory system has it; `version` grows with every change."""

    ce_type: ClassVar[str] = "inventory.item_recorded.v1"

    item_id: Text
    customer_id: CustomerId
    contract_number: ContractNumber | None = None
    product: Text
    model: Text | None = None
    serial_number: Text | None = None
    site: Text | None = None
    installed_on: Day | None = None
    covered_until: Day | None = None
    status: ItemStatus
    version: Count


class ItemChanges(Value):
    """The changes that a customer requests; an absent field stays as it is."""

    serial_number: Text | None = None
    site: Text | None = None
    status: ItemStatus | None = None


class InventoryUpdateRequested(ServiceRequest):
    """A customer corrects an item, as seen at `expected_version`."""

    ce_type: ClassVar[str] = "inventory.update_requested.v1"

    item_id: str
    expected_version: Count
    changes: ItemChanges
    comment: str | None = None


class InventoryUpdateDecided(Given, Event):
    """The inventory system's answer; an accepted change is also a new record of the item."""

    ce_type: ClassVar[str] = "inventory.update_decided.v1"

    inquiry_id: Text
    item_id: Text | None = None
    accepted: Flag
    reason: Text | None = None
