"""What each cancellation policy decides (F10-F12)."""

from __future__ import annotations

from typing import Any

from desk.demo.answers import (
    DAY,
    EVIDENCE_TIME,
    LAPSE_TIME,
    MONTHLY_NOTICE,
    WRITTEN_NOTICE,
    decision,
    evidence,
    opened,
    recorded,
    scheduled,
    status,
    took_effect,
)
from desk.demo.cases.customers import REGISTRATION
from desk.demo.outside import AGENT, Customer, World
from desk.demo.story import ABSENT, Case, Expected, Row, Sent, Step

MONTHLY, WRITTEN = "monthly-notice", "written-notice"


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


def single_charge(world: World) -> Case:
    """Never a cancellation; an open renewal invoice says when it lapses by itself (F10)."""
    customer, contract = world.customer("passport"), world.contract("PA")
    issued_on = world.ago(20)
    invoice = world.invoices(contract, customer, f"R-{contract}", issued_on)
    request = cancels(world, customer, contract)
    return Case(
        "single charge",
        (
            row(
                "Passport Advantage; its renewal invoice is open",
                request,
                Step((invoice,), ()),
                known(world, contract, customer, "passport_advantage"),
                Step(
                    (request,),
                    (
                        opened(request, customer),
                        _not_required(contract, customer, request, issued_on + LAPSE_TIME),
                    ),
                ),
            ),
        ),
    )


def _not_required(contract: str, customer: Customer, request: Sent, lapses_on: Any) -> Expected:
    return decision(
        "not_required",
        contract,
        customer,
        policy="single-charge",
        request=request,
        shows=(("lapses", "lapses_on"),),
        lapses_on=lapses_on,
    )


def renewal_unpaid(world: World, holder: Customer) -> Case:
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
    return Case(
        "unpaid",
        (
            Row(
                "Renewal invoice unpaid for 76 days",
                (
                    known(world, contract, holder, "passport_advantage"),
                    Step((invoice,), (lapsed, status(contract, "lapsed"))),
                ),
            ),
        ),
        after=REGISTRATION,
    )


def renewal_paid(world: World) -> Case:
    """Paid on day 75, the last one: nothing lapses, now or ever (F10)."""
    customer, contract = world.customer("renovacion-pagada"), world.contract("PA")
    number, issued_on = f"R-{contract}", world.ago(90)
    request = cancels(world, customer, contract)
    return Case(
        "paid",
        (
            row(
                "Renewal invoice paid on day 75: nothing lapses",
                request,
                Step(
                    (
                        world.invoices(contract, customer, number, issued_on),
                        world.is_paid(contract, number, issued_on + LAPSE_TIME),
                    ),
                    (),
                ),
                known(world, contract, customer, "passport_advantage"),
                Step(
                    (request,),
                    (
                        opened(request, customer),
                        _not_required(contract, customer, request, ABSENT),
                    ),
                ),
            ),
        ),
    )


def monthly_confirmed(world: World) -> Case:
    """All copies destroyed, 30 days' notice from the day of receipt (F11)."""
    customer, contract = world.customer("mensual"), world.contract("ML")
    request = cancels(world, customer, contract, destruction_confirmed=True)
    ends = world.today + MONTHLY_NOTICE
    return Case(
        "monthly",
        (
            row(
                "Monthly licence, destruction confirmed",
                request,
                known(world, contract, customer, "monthly_licence"),
                Step(
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


def maintenance_by_post(world: World) -> Case:
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
    return Case(
        "post",
        (
            row(
                "Maintenance by post, signed, with an end date",
                request,
                known(world, contract, customer, "hardware_maintenance"),
                Step(
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


def maintenance_by_phone(world: World) -> Case:
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
    return Case(
        "phone",
        (
            row(
                "Maintenance by phone, witnessed by the agent",
                request,
                known(world, contract, customer, "software_maintenance"),
                Step(
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


def maintenance_unsigned(world: World, days_ago: int) -> Case:
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
    return Case(
        f"unsigned {days_ago}",
        (
            row(
                f"Maintenance by fax, unsigned, {days_ago} days ago",
                request,
                known(world, contract, customer, "hardware_maintenance"),
                Step((request,), (opened(request, customer), about("evidence_awaited"), then)),
            ),
        ),
    )


def three_contracts(world: World) -> Case:
    """One request may list several contracts: each is decided on its own (F12)."""
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
    return Case(
        "three",
        (
            row(
                "One request: monthly, maintenance, Passport Advantage",
                request,
                Step(
                    tuple(world.records(one, customer, type_) for one, type_ in types.items()),
                    tuple(recorded(one, customer) for one in types),
                ),
                Step(
                    (request,),
                    (
                        opened(request, customer, contract_numbers=(monthly, maintained, paid)),
                        *(
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
                            for contract, (policy, notice) in ends.items()
                        ),
                        _not_required(paid, customer, request, ABSENT),
                    ),
                ),
            ),
        ),
    )
