"""The required minimum, second part: what only the tests hold against the code.

Closed sets, nested values, the dead letters' headers, which topics are compacted.
"""

from __future__ import annotations

from desk.contract_docs.minimum import Fields

CLOSED_SETS = {
    ("submission.inquiry.v1", "channel"): "web call_centre post fax partner",
    ("submission.inquiry.v1", "language"): "es en",
    ("submission.inquiry.v1", "request_type"): (
        "contracts orders_and_deliveries inventory_and_maintenance invoices_and_payments"
    ),
    ("Consent", "purpose"): "store_and_contact transfer_abroad",
    ("Signature", "kind"): "signed_document electronic agent_witness",
    ("registry.contract_recorded.v1", "period"): "once month year",
    ("contract.recorded.v1", "period"): "once month year",
    ("cancellation.evidence_awaited.v1", "missing"): "destruction_confirmation signature contact",
    ("cancellation.evidence_reminded.v1", "missing"): "destruction_confirmation signature contact",
    ("cancellation.referred.v1", "cause"): (
        "no_policy contract_not_found not_started contradictory_record payment_reversed "
        "paid_after_lapse paid_in_time_reported_late received_in_time"
    ),
    ("cancellation.suspended.v1", "cause"): "holder_changed",
    ("cancellation.withdrawal_refused.v1", "cause"): "nothing_scheduled already_effective",
    ("contract.status_changed.v1", "status"): (
        "draft active cancellation_scheduled cancelled lapsed ended"
    ),
    ("shipment.progressed.v1", "status"): "in_transit out_for_delivery held",
    ("inventory.item_recorded.v1", "status"): "in_use stored retired",
}

CONTRACT_TYPES = (
    "passport_advantage monthly_licence hardware_maintenance software_maintenance servicepac"
)

NESTED = {
    "Money": Fields("amount currency"),
    "Bilingual": Fields("es en"),
    "Contact": Fields("name", "email phone postal_address"),
    "Signature": Fields("kind reference signed_by signed_on"),
    "Consent": Fields("purpose wording_version given_at"),
    "Authentication": Fields("method level at reference"),
    "FieldError": Fields("field code message"),
    "OrderLine": Fields("line product description quantity", "promised_on price"),
    "AccountLine": Fields("line description quantity net tax_rate", "contract_number"),
    "AccountDocument": Fields("document_id sha256 media_type link"),
    "ItemChanges": Fields("", "serial_number site status"),
}

NEVER_PRESENT = {
    ("notification.sent.v1", "error"): "A mail that the mail server accepted has no error."
}
"""Optional fields of the page that the desk has no occasion to write, and why."""

DEAD_LETTER_HEADERS = "dl_topic dl_partition dl_offset dl_service dl_reason dl_error dl_at"
DEAD_LETTER_REASONS = "unreadable unknown_type too_large defect blocked"

COMPACTED = (
    "desk.customers",
    "desk.contract-states",
    "desk.inquiry-states",
    "desk.cancellation-states",
    "desk.policies",
    "inventory.items",
)
NOT_YET_READ = (("inventory.items", "intake"),)
"""Readers of the page that do not consume the topic yet, so that none subscribes for nothing."""
