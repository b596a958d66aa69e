"""Copies, acceptance and activation of contracts (F1, F8, F9)."""

from __future__ import annotations

from desk.demo.answers import SHA256, about_contract, opened, recorded, status
from desk.demo.cases.customers import REGISTRATION
from desk.demo.outside import DemoCustomer, World
from desk.demo.story import TEXT, DemoCase, DemoRow, DemoStep, ExpectedMail

DENIED = "a copy that is not available"


def copy_for_the_holder(world: World, holder: DemoCustomer) -> DemoCase:
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
    return DemoCase(
        "copy",
        (
            DemoRow(
                "Copy for the holder: downloaded, SHA-256 compared",
                (
                    DemoStep(
                        (world.records(contract, holder, "hardware_maintenance"),),
                        (recorded(contract, holder),),
                    ),
                    DemoStep((request,), (completed, ready)),
                ),
                about=request.inquiry_id,
            ),
        ),
        after=REGISTRATION,
    )


def copy_for_a_stranger(world: World, holder: DemoCustomer) -> DemoCase:
    """Everyone else gets the same answer, whether or not the contract exists (F8)."""
    stranger = world.customer("copia-ajena")
    existing, imagined = world.contract("HW"), world.contract("HW")
    record = DemoStep(
        (world.records(existing, holder, "hardware_maintenance"),), (recorded(existing, holder),)
    )
    return DemoCase(
        "stranger's copy",
        (
            _denied(world, "Copy of somebody else's contract", existing, stranger, record),
            _denied(world, "Copy of a contract that nobody has", imagined, stranger),
        ),
    )


def _denied(
    world: World, title: str, contract: str, customer: DemoCustomer, *before: DemoStep
) -> DemoRow:
    request = world.submits(
        customer, "contract_copy", contract_number=contract, contact=customer.contact
    )
    answer = about_contract(
        "copy_denied", request, contract, customer, shows=(("", "cause"),), alike=DENIED, cause=TEXT
    )
    step = DemoStep((request,), (opened(request, customer), answer))
    return DemoRow(title, (*before, step), about=request.inquiry_id)


def acceptance(world: World, holder: DemoCustomer) -> DemoCase:
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
    return DemoCase(
        "acceptance",
        (
            DemoRow(
                "Acceptance of a contract",
                (
                    DemoStep(
                        (world.records(contract, holder, "software_maintenance"),),
                        (recorded(contract, holder),),
                    ),
                    DemoStep((request,), (opened(request, holder), accepted)),
                ),
                about=request.inquiry_id,
            ),
        ),
        after=REGISTRATION,
    )


def activation(world: World, holder: DemoCustomer) -> DemoCase:
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
    return DemoCase(
        "activation",
        (
            DemoRow(
                "ServicePac activation with a wrong code",
                (
                    DemoStep(
                        (world.records(contract, holder, "servicepac", activation_code=code),),
                        (
                            recorded(
                                contract,
                                holder,
                                mail=ExpectedMail(holder.email, None, says=(contract, code)),
                            ),
                        ),
                    ),
                    DemoStep((wrong,), (opened(wrong, holder), failed)),
                ),
                about=wrong.inquiry_id,
            ),
            DemoRow(
                "ServicePac activation with the right code",
                (
                    DemoStep(
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
