"""Routes an inquiry to one of the desk's queues, and names the queues (F5, F6)."""

from __future__ import annotations

from shared.events.choices import RequestType
from shared.events.inquiries import InquiryKind
from shared.events.submissions import (
    CancellationEvidenceSubmitted,
    CancellationSubmitted,
    CancellationWithdrawalSubmitted,
    ConsentWithdrawalSubmitted,
    ContractAcceptanceSubmitted,
    ContractCopySubmitted,
    InquirySubmitted,
    InventoryUpdateSubmitted,
    ProfileUpdateSubmitted,
    RegistrationSubmitted,
    ServicepacActivationSubmitted,
    Submission,
)
from shared.events.values import Bilingual

KIND_OF: dict[type[Submission], InquiryKind] = {
    InquirySubmitted: InquiryKind.INQUIRY,
    RegistrationSubmitted: InquiryKind.REGISTRATION,
    ContractCopySubmitted: InquiryKind.CONTRACT_COPY,
    ContractAcceptanceSubmitted: InquiryKind.CONTRACT_ACCEPTANCE,
    ServicepacActivationSubmitted: InquiryKind.SERVICEPAC_ACTIVATION,
    CancellationSubmitted: InquiryKind.CANCELLATION,
    CancellationEvidenceSubmitted: InquiryKind.CANCELLATION_EVIDENCE,
    CancellationWithdrawalSubmitted: InquiryKind.CANCELLATION_WITHDRAWAL,
    ProfileUpdateSubmitted: InquiryKind.PROFILE_UPDATE,
    ConsentWithdrawalSubmitted: InquiryKind.CONSENT_WITHDRAWAL,
    InventoryUpdateSubmitted: InquiryKind.INVENTORY_UPDATE,
}

QUEUE_OF_REQUEST_TYPE = {
    RequestType.CONTRACTS: "contracts",
    RequestType.ORDERS_AND_DELIVERIES: "orders",
    RequestType.INVENTORY_AND_MAINTENANCE: "maintenance",
    RequestType.INVOICES_AND_PAYMENTS: "billing",
}

QUEUE_OF_KIND = {
    InquiryKind.REGISTRATION: "registrations",
    InquiryKind.CONTRACT_COPY: "contracts",
    InquiryKind.CONTRACT_ACCEPTANCE: "contracts",
    InquiryKind.SERVICEPAC_ACTIVATION: "contracts",
    InquiryKind.CANCELLATION: "cancellations",
    InquiryKind.CANCELLATION_EVIDENCE: "cancellations",
    InquiryKind.CANCELLATION_WITHDRAWAL: "cancellations",
    InquiryKind.PROFILE_UPDATE: "registrations",
    InquiryKind.CONSENT_WITHDRAWAL: "registrations",
    InquiryKind.INVENTORY_UPDATE: "maintenance",
}

_QUEUE_NAMES = {
    "contracts": Bilingual(es="Contratos", en="Contracts"),
    "orders": Bilingual(es="Pedidos y entregas", en="Orders and deliveries"),
    "maintenance": Bilingual(es="Inventario y mantenimiento", en="Inventory and maintenance"),
    "billing": Bilingual(es="Facturas y pagos", en="Invoices and payments"),
    "cancellations": Bilingual(es="Cancelaciones", en="Cancellations"),
    "registrations": Bilingual(es="Registros", en="Registrations"),
}


def queue_name(queue: str) -> Bilingual:
    """Returns the queue's name for customers; a queue without one keeps its own name."""
    return _QUEUE_NAMES.get(queue) or Bilingual(es=queue, en=queue)
