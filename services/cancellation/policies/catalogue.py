"""The policy of each type of contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from services.cancellation.file.state import Request
from services.cancellation.policies import monthly_notice, refer, single_charge, written_notice
from services.cancellation.policies.outcome import (
    AwaitEvidence,
    Outcome,
    Policy,
    PolicyCase,
    PolicyName,
    Schedule,
)
from shared.events.contracts import ContractType

POLICIES: Mapping[str, Policy] = {
    ContractType.PASSPORT_ADVANTAGE: single_charge.decide,
    ContractType.MONTHLY_LICENCE: monthly_notice.decide,
    ContractType.HARDWARE_MAINTENANCE: written_notice.decide,
    ContractType.SOFTWARE_MAINTENANCE: written_notice.decide,
    ContractType.SERVICEPAC: refer.decide,
}


NAMES: Mapping[str, PolicyName] = {
    ContractType.PASSPORT_ADVANTAGE: PolicyName.SINGLE_CHARGE,
    ContractType.MONTHLY_LICENCE: PolicyName.MONTHLY_NOTICE,
    ContractType.HARDWARE_MAINTENANCE: PolicyName.WRITTEN_NOTICE,
    ContractType.SOFTWARE_MAINTENANCE: PolicyName.WRITTEN_NOTICE,
}
KEPT: Mapping[str, Policy] = {
    PolicyName.SINGLE_CHARGE: single_charge.decide,
    PolicyName.MONTHLY_NOTICE: monthly_notice.decide,
    PolicyName.WRITTEN_NOTICE: written_notice.decide,
}
"""The policies that a request keeps when the contract's type changes."""


def policy_for(request: Request, contract_type: str) -> Policy:
    """The policy that a request began under, else the type's; an unknown type is referred."""
    return KEPT.get(request.policy or "") or POLICIES.get(contract_type, refer.decide)


def policy_name(request: Request, contract_type: str) -> str:
    """The name of that policy."""
    if request.policy in KEPT:
        return str(request.policy)
    return NAMES.get(contract_type, PolicyName.REFER)


def earliest_day(policy: Policy, case: PolicyCase, outcome: Outcome) -> date | None:
    """The first day without the contract that the policy could give, asked before any evidence.

    `outcome` is what it gives with the evidence that is there. None where the policy gives no day.
    """
    if isinstance(outcome, AwaitEvidence):
        outcome = policy(_complete(case))
    return outcome.effective_on if isinstance(outcome, Schedule) else None


def _complete(case: PolicyCase) -> PolicyCase:
    """The case as if everything had come on the day of receipt."""
    request, signatures = case.request, case.terms.signatures
    pairs = [(kind, channel) for channel, kinds in signatures.items() for kind in sorted(kinds)]
    given = request.counted.filled(request.received_on, pairs)
    return replace(case, request=request.model_copy(update={"given": given}))
