"""What follows on a request: evidence, second thoughts, the effective day, a professional."""

from __future__ import annotations

from typing import Any

from desk.demo.answers import (
    MONTHLY_NOTICE,
    TEXT,
    WRITTEN_NOTICE,
    decision,
    evidence,
    opened,
    referred,
    scheduled,
    status,
    took_effect,
)
from desk.demo.cases.customers import REGISTRATION
from desk.demo.cases.policies import MONTHLY, WRITTEN, cancels, known, row
from desk.demo.outside import AGENT, Customer, World
from desk.demo.story import Case, Expected, Row, Sent, Step

NOT_FOUND = "a contract that is not found"


def destruction_confirmed_later(world: World) -> Case:
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
    return Case(
        "evidence",
        (
            row(
                "Monthly licence, destruction not confirmed",
                request,
                known(world, contract, customer, "monthly_licence"),
                Step((request,), (opened(request, customer), awaited)),
            ),
            row(
                "Evidence: the destruction is confirmed",
                adds,
                Step((adds,), (opened(adds, customer), complete)),
            ),
        ),
    )


def _adds(world: World, customer: Customer, contract: str, **fields: Any) -> Sent:
    return world.submits(customer, "cancellation_evidence", contract_number=contract, **fields)


def piece_by_piece(world: World) -> Case:
    """Evidence that still leaves something missing is answered with what is still missing."""
    customer, contract = world.customer("por-partes"), world.contract("SW")
    request = cancels(world, customer, contract, days_ago=4, contact={"email": customer.email})
    signature = world.signature(customer, "electronic", "firma-0002", world.today)
    signed = _adds(world, customer, contract, signature=signature)
    named = _adds(world, customer, contract, contact={"name": customer.name})

    def awaits(*missing: str, answers: Sent | None = None) -> Expected:
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
    return Case(
        "piece by piece",
        (
            row(
                "Maintenance, neither signed nor a contact name",
                request,
                known(world, contract, customer, "software_maintenance"),
                Step((request,), (opened(request, customer), awaits("signature", "contact"))),
            ),
            row(
                "Evidence: the signature; the name is still missing",
                signed,
                Step((signed,), (opened(signed, customer), awaits("contact", answers=signed))),
            ),
            row(
                "Evidence: the contact name",
                named,
                Step((named,), (opened(named, customer), complete, effect)),
            ),
        ),
    )


def second_thoughts(world: World) -> Case:
    """A second request is no second cancellation; a scheduled one can be withdrawn."""
    customer, contract = world.customer("retirada"), world.contract("ML")
    request, second = (
        cancels(world, customer, contract, destruction_confirmed=True) for _ in range(2)
    )
    withdrawal = world.submits(customer, "cancellation_withdrawal", contract_number=contract)
    ends = world.today + MONTHLY_NOTICE
    already = decision(
        "already_scheduled",
        contract,
        customer,
        policy=MONTHLY,
        request=second,
        shows=(("effective", "effective_on"),),
        effective_on=ends,
        first_inquiry_id=request.inquiry_id,
    )
    withdrawn = decision(
        "withdrawn",
        contract,
        customer,
        policy=MONTHLY,
        request=request,
        answers=withdrawal,
        shows=(("withdrawn", "withdrawn_on"),),
        withdrawn_on=world.today,
    )
    return Case(
        "second thoughts",
        (
            row(
                "Monthly licence, destruction confirmed",
                request,
                known(world, contract, customer, "monthly_licence"),
                Step(
                    (request,),
                    (
                        opened(request, customer),
                        scheduled(
                            contract, customer, policy=MONTHLY, request=request, effective_on=ends
                        ),
                    ),
                ),
            ),
            row(
                "A second request for the same contract",
                second,
                Step((second,), (opened(second, customer), already)),
            ),
            row(
                "Withdrawal in time",
                withdrawal,
                Step(
                    (withdrawal,),
                    (opened(withdrawal, customer), withdrawn, status(contract, "active")),
                ),
            ),
        ),
    )


