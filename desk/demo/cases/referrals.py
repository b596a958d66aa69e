"""Cases that a professional decides (F6)."""

from __future__ import annotations

from desk.demo.answers import (
    MONTHLY_NOTICE,
    decision,
    opened,
    referred,
    scheduled,
)
from desk.demo.cases.common import cancels, known, row
from desk.demo.outside import AGENT, DemoCustomer, World
from desk.demo.story import DemoCase, DemoRow, DemoStep, SentRecord

NOT_FOUND = "a contract that is not found"


def servicepac(world: World) -> DemoCase:
    """No policy decides: a professional refuses with a reason (F6)."""
    customer, contract = world.customer("servicepac"), world.contract("SP")
    request = cancels(world, customer, contract)
    reason = "El ServicePac se ha usado."
    refuses = world.agent(
        "referral_decided", contract, contract_number=contract, approved=False, reason=reason
    )
    refused = decision(
        "refused",
        contract,
        customer,
        policy="refer",
        request=request,
        reason=reason,
        agent_id=AGENT,
    )
    return DemoCase(
        "servicepac",
        (
            row(
                "ServicePac; an agent refuses",
                request,
                known(world, contract, customer, "servicepac"),
                DemoStep(
                    (request,),
                    (
                        opened(request, customer),
                        referred(contract, customer, "no_policy", request=request),
                    ),
                ),
                DemoStep((refuses,), (refused,)),
            ),
        ),
    )


def unknown_contract(world: World) -> DemoCase:
    """Waited for, then referred; a professional approves with a date (F6)."""
    customer, contract = world.customer("desconocido"), world.contract("ML")
    request = cancels(world, customer, contract, destruction_confirmed=True)
    ends = world.today + MONTHLY_NOTICE * 1.5
    approves = world.agent(
        "referral_decided", contract, contract_number=contract, approved=True, effective_on=ends
    )
    approved = scheduled(
        contract,
        customer,
        policy="refer",
        request=request,
        effective_on=ends,
        received_on=world.today,
    )
    return DemoCase(
        "unknown contract",
        (
            row(
                "Contract that the registry does not have; an agent approves",
                request,
                _referred_as_not_found(contract, customer, request),
                DemoStep((approves,), (approved,)),
            ),
        ),
    )


def strangers_contract(world: World, holder: DemoCustomer) -> DemoCase:
    """Somebody else's contract is answered like one that does not exist."""
    stranger, contract = world.customer("ajeno"), world.contract("ML")
    request = cancels(world, stranger, contract, destruction_confirmed=True)
    return DemoCase(
        "stranger's contract",
        (
            DemoRow(
                "Somebody else's contract",
                (
                    known(world, contract, holder, "monthly_licence"),
                    _referred_as_not_found(contract, stranger, request),
                ),
                about=request.inquiry_id,
            ),
        ),
    )


def _referred_as_not_found(contract: str, customer: DemoCustomer, request: SentRecord) -> DemoStep:
    answer = referred(contract, customer, "contract_not_found", request=request, alike=NOT_FOUND)
    return DemoStep((request,), (opened(request, customer), answer))
