"""A contract as others see it: `contract.state.v1`."""

from __future__ import annotations

from services.contract_archive.contract.state import ContractState
from shared.events.states import AcceptedText, ContractStated


def public_state(contract: ContractState, version: int) -> ContractStated | None:
    """The contract as it stands; None until the registry has reported it."""
    facts, accepted = contract.facts, contract.accepted
    if facts is None or contract.status is None:
        return None
    return ContractStated(
        contract_number=contract.contract_number,
        customer_id=facts.customer_id,
        type=facts.type,
        title=facts.title,
        starts_on=facts.starts_on,
        ends_on=facts.ends_on,
        auto_renewal=facts.auto_renewal,
        price=facts.price,
        period=facts.period,
        status=contract.status,
        activated=contract.activated,
        text=contract.text,
        accepted=accepted and AcceptedText.model_validate(accepted.model_dump()),
        sequence=version,
        version=version,
    )
