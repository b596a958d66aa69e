"""Maintenance contracts: written, signed, or witnessed on the phone (F12)."""

from __future__ import annotations

from desk.demo.answers import (
    EVIDENCE_TIME,
    MONTHLY_NOTICE,
    WRITTEN_NOTICE,
    decision,
    evidence,
    opened,
    scheduled,
    status,
    took_effect,
)
from desk.demo.cases.common import WRITTEN, cancels, known, row
from desk.demo.outside import AGENT, World
from desk.demo.story import DemoCase, DemoStep, Expected


def by_post(world: World) -> DemoCase:
    """A signed document, sent by post; the requested end date is later than the notice (F12)."""
    customer, contract = world.customer("correo-postal"), world.contract("HW")
    wanted = world.today + MONTHLY_NOTICE / 2
    request = cancels(
        world,
        customer,
        contract,
        channel="post",
        days_ago=3,
        requested_end_on=wanted,
        signature=world.signature(customer, "signed_document", "scan-0001", world.ago(5)),
    )
    return DemoCase(
        "post",
        (
            row(
                "Maintenance by post, signed, with an end date",
                request,
                known(world, contract, customer, "hardware_maintenance"),
                DemoStep(
                    (request,),
                    (
                        opened(request, customer, channel="post"),
                        scheduled(
                            contract,
                            customer,
                            policy=WRITTEN,
                            request=request,
                            effective_on=wanted,
                            received_on=world.ago(3),
                            complete_on=world.ago(3),
                            notice_ends_on=world.ago(3) + WRITTEN_NOTICE,
                        ),
                    ),
                ),
            ),
        ),
    )


def by_phone(world: World) -> DemoCase:
    """The agent is the witness; no notice, so it takes effect on the day of the call (F12)."""
    customer, contract = world.customer("telefono"), world.contract("SW")
    request = cancels(
        world,
        customer,
        contract,
        channel="call_centre",
        signature=world.signature(customer, "agent_witness", AGENT, world.today),
    )
    ends = world.today + WRITTEN_NOTICE
    return DemoCase(
        "phone",
        (
            row(
                "Maintenance by phone, witnessed by the agent",
                request,
                known(world, contract, customer, "software_maintenance"),
                DemoStep(
                    (request,),
                    (
                        opened(request, customer, channel="call_centre"),
                        scheduled(
                            contract,
                            customer,
                            policy=WRITTEN,
                            request=request,
                            effective_on=ends,
                            received_on=world.today,
                            complete_on=world.today,
                            notice_ends_on=ends,
                        ),
                        took_effect(
                            contract, customer, policy=WRITTEN, request=request, effective_on=ends
                        ),
                        status(contract, "cancelled"),
                    ),
                ),
            ),
        ),
    )


def unsigned(world: World, days_ago: int) -> DemoCase:
    """The signature is awaited for 30 days, with one reminder 7 days before the last (F12)."""
    customer, contract = world.customer(f"sin-firma-{days_ago}"), world.contract("HW")
    request = cancels(world, customer, contract, channel="fax", days_ago=days_ago)
    missing, received_on = ("signature",), world.ago(days_ago)

    def about(what: str) -> Expected:
        return evidence(
            what,
            contract,
            customer,
            missing,
            policy=WRITTEN,
            request=request,
            received_on=received_on,
        )

    expired = decision(
        "expired",
        contract,
        customer,
        policy=WRITTEN,
        request=request,
        shows=(("due", "due_on"),),
        due_on=received_on + EVIDENCE_TIME,
    )
    late = days_ago > EVIDENCE_TIME.days
    then = expired if late else about("evidence_reminded")
    return DemoCase(
        f"unsigned {days_ago}",
        (
            row(
                f"Maintenance by fax, unsigned, {days_ago} days ago",
                request,
                known(world, contract, customer, "hardware_maintenance"),
                DemoStep((request,), (opened(request, customer), about("evidence_awaited"), then)),
            ),
        ),
    )
