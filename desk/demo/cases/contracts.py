"""Copies, acceptance and activation of contracts (F1, F8, F9)."""

from __future__ import annotations

from desk.demo.answers import SHA256, about_contract, opened, recorded, status
from desk.demo.cases.customers import REGISTRATION
from desk.demo.outside import Customer, World
from desk.demo.story import TEXT, Case, Mail, Row, Step

DENIED = "a copy that is not available"


def copy_for_the_holder(world: World, holder: Customer) -> Case:
    """The contract's holder with access gets the copy; the registration completes it (F4)."""
    contract = world.contract("HW")
    request = world.submits(holder, "contract_copy", contract_number=contract)
    ready = about_contract(
        "copy_ready",
        request,
        contract,
        holder,
        shows=(("until", "available_until"),),
        download=True,
        document_id=TEXT,
        sha256=SHA256,
    )
    completed = opened(request, holder, contact=holder.contact, contract_numbers=(contract,))
    return Case(
        "copy",
        (
            Row(
                "Copy for the holder: downloaded, SHA-256 compared",
                (
                    Step(
                        (world.records(contract, holder, "hardware_maintenance"),),
                        (recorded(contract, holder),),
                    ),
                    Step((request,), (completed, ready)),
                ),
                about=request.inquiry_id,
            ),
        ),
        after=REGISTRATION,
    )


def copy_for_a_stranger(world: World, holder: Customer) -> Case:
    """Everyone else gets the same answer, whether or not the contract exists (F8)."""
    stranger = world.customer("copia-ajena")
    existing, imagined = world.contract("HW"), world.contract("HW")
    record = Step(
        (world.records(existing, holder, "hardware_maintenance"),), (recorded(existing, holder),)
    )
    return Case(
        "stranger's copy",
        (
            _denied(world, "Copy of somebody else's contract", existing, stranger, record),
            _denied(world, "Copy of a contract that nobody has", imagined, stranger),
        ),
    )


def _denied(world: World, title: str, contract: str, customer: Customer, *before: Step) -> Row:
    request = world.submits(
        customer, "contract_copy", contract_number=contract, contact=customer.contact
    )
    answer = about_contract(
        "copy_denied", request, contract, customer, shows=(("", "cause"),), alike=DENIED, cause=TEXT
    )
    step = Step((request,), (opened(request, customer), answer))
    return Row(title, (*before, step), about=request.inquiry_id)


def acceptance(world: World, holder: Customer) -> Case:
    """Contracts are accepted online; the acceptance is kept as a document (F1)."""
    contract = world.contract("SW")
    request = world.submits(
        holder,
        "contract_acceptance",
        contract_number=contract,
        accepted=True,
        signed_by=holder.name,
        signed_at=world.now.isoformat(),
    )
    accepted = about_contract(
        "accepted", request, contract, holder, document_id=TEXT, sha256=SHA256
    )
    return Case(
        "acceptance",
        (
            Row(
                "Acceptance of a contract",
                (
                    Step(
                        (world.records(contract, holder, "software_maintenance"),),
                        (recorded(contract, holder),),
                    ),
                    Step((request,), (opened(request, holder), accepted)),
                ),
                about=request.inquiry_id,
            ),
        ),
        after=REGISTRATION,
    )


def activation(world: World, holder: Customer) -> Case:
    """The mail carries number and code; both must match, five wrong codes would lock (F9)."""
    contract, code = world.contract("SP"), f"K7-{world.tag}"
    wrong, right = (
        world.submits(holder, "servicepac_activation", contract_number=contract, activation_code=it)
        for it in ("K7-otro", code)
    )
    failed = about_contract(
        "activation_failed",
        wrong,
        contract,
        holder,
        shows=(("attempts left", "attempts_left"),),
        attempts_left=4,
    )
    return Case(
        "activation",
        (
            Row(
                "ServicePac activation with a wrong code",
                (
                    Step(
                        (world.records(contract, holder, "servicepac", activation_code=code),),
                        (
                            recorded(
                                contract,
                                holder,
                                mail=Mail(holder.email, None, says=(contract, code)),
                            ),
                        ),
                    ),
                    Step((wrong,), (opened(wrong, holder), failed)),
                ),
                about=wrong.inquiry_id,
            ),
            Row(
                "ServicePac activation with the right code",
                (
                    Step(
                        (right,),
                        (
                            opened(right, holder),
                            about_contract("activated", right, contract, holder),
                            status(contract, "active"),
                        ),
                    ),
                ),
                about=right.inquiry_id,
            ),
        ),
        after=REGISTRATION,
    )
