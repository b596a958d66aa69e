"""Passport Advantage and monthly-charge licences (F10, F11), and several contracts at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from desk.demo.answers import (
    DAY,
    LAPSE_TIME,
    MONTHLY_NOTICE,
    WRITTEN_NOTICE,
    decision,
    in_the_summary,
    opened,
    recorded,
    scheduled,
    status,
)
from desk.demo.cases.common import MONTHLY, WRITTEN, cancels, known, row
from desk.demo.cases.customers import REGISTRATION
from desk.demo.outside import DemoCustomer, World
from desk.demo.story import ABSENT, DemoCase, DemoRow, DemoStep, Expected, SentRecord


def single_charge(world: World) -> DemoCase:
    """Never a cancellation; an open renewal invoice says when it lapses by itself (F10)."""
    customer, contract = world.customer("passport"), world.contract("PA")
    issued_on = world.ago(20)
    invoice = world.invoices(contract, customer, f"R-{contract}", issued_on)
    request = cancels(world, customer, contract)
    return DemoCase(
        "single charge",
        (
            row(
                "Passport Advantage; its renewal invoice is open",
                request,
                DemoStep((invoice,), ()),
                DemoStep(
                    (world.records(contract, customer, "passport_advantage"),),
                    (recorded(contract, customer), watched(contract, customer, issued_on)),
                ),
                DemoStep(
                    (request,),
                    (
                        opened(request, customer),
                        not_required(contract, customer, request, issued_on + LAPSE_TIME),
                    ),
                ),
            ),
        ),
    )


def renewal_unpaid(world: World, holder: DemoCustomer) -> DemoCase:
    """Not paid by day 75: lapsed at the start of the day after, effective on day 75 (F10)."""
    contract, issued_on = world.contract("PA"), world.ago(76)
    lapsed = decision(
        "renewal.lapsed.v1",
        contract,
        holder,
        policy="renewal-lapse",
        request=None,
        shows=(("effective", "effective_on"),),
        invoice_number=f"R-{contract}",
        issued_on=issued_on,
        effective_on=issued_on + LAPSE_TIME,
        last_billable_on=issued_on + LAPSE_TIME - DAY,
    )
    invoice = world.invoices(contract, holder, f"R-{contract}", issued_on)
    return DemoCase(
        "unpaid",
        (
            DemoRow(
                "Renewal invoice unpaid for 76 days",
                (
                    known(world, contract, holder, "passport_advantage"),
                    DemoStep((invoice,), (lapsed, status(contract, "lapsed"))),
                ),
            ),
        ),
        after=REGISTRATION,
    )


def renewal_paid(world: World) -> DemoCase:
    """Paid on day 75, the last one: nothing lapses, now or ever (F10)."""
    customer, contract = world.customer("renovacion-pagada"), world.contract("PA")
    number, issued_on = f"R-{contract}", world.ago(90)
    request = cancels(world, customer, contract)
    return DemoCase(
        "paid",
        (
            row(
                "Renewal invoice paid on day 75: nothing lapses",
                request,
                DemoStep(
                    (
                        world.invoices(contract, customer, number, issued_on),
                        world.is_paid(contract, number, issued_on + LAPSE_TIME),
                    ),
                    (),
                ),
                known(world, contract, customer, "passport_advantage"),
                DemoStep(
                    (request,),
                    (
                        opened(request, customer),
                        not_required(contract, customer, request, ABSENT),
                    ),
                ),
            ),
        ),
    )


def watched(contract: str, customer: DemoCustomer, issued_on: date) -> Expected:
    """Billing hears of a renewal's open invoice; the customer has the invoice already."""
    return decision(
        "renewal.watched.v1",
        contract,
        customer,
        policy="renewal-lapse",
        request=None,
        mailed=False,
        shows=(("lapses", "lapses_on"),),
        invoice_number=f"R-{contract}",
        issued_on=issued_on,
        lapses_on=issued_on + LAPSE_TIME,
    )


