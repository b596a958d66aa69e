"""The whole scenario: every request of the demo, and what the domain page says must come of it.

Dates are computed from the day of receipt by the words of the domain page (`answers.py`), never
by the services' code, which nothing here imports.
"""

from __future__ import annotations

from desk.demo.cases import (
    contracts,
    customers,
    evidence,
    licences,
    maintenance,
    referrals,
    second_thoughts,
)
from desk.demo.outside import World
from desk.demo.story import DemoCase, in_sequence

OVERRIDES = {
    "CONTRACT_GRACE_SECONDS": "2",
    "ACCESS_GRACE_SECONDS": "2",
    "CLOCK_TICK_SECONDS": "0.1",
}
"""Settings of the desk under which what needs time comes at once."""


def scenario(world: World) -> tuple[DemoCase, ...]:
    """All cases, in the order of the table."""
    holder = world.customer("titular")
    return in_sequence(
        (
            customers.registration(world, holder),
            customers.faulty_registration(world),
            customers.question(world),
            customers.repeated(world),
            customers.unreadable(world),
            contracts.copy_for_the_holder(world, holder),
            contracts.copy_for_a_stranger(world, holder),
            contracts.acceptance(world, holder),
            contracts.activation(world, holder),
            licences.single_charge(world),
            licences.renewal_unpaid(world, holder),
            licences.renewal_paid(world),
            licences.renewal_paid_in_time(world, holder),
            licences.monthly_confirmed(world),
            evidence.destruction_confirmed_later(world),
            second_thoughts.effective_day(world),
            maintenance.by_post(world),
            maintenance.by_phone(world),
            maintenance.unsigned(world, 25),
            maintenance.unsigned(world, 32),
            evidence.piece_by_piece(world),
            licences.three_contracts(world),
            second_thoughts.two_requests(world),
            second_thoughts.nothing_to_withdraw(world, holder),
            second_thoughts.another_holder(world),
            referrals.servicepac(world),
            referrals.unknown_contract(world),
            referrals.strangers_contract(world, holder),
        )
    )
