"""Second requests, withdrawals, and the effective day."""

from __future__ import annotations

from desk.demo.answers import (
    MONTHLY_NOTICE,
    decision,
    opened,
    scheduled,
    status,
    took_effect,
)
from desk.demo.cases.common import MONTHLY, cancels, known, row
from desk.demo.cases.customers import REGISTRATION
from desk.demo.outside import DemoCustomer, World
from desk.demo.story import TEXT, DemoCase, DemoStep, Expected, SentRecord


def two_requests(world: World) -> DemoCase:
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
    return DemoCase(
        "second thoughts",
        (
            row(
                "Monthly licence, destruction confirmed",
                request,
                known(world, contract, customer, "monthly_licence"),
                DemoStep(
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
                DemoStep((second,), (opened(second, customer), already)),
            ),
            row(
                "Withdrawal in time",
                withdrawal,
                DemoStep(
                    (withdrawal,),
                    (opened(withdrawal, customer), withdrawn, status(contract, "active")),
                ),
            ),
        ),
    )


def effective_day(world: World) -> DemoCase:
    """Received 40 days ago: the notice ended 10 days ago, and there is nothing to take back."""
    customer, contract = world.customer("efectiva"), world.contract("ML")
    request = cancels(world, customer, contract, days_ago=40, destruction_confirmed=True)
    withdrawal = world.submits(customer, "cancellation_withdrawal", contract_number=contract)
    received_on = world.ago(40)
    ends = received_on + MONTHLY_NOTICE
    return DemoCase(
        "effective day",
        (
            row(
                "Monthly licence, received 40 days ago",
                request,
                known(world, contract, customer, "monthly_licence"),
                DemoStep(
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
                DemoStep(
                    (withdrawal,),
                    (
                        opened(withdrawal, customer),
                        _refused_withdrawal(contract, customer, withdrawal, "already_effective"),
                    ),
                ),
            ),
        ),
    )


def nothing_to_withdraw(world: World, holder: DemoCustomer) -> DemoCase:
    contract = world.contract("ML")
    withdrawal = world.submits(holder, "cancellation_withdrawal", contract_number=contract)
    return DemoCase(
        "nothing to withdraw",
        (
            row(
                "Withdrawal, nothing scheduled",
                withdrawal,
                known(world, contract, holder, "monthly_licence"),
                DemoStep(
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


def another_holder(world: World) -> DemoCase:
    """The contract passes to another customer: nothing takes effect without a professional."""
    customer, other = world.customer("anterior"), world.customer("nuevo")
    contract = world.contract("ML")
    request = cancels(world, customer, contract, destruction_confirmed=True)
    ends = world.today + MONTHLY_NOTICE
    suspended = decision(
        "suspended",
        contract,
        customer,
        policy=MONTHLY,
        request=request,
        shows=(("", "cause"),),
        cause="holder_changed",
        effective_on=ends,
    )
    handed_over = Expected(
        "desk.contracts",
        {
            "ce_type": "contract.recorded.v1",
            "contract_number": contract,
            "customer_id": other.id,
        },
        {},
    )
    return DemoCase(
        "another holder",
        (
            row(
                "Scheduled, then the contract changes hands",
                request,
                known(world, contract, customer, "monthly_licence"),
                DemoStep(
                    (request,),
                    (
                        opened(request, customer),
                        scheduled(
                            contract, customer, policy=MONTHLY, request=request, effective_on=ends
                        ),
                        status(contract, "cancellation_scheduled"),
                    ),
                ),
                DemoStep(
                    (world.records(contract, other, "monthly_licence"),),
                    (handed_over, suspended, status(contract, "active")),
                ),
            ),
        ),
    )


def _refused_withdrawal(
    contract: str, customer: DemoCustomer, withdrawal: SentRecord, cause: str
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
