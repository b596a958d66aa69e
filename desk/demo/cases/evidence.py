"""Requests that come incomplete, and the evidence that completes them (F11, F12)."""

from __future__ import annotations

from typing import Any

from desk.demo.answers import (
    MONTHLY_NOTICE,
    WRITTEN_NOTICE,
    evidence,
    opened,
    scheduled,
    took_effect,
)
from desk.demo.cases.common import MONTHLY, WRITTEN, cancels, known, row
from desk.demo.outside import DemoCustomer, World
from desk.demo.story import DemoCase, DemoStep, Expected, SentRecord


def destruction_confirmed_later(world: World) -> DemoCase:
    """The notice counts from the day on which the request became complete (F11)."""
    customer, contract = world.customer("evidencia"), world.contract("ML")
    request = cancels(world, customer, contract, days_ago=10)
    adds = _adds(world, customer, contract, destruction_confirmed=True)
    ends = world.today + MONTHLY_NOTICE
    awaited = evidence(
        "evidence_awaited",
        contract,
        customer,
        ("destruction_confirmation",),
        policy=MONTHLY,
        request=request,
        received_on=world.ago(10),
    )
    complete = scheduled(
        contract,
        customer,
        policy=MONTHLY,
        request=request,
        answers=adds,
        effective_on=ends,
        received_on=world.ago(10),
        complete_on=world.today,
        notice_ends_on=ends,
    )
    return DemoCase(
        "evidence",
        (
            row(
                "Monthly licence, destruction not confirmed",
                request,
                known(world, contract, customer, "monthly_licence"),
                DemoStep((request,), (opened(request, customer), awaited)),
            ),
            row(
                "Evidence: the destruction is confirmed",
                adds,
                DemoStep((adds,), (opened(adds, customer), complete)),
            ),
        ),
    )


def piece_by_piece(world: World) -> DemoCase:
    """Evidence that still leaves something missing is answered with what is still missing."""
    customer, contract = world.customer("por-partes"), world.contract("SW")
    request = cancels(world, customer, contract, days_ago=4, contact={"email": customer.email})
    signature = world.signature(customer, "electronic", "firma-0002", world.today)
    signed = _adds(world, customer, contract, signature=signature)
    named = _adds(world, customer, contract, contact={"name": customer.name})

    def awaits(*missing: str, answers: SentRecord | None = None) -> Expected:
        return evidence(
            "evidence_awaited",
            contract,
            customer,
            missing,
            policy=WRITTEN,
            request=request,
            received_on=world.ago(4),
            answers=answers,
        )

    ends = world.today + WRITTEN_NOTICE
    complete = scheduled(
        contract,
        customer,
        policy=WRITTEN,
        request=request,
        answers=named,
        effective_on=ends,
        received_on=world.ago(4),
        complete_on=world.today,
        notice_ends_on=ends,
    )
    effect = took_effect(contract, customer, policy=WRITTEN, request=request, effective_on=ends)
    return DemoCase(
        "piece by piece",
        (
            row(
                "Maintenance, neither signed nor a contact name",
                request,
                known(world, contract, customer, "software_maintenance"),
                DemoStep((request,), (opened(request, customer), awaits("signature", "contact"))),
            ),
            row(
                "Evidence: the signature; the name is still missing",
                signed,
                DemoStep((signed,), (opened(signed, customer), awaits("contact", answers=signed))),
            ),
            row(
                "Evidence: the contact name",
                named,
                DemoStep((named,), (opened(named, customer), complete, effect)),
            ),
        ),
    )


def _adds(world: World, customer: DemoCustomer, contract: str, **fields: Any) -> SentRecord:
    return world.submits(customer, "cancellation_evidence", contract_number=contract, **fields)
