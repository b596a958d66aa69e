"""Steps that the cancellation cases share."""

from __future__ import annotations

from typing import Any

from desk.demo.answers import (
    recorded,
)
from desk.demo.outside import Customer, World
from desk.demo.story import Row, Sent, Step

MONTHLY, WRITTEN = "monthly-notice", "written-notice"
"""Names of policies, as decisions carry them."""


def cancels(world: World, customer: Customer, *contracts: str, **fields: Any) -> Sent:
    """A cancellation request with a contact and whatever else `fields` say."""
    return world.submits(
        customer,
        "cancellation",
        **{"contact": customer.contact, **fields},
        contract_numbers=contracts,
    )


def known(world: World, contract: str, customer: Customer, type_: str) -> Step:
    """The registry reports the contract, and the desk knows it."""
    return Step((world.records(contract, customer, type_),), (recorded(contract, customer),))


def row(title: str, request: Sent, *steps: Step) -> Row:
    return Row(title, steps, about=request.inquiry_id)
