"""Names of states on a page. The messages are English here and translated where shown."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.cancellations import CancellationScheduled
from shared.events.choices import RequestType
from shared.events.contracts import ContractStatus
from shared.events.inquiries import InquiryKind
from shared.events.values import ConsentPurpose
from shared.mongo.client import Document
from shared.web.languages import N_

STATUS: Mapping[str, tuple[str, str]] = {
    "open": (N_("In progress"), "blue"),
    "resolved": (N_("Answered"), "green"),
    "closed": (N_("Closed"), ""),
}
"""Label and colour of each status of an inquiry."""

ATTACHMENT: Mapping[str, tuple[str, str]] = {
    "awaited": (N_("Being checked"), "blue"),
    "kept": (N_("Kept"), "green"),
    "refused": (N_("Not accepted"), "red"),
    "unsent": (N_("Not sent"), ""),
}
"""Label and colour of each standing of an attachment."""

KIND: Mapping[str, str] = {
    InquiryKind.INQUIRY: N_("Question"),
    InquiryKind.REGISTRATION: N_("Registration"),
    InquiryKind.CONTRACT_COPY: N_("Copy of a contract"),
    InquiryKind.CONTRACT_ACCEPTANCE: N_("Acceptance of a contract"),
    InquiryKind.SERVICEPAC_ACTIVATION: N_("ServicePac activation"),
    InquiryKind.CANCELLATION: N_("Cancellation"),
    InquiryKind.CANCELLATION_EVIDENCE: N_("Evidence for a cancellation"),
    InquiryKind.CANCELLATION_WITHDRAWAL: N_("Withdrawal of a cancellation"),
    InquiryKind.PROFILE_UPDATE: N_("Change of your details"),
    InquiryKind.CONSENT_WITHDRAWAL: N_("Withdrawal of a consent"),
    InquiryKind.INVENTORY_UPDATE: N_("Correction of the inventory"),
}

CONTRACT_STATUS: Mapping[str, tuple[str, str]] = {
    ContractStatus.DRAFT: (N_("Not started yet"), "purple"),
    ContractStatus.ACTIVE: (N_("In force"), "green"),
    ContractStatus.CANCELLATION_SCHEDULED: (N_("Cancellation scheduled"), "amber"),
    ContractStatus.CANCELLED: (N_("Cancelled"), ""),
    ContractStatus.LAPSED: (N_("Lapsed unpaid"), "red"),
    ContractStatus.ENDED: (N_("Ended"), ""),
}

CONTRACT_TYPE: Mapping[str, str] = {
    "passport_advantage": N_("Passport Advantage licence"),
    "monthly_licence": N_("Monthly-charge licence"),
    "hardware_maintenance": N_("Hardware maintenance"),
    "software_maintenance": N_("Software maintenance"),
    "servicepac": N_("ServicePac"),
}
OTHER_TYPE = N_("Contract")

PERIOD: Mapping[str, str] = {
    "once": N_("once"),
    "month": N_("a month"),
    "year": N_("a year"),
}

TOPIC: Mapping[RequestType, tuple[str, str]] = {
    RequestType.CONTRACTS: (
        N_("Contracts"),
        N_("Copies, signing, cancellation, ServicePac"),
    ),
    RequestType.ORDERS_AND_DELIVERIES: (
        N_("Orders and deliveries"),
        N_("State of an order, shipments, incidents"),
    ),
    RequestType.INVENTORY_AND_MAINTENANCE: (
        N_("Inventory and maintenance"),
        N_("Equipment under cover, additions and removals"),
    ),
    RequestType.INVOICES_AND_PAYMENTS: (
        N_("Invoices and payments"),
        N_("Invoices, credit notes, statement of account"),
    ),
}
"""Label and description of each type of request (F5)."""

WHO: Mapping[str, str] = {
    "customer": N_("You"),
    "agent": N_("A professional"),
    "desk": N_("The desk"),
}

EVIDENCE: Mapping[str, str] = {
    "destruction_confirmation": N_("the confirmation that all copies are destroyed"),
    "signature": N_("your signature"),
    "contact": N_("a contact name and one means of contact"),
}

CONSENT: Mapping[str, str] = {
    ConsentPurpose.STORE_AND_CONTACT: N_(
        "To store your data and use them to get in touch with you"
    ),
    ConsentPurpose.TRANSFER_ABROAD: N_("To transfer your data outside your country of residence"),
}

POLICY_OF: Mapping[str, str] = {
    "passport_advantage": "single-charge",
    "monthly_licence": "monthly-notice",
    "hardware_maintenance": "written-notice",
    "software_maintenance": "written-notice",
}
"""The policy per contract type, as `desk.policies` announces it; others are referred."""
REFER = "refer"
SIGNED = frozenset({"hardware_maintenance", "software_maintenance"})
"""Types whose cancellation is signed (F12)."""
DESTROYED = frozenset({"monthly_licence"})
"""Types whose cancellation confirms that all copies are destroyed (F11)."""

OVER = frozenset({ContractStatus.CANCELLED, ContractStatus.LAPSED, ContractStatus.ENDED})
CANCELLABLE = frozenset({ContractStatus.DRAFT, ContractStatus.ACTIVE})


def status_of(inquiry: Document) -> str:
    """`open`, `resolved` or `closed`: as its events say, else as its last state says."""
    said = inquiry.get("status") if inquiry.get("opened") else None
    return str(said or inquiry.get("stated", {}).get("status", "open"))


def scheduled(contract: Document) -> Document | None:
    """The decision that scheduled the cancellation that stands on a contract, if one does."""
    file = contract.get("cancellation") or {}
    if file.get("status") != "scheduled":
        return None
    standing: Document = file["cancellation"]
    found = [it for it in contract.get("decisions", ()) if _scheduled(it, standing)]
    return standing | {"explanation": found[-1]["explanation"] if found else None}


def _scheduled(decision: Document, standing: Document) -> bool:
    """Whether it is the decision that stands: an earlier one explains another date."""
    if decision["type"] != CancellationScheduled.ce_type:
        return False
    return all(decision.get(it) == standing[it] for it in ("inquiry_id", "effective_on"))
