"""Steps that the cancellation cases share."""

from __future__ import annotations

from typing import Any

from desk.demo.answers import (
    recorded,
)
from desk.demo.outside import DemoCustomer, World
from desk.demo.story import DemoRow, DemoStep, SentRecord

MONTHLY, WRITTEN = "monthly-notice", "written-notice"
"""Names of policies, as decisions carry them."""


def cancels(world: World, customer: DemoCustomer, *contracts: str, **fields: Any) -> SentRecord:
    """A cancellation request with a contact and whatever else `fields` say."""
    return world.submits(
        customer,
        "cancellation",
        **{"contact": customer.contact, **fields},
        contract_numbers=contracts,
    )


def known(world: World, contract: str, customer: DemoCustomer, type_: str) -> DemoStep:
    """The registry reports the contract, and the desk knows it."""
    return DemoStep((world.records(contract, customer, type_),), (recorded(contract, customer),))


def row(title: str, request: SentRecord, *steps: DemoStep) -> DemoRow:
    return DemoRow(title, steps, about=request.inquiry_id)
