"""The required minimum: the published page of the event contract, transcribed as data.

Written by hand from that page, never from the models: the tests hold the models against it, and
`docs/events.md` lists what the desk has added to it. Change it only when that page changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class TopicEntry(NamedTuple):
    """A topic's row: names as the page says them. Empty `key`: the original record's."""

    key: tuple[str, ...]
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """An event's row: the fields without and with a question mark, separated by spaces."""

    required: str = ""
    optional: str = ""


EVERY_SERVICE = ("intake", "cancellation", "archive", "notification")

TOPICS = {
    "desk.submissions": TopicEntry(("customer_id",), ("channels",), ("intake",)),
    "desk.agent-actions": TopicEntry(
        ("contract_number", "inquiry_id", "customer_id"),
        ("desk agents' tools",),
        ("intake", "cancellation", "archive"),
    ),
    "registry.contracts": TopicEntry(("contract_number",), ("contract registry",), ("archive",)),
    "billing.invoices": TopicEntry(("contract_number",), ("billing",), ("cancellation",)),
    "desk.rejections": TopicEntry(
        ("customer_id", "agent_id"),
        ("intake", "cancellation", "archive"),
        ("channels", "notification"),
    ),
    "desk.inquiries": TopicEntry(("inquiry_id",), ("intake",), ("notification", "channels")),
    "desk.cancellation-requests": TopicEntry(("contract_number",), ("intake",), ("cancellation",)),
    "desk.contract-requests": TopicEntry(
        ("contract_number", "customer_id"), ("intake",), ("archive",)
    ),
    "desk.cancellations": TopicEntry(
        ("contract_number",),
        ("cancellation",),
        ("billing", "archive", "intake", "notification"),
    ),
    "desk.contracts": TopicEntry(
        ("contract_number",), ("archive",), ("cancellation", "intake", "notification")
    ),
    "desk.customers": TopicEntry(("customer_id",), ("archive",), ("intake", "notification")),
    "desk.notifications": TopicEntry(
        ("inquiry_id", "customer_id"), ("notification",), ("intake", "operations")
    ),
    "desk.timers": TopicEntry(
        ("id", "contract_number"),
        ("intake", "cancellation", "archive"),
        ("intake", "cancellation", "archive"),
    ),
    "desk.contract-states": TopicEntry(
        ("contract_number",), ("archive",), ("portal", "console", "billing")
    ),
    "desk.inquiry-states": TopicEntry(("inquiry_id",), ("intake",), ("portal", "console")),
    "desk.cancellation-states": TopicEntry(
        ("contract_number",), ("cancellation",), ("portal", "console", "billing")
    ),
    "desk.policies": TopicEntry(("policy",), ("cancellation",), ("portal", "console", "channels")),
    "desk.documents": TopicEntry(
        ("document_id",), ("channels", "archive"), ("archive", "intake", "channels")
    ),
    "desk.inventory-requests": TopicEntry(
        ("item_id",), ("intake", "inventory system"), ("inventory system", "intake")
    ),
    "orders.orders": TopicEntry(("order_number",), ("order system",), ("portal", "console")),
    "billing.accounts": TopicEntry(("customer_id",), ("billing",), ("portal", "console")),
    "inventory.items": TopicEntry(("item_id",), ("inventory system",), ("portal", "intake")),
    "desk.dead-letters": TopicEntry((), EVERY_SERVICE, ("operations",)),
}

_SUBMISSION = "customer_id channel received_at"
_REGISTRY = "contract_number customer_id type title starts_on auto_renewal"
_REGISTRY_OPTIONAL = "ends_on price period activation_code"
_LAPSE = "contract_number customer_id sequence policy policy_version rule explanation"
_DECISION = f"{_LAPSE} inquiry_id"
_ORDER = "order_number customer_id placed_on lines sequence"
_ORDER_OPTIONAL = "customer_reference contract_number total"
_SHIPMENT = "shipment_number order_number customer_id"
_BOOKING = "customer_id sequence booked_on"
_NOTIFICATION = "notification_id template recipient_hash attempts"