def renewal_paid_in_time(world: World, holder: DemoCustomer) -> DemoCase:
    """Paid on day 70, reported after the lapse: nothing should have happened (F10)."""
    contract, issued_on = world.contract("PA"), world.ago(80)
    number, paid_on = f"R-{contract}", issued_on + timedelta(days=70)
    lapsed_on = issued_on + LAPSE_TIME
    lapsed = decision(
        "renewal.lapsed.v1",
        contract,
        holder,
        policy="renewal-lapse",
        request=None,
        effective_on=lapsed_on,
    )
    reinstated = decision(
        "renewal.reinstated.v1",
        contract,
        holder,
        policy="renewal-lapse",
        request=None,
        shows=(("paid", "paid_on"),),
        invoice_number=number,
        paid_on=paid_on,
        lapsed_on=lapsed_on,
    )
    invoice = world.invoices(contract, holder, number, issued_on)
    return DemoCase(
        "paid in time, reported late",
        (
            DemoRow(
                "Renewal invoice paid on day 70, reported on day 80",
                (
                    known(world, contract, holder, "passport_advantage"),
                    DemoStep((invoice,), (lapsed, status(contract, "lapsed"))),
                    DemoStep(
                        (world.is_paid(contract, number, paid_on),),
                        (reinstated, status(contract, "active")),
                    ),
                ),
            ),
        ),
        after=REGISTRATION,
    )


def not_required(
    contract: str, customer: DemoCustomer, request: SentRecord, lapses_on: Any
) -> Expected:
    return decision(
        "not_required",
        contract,
        customer,
        policy="single-charge",
        request=request,
        shows=(("lapses", "lapses_on"),),
        lapses_on=lapses_on,
    )


def monthly_confirmed(world: World) -> DemoCase:
    """All copies destroyed, 30 days' notice from the day of receipt (F11)."""
    customer, contract = world.customer("mensual"), world.contract("ML")
    request = cancels(world, customer, contract, destruction_confirmed=True)
    ends = world.today + MONTHLY_NOTICE
    return DemoCase(
        "monthly",
        (
            row(
                "Monthly licence, destruction confirmed",
                request,
                known(world, contract, customer, "monthly_licence"),
                DemoStep(
                    (request,),
                    (
                        opened(request, customer, contract_numbers=(contract,)),
                        scheduled(
                            contract,
                            customer,
                            policy=MONTHLY,
                            request=request,
                            effective_on=ends,
                            received_on=world.today,
                            complete_on=world.today,
                            notice_ends_on=ends,
                        ),
                        status(contract, "cancellation_scheduled"),
                    ),
                ),
            ),
        ),
    )


def three_contracts(world: World) -> DemoCase:
    """One request may list several contracts: each is decided on its own (F12).

    One mail says all decisions.
    """
    customer = world.customer("tres-contratos")
    monthly, maintained, paid = (world.contract(kind) for kind in ("ML", "SW", "PA"))
    wanted = world.today + MONTHLY_NOTICE * 2
    request = cancels(
        world,
        customer,
        monthly,
        maintained,
        paid,
        requested_end_on=wanted,
        destruction_confirmed=True,
        signature=world.signature(customer, "electronic", "firma-0001", world.today),
    )
    types = {monthly: "monthly_licence", maintained: "software_maintenance"}
    types[paid] = "passport_advantage"
    ends = {monthly: (MONTHLY, MONTHLY_NOTICE), maintained: (WRITTEN, WRITTEN_NOTICE)}
    return DemoCase(
        "three",
        (
            row(
                "One request: monthly, maintenance, Passport Advantage",
                request,
                DemoStep(
                    tuple(
                        world.records(number, customer, type_) for number, type_ in types.items()
                    ),
                    tuple(recorded(number, customer) for number in types),
                ),
                DemoStep(
                    (request,),
                    (
                        opened(request, customer, contract_numbers=(monthly, maintained, paid)),
                        *(
                            in_the_summary(
                                scheduled(
                                    contract,
                                    customer,
                                    policy=policy,
                                    request=request,
                                    effective_on=wanted,
                                    received_on=world.today,
                                    complete_on=world.today,
                                    notice_ends_on=world.today + notice,
                                )
                            )
                            for contract, (policy, notice) in ends.items()
                        ),
                        not_required(paid, customer, request, ABSENT),
                    ),
                ),
            ),
        ),
    )
