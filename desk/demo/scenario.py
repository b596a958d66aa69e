"""The whole scenario: every request of the demo, and what the domain page says must come of it.

Dates are computed from the day of receipt by the words of the domain page (`answers.py`), never
by the services' code, which nothing here imports.
"""

from __future__ import annotations

from desk.demo.cases import afterwards, contracts, customers, policies
from desk.demo.outside import World
from desk.demo.story import Case, in_sequence

OVERRIDES = {
    "CONTRACT_GRACE_SECONDS": "2",
    "ACCESS_GRACE_SECONDS": "2",
    "CLOCK_TICK_SECONDS": "0.1",
}
"""Settings of the desk under which what needs time comes at once."""


def scenario(world: World) -> tuple[Case, ...]:
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
            policies.single_charge(world),
            policies.renewal_unpaid(world, holder),
            policies.renewal_paid(world),
            policies.monthly_confirmed(world),
            afterwards.destruction_confirmed_later(world),
            afterwards.effective_day(world),
            policies.maintenance_by_post(world),
            policies.maintenance_by_phone(world),
            policies.maintenance_unsigned(world, 25),
            policies.maintenance_unsigned(world, 32),
            afterwards.piece_by_piece(world),
            policies.three_contracts(world),
            afterwards.second_thoughts(world),
            afterwards.nothing_to_withdraw(world, holder),
            afterwards.servicepac(world),
            afterwards.unknown_contract(world),
            afterwards.strangers_contract(world, holder),
        )
    )