def nothing_to_withdraw(world: World, holder: Customer) -> Case:
    contract = world.contract("ML")
    withdrawal = world.submits(holder, "cancellation_withdrawal", contract_number=contract)
    return Case(
        "nothing to withdraw",
        (
            row(
                "Withdrawal, nothing scheduled",
                withdrawal,
                known(world, contract, holder, "monthly_licence"),
                Step(
                    (withdrawal,),
                    (
                        opened(withdrawal, holder),
                        _refused_withdrawal(contract, holder, withdrawal, "nothing_scheduled"),
                    ),
                ),
            ),
        ),
        after=REGISTRATION,
    )


def _refused_withdrawal(
    contract: str, customer: Customer, withdrawal: Sent, cause: str
) -> Expected:
    return decision(
        "withdrawal_refused",
        contract,
        customer,
        policy=TEXT,
        request=withdrawal,
        shows=(("", "cause"),),
        cause=cause,
    )


def effective_day(world: World) -> Case:
    """Received 40 days ago: the notice ended 10 days ago, and there is nothing to take back."""
    customer, contract = world.customer("efectiva"), world.contract("ML")
    request = cancels(world, customer, contract, days_ago=40, destruction_confirmed=True)
    withdrawal = world.submits(customer, "cancellation_withdrawal", contract_number=contract)
    received_on = world.ago(40)
    ends = received_on + MONTHLY_NOTICE
    return Case(
        "effective day",
        (
            row(
                "Monthly licence, received 40 days ago",
                request,
                known(world, contract, customer, "monthly_licence"),
                Step(
                    (request,),
                    (
                        opened(request, customer),
                        scheduled(
                            contract,
                            customer,
                            policy=MONTHLY,
                            request=request,
                            effective_on=ends,
                            received_on=received_on,
                            complete_on=received_on,
                            notice_ends_on=ends,
                        ),
                        took_effect(
                            contract, customer, policy=MONTHLY, request=request, effective_on=ends
                        ),
                        status(contract, "cancelled"),
                    ),
                ),
            ),
            row(
                "Withdrawal after it took effect",
                withdrawal,
                Step(
                    (withdrawal,),
                    (
                        opened(withdrawal, customer),
                        _refused_withdrawal(contract, customer, withdrawal, "already_effective"),
                    ),
                ),
            ),
        ),
    )


def servicepac(world: World) -> Case:
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
    return Case(
        "servicepac",
        (
            row(
                "ServicePac; an agent refuses",
                request,
                known(world, contract, customer, "servicepac"),
                Step(
                    (request,),
                    (
                        opened(request, customer),
                        referred(contract, customer, "no_policy", request=request),
                    ),
                ),
                Step((refuses,), (refused,)),
            ),
        ),
    )


def unknown_contract(world: World) -> Case:
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
    return Case(
        "unknown contract",
        (
            row(
                "Contract that the registry does not have; an agent approves",
                request,
                _referred_as_not_found(contract, customer, request),
                Step((approves,), (approved,)),
            ),
        ),
    )


def strangers_contract(world: World, holder: Customer) -> Case:
    """Somebody else's contract is answered like one that does not exist."""
    stranger, contract = world.customer("ajeno"), world.contract("ML")
    request = cancels(world, stranger, contract, destruction_confirmed=True)
    return Case(
        "stranger's contract",
        (
            Row(
                "Somebody else's contract",
                (
                    known(world, contract, holder, "monthly_licence"),
                    _referred_as_not_found(contract, stranger, request),
                ),
                about=request.inquiry_id,
            ),
        ),
    )


def _referred_as_not_found(contract: str, customer: Customer, request: Sent) -> Step:
    answer = referred(contract, customer, "contract_not_found", request=request, alike=NOT_FOUND)
    return Step((request,), (opened(request, customer), answer))
