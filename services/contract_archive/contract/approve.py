"""The vendor approves a contract's text, and its holder views it (F1)."""

from __future__ import annotations

from collections.abc import Sequence

from services.contract_archive.contract.issue_text import names_a_text
from services.contract_archive.contract.order_document import Replicas, may_see
from services.contract_archive.contract.private_events import TextApproved, TextViewed
from services.contract_archive.contract.refuse import refuse_act
from services.contract_archive.contract.state import ContractState
from shared.events.agents import ContractApproved
from shared.events.envelope import Event
from shared.events.error_codes import ErrorCode
from shared.events.requests import ContractViewReported


def approve(approved: ContractApproved, action_id: str, state: ContractState) -> Sequence[Event]:
    """The current text is approved; a second approval of it changes nothing."""
    fault = _fault(approved, state)
    if fault is not None:
        return [refuse_act(approved, action_id, fault)]
    if state.text is not None and state.text.approved:
        return []
    return [
        TextApproved(
            contract_number=state.contract_number,
            document_id=approved.document_id,
            agent_id=approved.agent_id,
        )
    ]


def _fault(approved: ContractApproved, state: ContractState) -> ErrorCode | None:
    if state.facts is None:
        return ErrorCode.CONTRACT_UNKNOWN
    if state.text is None or state.text.document_id != approved.document_id:
        return ErrorCode.TEXT_NOT_CURRENT
    return None


def note_view(
    viewed: ContractViewReported, state: ContractState, replicas: Replicas
) -> Sequence[Event]:
    """Kept in the history if the holder, with access, viewed one of the contract's texts.

    Any other view says nothing about the contract and is not kept.
    """
    if not may_see(viewed.customer_id, state, replicas):
        return []
    if not names_a_text(viewed.document_id, state):
        return []
    return [
        TextViewed(
            contract_number=state.contract_number,
            customer_id=viewed.customer_id,
            document_id=viewed.document_id,
            viewed_at=viewed.viewed_at,
        )
    ]