EVENTS: dict[str, dict[str, Fields]] = {
    "desk.submissions": {
        "submission.inquiry.v1": Fields(
            f"{_SUBMISSION} request_type subject text", "language contract_number contact"
        ),
        "submission.follow_up.v1": Fields(f"{_SUBMISSION} inquiry_id", "language text close"),
        "submission.registration.v1": Fields(
            f"{_SUBMISSION} name email phone company country consents", "language"
        ),
        "submission.contract_copy.v1": Fields(f"{_SUBMISSION} contract_number", "language contact"),
        "submission.contract_acceptance.v1": Fields(
            f"{_SUBMISSION} contract_number accepted signed_by signed_at",
            "language text_sha256 authentication",
        ),
        "submission.contract_viewed.v1": Fields(
            f"{_SUBMISSION} contract_number document_id viewed_at", "language"
        ),
        "submission.servicepac_activation.v1": Fields(
            f"{_SUBMISSION} contract_number activation_code", "language"
        ),
        "submission.cancellation.v1": Fields(
            f"{_SUBMISSION} contract_numbers contact",
            "language requested_end_on destruction_confirmed signature comment",
        ),
        "submission.cancellation_evidence.v1": Fields(
            f"{_SUBMISSION} contract_number", "language destruction_confirmed signature contact"
        ),
        "submission.cancellation_withdrawal.v1": Fields(
            f"{_SUBMISSION} contract_number", "language comment"
        ),
        "submission.profile_update.v1": Fields(
            _SUBMISSION, "language name email phone company country"
        ),
        "submission.consent_withdrawal.v1": Fields(
            f"{_SUBMISSION} purpose wording_version withdrawn_at", "language"
        ),
        "submission.inventory_update.v1": Fields(
            f"{_SUBMISSION} item_id expected_version changes", "language comment"
        ),
    },
    "desk.rejections": {
        "submission.rejected.v1": Fields("submission_id customer_id errors"),
        "agent.action_refused.v1": Fields("action_id agent_id errors"),
    },
    "registry.contracts": {
        "registry.contract_recorded.v1": Fields(_REGISTRY, _REGISTRY_OPTIONAL),
        "registry.contract_terminated.v1": Fields("contract_number terminated_on", "reason"),
    },
    "billing.invoices": {
        "billing.invoice_issued.v1": Fields(
            "invoice_number contract_number customer_id issued_on renewal", "total"
        ),
        "billing.invoice_paid.v1": Fields("invoice_number contract_number paid_on", "amount"),
        "billing.invoice_voided.v1": Fields(
            "invoice_number contract_number voided_on", "replaced_by"
        ),
        "billing.payment_reversed.v1": Fields(
            "invoice_number contract_number reversed_on", "amount"
        ),
    },
    "desk.agent-actions": {
        "agent.access_authorised.v1": Fields("customer_id agent_id"),
        "agent.referral_decided.v1": Fields(
            "contract_number agent_id approved", "effective_on reason"
        ),
        "agent.inquiry_answered.v1": Fields("inquiry_id agent_id text", "resolve"),
        "agent.inquiry_routed.v1": Fields("inquiry_id agent_id queue", "reason"),
        "agent.activation_unlocked.v1": Fields("contract_number agent_id"),
        "agent.contract_approved.v1": Fields("contract_number document_id agent_id"),
    },
    "desk.inquiries": {
        "inquiry.opened.v1": Fields(
            "inquiry_id submission_id reference kind customer_id channel subject queue opened_at "
            "answer_due_at contact language contract_numbers"
        ),
        "inquiry.progressed.v1": Fields("inquiry_id status note"),
        "inquiry.resolved.v1": Fields(),
        "inquiry.closed.v1": Fields(),
        "inquiry.reopened.v1": Fields(),
        "inquiry.overdue.v1": Fields(),
    },
    "desk.cancellations": {
        "cancellation.scheduled.v1": Fields(
            f"{_DECISION} received_on complete_on notice_ends_on effective_on last_billable_on"
        ),
        "cancellation.not_required.v1": Fields(_DECISION, "lapses_on ends_on lapsed_on"),
        "cancellation.evidence_awaited.v1": Fields(f"{_DECISION} missing due_on"),
        "cancellation.evidence_reminded.v1": Fields(f"{_DECISION} missing due_on"),
        "cancellation.expired.v1": Fields(f"{_DECISION} due_on"),
        "cancellation.referred.v1": Fields(f"{_LAPSE} cause", "inquiry_id"),
        "cancellation.refused.v1": Fields(f"{_LAPSE} reason agent_id", "inquiry_id"),
        "cancellation.already_scheduled.v1": Fields(f"{_DECISION} effective_on first_inquiry_id"),
        "cancellation.withdrawn.v1": Fields(f"{_DECISION} withdrawn_on"),
        "cancellation.withdrawal_refused.v1": Fields(f"{_DECISION} cause"),
        "cancellation.took_effect.v1": Fields(f"{_DECISION} effective_on last_billable_on"),
        "renewal.lapsed.v1": Fields(
            f"{_LAPSE} invoice_number issued_on effective_on last_billable_on", "inquiry_id"
        ),
        "cancellation.suspended.v1": Fields(f"{_DECISION} cause effective_on"),
        "renewal.watched.v1": Fields(f"{_LAPSE} invoice_number issued_on lapses_on", "inquiry_id"),
        "renewal.reinstated.v1": Fields(f"{_LAPSE} invoice_number paid_on lapsed_on", "inquiry_id"),
    },
    "desk.contracts": {
        "contract.recorded.v1": Fields(_REGISTRY, "ends_on price period acceptable"),
        "contract.text_issued.v1": Fields("contract_number customer_id document_id version sha256"),
        "contract.status_changed.v1": Fields("status"),
        "contract.accepted.v1": Fields("document_id sha256"),
        "contract.copy_ready.v1": Fields("document_id sha256 inquiry_id available_until"),
        "contract.copy_denied.v1": Fields("inquiry_id cause"),
        "contract.activated.v1": Fields(),
        "contract.activation_failed.v1": Fields("inquiry_id attempts_left"),
    },
    "desk.customers": {
        "customer.registered.v1": Fields(),
        "customer.access_authorised.v1": Fields(),
    },
    "desk.contract-states": {"contract.state.v1": Fields("contract_number sequence")},
    "desk.inquiry-states": {"inquiry.state.v1": Fields("inquiry_id sequence")},
    "desk.cancellation-states": {"cancellation.state.v1": Fields("contract_number sequence")},
    "desk.policies": {"policy.in_force.v1": Fields("policy version holds_from terms summary")},
    "desk.documents": {
        "document.received.v1": Fields(
            "document_id customer_id purpose file_name media_type size sha256 link expires_at"
        ),
        "document.kept.v1": Fields("document_id"),
        "document.refused.v1": Fields("document_id cause"),
    },
    "desk.inventory-requests": {
        "inventory.update_decided.v1": Fields("inquiry_id accepted", "reason"),
    },
    "orders.orders": {
        "order.placed.v1": Fields(_ORDER, _ORDER_OPTIONAL),
        "order.changed.v1": Fields(_ORDER, _ORDER_OPTIONAL),
        "order.cancelled.v1": Fields("order_number customer_id sequence"),
        "shipment.dispatched.v1": Fields(
            f"{_SHIPMENT} carrier dispatched_at lines", "tracking_number tracking_url expected_on"
        ),
        "shipment.progressed.v1": Fields(f"{_SHIPMENT} status at", "note"),
        "shipment.delivered.v1": Fields(f"{_SHIPMENT} delivered_at", "received_by"),
    },
    "billing.accounts": {
        "account.invoice_issued.v1": Fields(
            f"{_BOOKING} invoice_number issued_on due_on lines net taxes total", "period document"
        ),
        "account.credit_note_issued.v1": Fields(
            f"{_BOOKING} credit_note_number lines net taxes total", "invoice_number reason document"
        ),
        "account.payment_received.v1": Fields(
            f"{_BOOKING} payment_id received_on amount allocations"
        ),
        "account.payment_reversed.v1": Fields(f"{_BOOKING} payment_id"),
        "account.balance_stated.v1": Fields(f"{_BOOKING} as_of balance"),
    },
    "inventory.items": {
        "inventory.item_recorded.v1": Fields(
            "item_id customer_id product status version",
            "contract_number model serial_number site installed_on covered_until",
        ),
    },
    "desk.notifications": {
        "notification.sent.v1": Fields(_NOTIFICATION, "inquiry_id error"),
        "notification.failed.v1": Fields(_NOTIFICATION, "inquiry_id error"),
    },
}

LENIENT = {
    ("Contact", "name"): "A contact may come without a name: the desk completes it from the "
    "registration (F4), or asks for it as missing evidence (F12) instead of rejecting the request."
}
"""Where the desk accepts more than the page asks for, and why."""
