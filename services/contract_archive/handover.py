"""Hands a document to its customer, at the request of a channel that has signed the customer in.

Only the holder with access gets one (F1, F8): the contract's current text, what an acceptance that
stands is certified by, and a copy until it expires. Everything else is the same answer: nothing.
An attachment is for the customer who attached it, also for one who is not registered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.contract_archive.attachment.check import hand_out
from services.contract_archive.contract.issue_text import text_of
from services.contract_archive.contract.state import CONTRACT, ContractState
from services.contract_archive.customer.decide import CUSTOMER, CustomerState
from services.contract_archive.downloads import PDF, TEXT
from shared.events.envelope import Ref
from shared.events.values import ContractNumber, CustomerId
from shared.mongo.client import Database
from shared.mongo.errors import mongodb_errors_as_outage
from shared.runtime.decider import HandedOut, ReadStates


class DocumentQuestion(BaseModel):
    """Names a document, its contract and the customer, whom the channel has authenticated.

    Without a contract, one of the customer's attachments.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract_number: ContractNumber | None = None
    document_id: str = Field(min_length=1, max_length=200)
    customer_id: CustomerId


async def hand_over(
    question: DocumentQuestion, database: Database, read: ReadStates, now: datetime
) -> HandedOut | None:
    """The document, or None where there is none for this customer. Raises `Outage`."""
    if question.contract_number is None:
        return await hand_out(question.document_id, question.customer_id, database, read)
    of_contract = Ref(CONTRACT, question.contract_number)
    of_customer = Ref(CUSTOMER, question.customer_id)
    states = await read([of_contract, of_customer])
    contract: ContractState | None = states[of_contract]
    customer: CustomerState | None = states[of_customer]
    if contract is None or customer is None or not customer.access:
        return None
    text = _current_text(question, contract)
    if text is not None:
        return HandedOut(content=text, media_type=TEXT)
    with mongodb_errors_as_outage():
        note = await database.file_note(question.document_id) or {}
        if not _may_have(question, contract, note, now):
            return None
        kept = await database.get_file(question.document_id)
    if kept is None:
        return None
    return HandedOut(content=kept.content, media_type=str(note.get("media_type", PDF)))


def _current_text(question: DocumentQuestion, contract: ContractState) -> bytes | None:
    """Its bytes follow from facts and number; bytes of another hash would be another text."""
    facts, text = contract.facts, contract.text
    if facts is None or text is None or facts.customer_id != question.customer_id:
        return None
    if text.document_id != question.document_id:
        return None
    content = text_of(facts, text.version)
    return content if hashlib.sha256(content).hexdigest() == text.sha256 else None


def _may_have(
    question: DocumentQuestion, contract: ContractState, note: Mapping[str, Any], now: datetime
) -> bool:
    if note.get("customer_id") != question.customer_id:
        return False
    if note.get("contract_number") != question.contract_number:
        return False
    accepted, until = contract.accepted, note.get("available_until")
    if accepted is not None and accepted.customer_id == question.customer_id:
        certified = (accepted.document_id, accepted.text_document_id)
        if question.document_id in certified:
            return True
    return until is not None and now <= until
