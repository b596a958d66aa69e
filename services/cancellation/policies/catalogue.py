"""Which policy applies to which type of contract."""

from __future__ import annotations

from collections.abc import Mapping

from services.cancellation.policies import monthly_notice, refer, single_charge, written_notice
from services.cancellation.policies.outcome import Policy
from shared.events.contracts import ContractType

POLICIES: Mapping[str, Policy] = {
    ContractType.PASSPORT_ADVANTAGE: single_charge.decide,
    ContractType.MONTHLY_LICENCE: monthly_notice.decide,
    ContractType.HARDWARE_MAINTENANCE: written_notice.decide,
    ContractType.SOFTWARE_MAINTENANCE: written_notice.decide,
    ContractType.SERVICEPAC: refer.decide,
}


def policy_for(contract_type: str) -> Policy:
    """The policy for requests; a type that no policy knows is referred."""
    return POLICIES.get(contract_type, refer.decide)
