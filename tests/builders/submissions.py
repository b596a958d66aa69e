"""Submissions to intake, the answers that come back to it, and an intake to send them to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.inquiry_intake.inquiry.decide import Inquiry, Rules, decide
from services.inquiry_intake.inquiry.state import INQUIRY
from services.inquiry_intake.replicas import CUSTOMER
from services.inquiry_intake.service import deciders, route
from shared.desk_hours.holiday_dates import madrid_calendar
from shared.events.agents import InquiryAnswered, InquiryRouted
from shared.events.cancellations import (
    CancellationAlreadyScheduled,
    CancellationEvent,
    CancellationEvidenceAwaited,
    CancellationEvidenceReminded,
    CancellationExpired,
    CancellationNotRequired,
    CancellationReferred,
    CancellationRefused,
    CancellationScheduled,
    CancellationSuspended,
    CancellationTookEffect,
    CancellationWithdrawalRefused,
    CancellationWithdrawn,
    RenewalLapsed,
)
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractActivated,
    ContractActivationFailed,
    ContractCopyDenied,
    ContractCopyReady,
    CustomerConsentWithdrawn,
    CustomerProfileUpdated,
    CustomerRegistered,
    CustomerRequestDenied,
)
from shared.events.envelope import Event, Message, Ref, Unchecked, message_uuid
from shared.events.notifications import NotificationFailed, NotificationSent
from shared.events.topics import INTAKE
from shared.events.values import Bilingual, ConsentPurpose, KeptConsent
from shared.runtime.decider import Service
from tests.fakes.memory_stage import MemoryStage

WEB = "/channels/web"
CUSTOMER_ID = "C-0001"
STRANGER_ID = "C-0002"
NUMBER = "MT-2026.0001"
OTHER_NUMBER = "LM-2026.0002"
ITEM_ID = "I-0001"
CODE = "KEY-7QX2"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
RECEIVED_AT = "2026-03-02T10:59:00+01:00"
NOTE = Bilingual(es="Texto de prueba.", en="Test text.")
RULES = Rules(calendar=madrid_calendar())

_SENT = {"customer_id": CUSTOMER_ID, "channel": "web", "received_at": RECEIVED_AT}
_CONSENT = {"wording_version": "2026-01", "given_at": "2026-03-02T10:58:00+01:00"}
CONSENTS = [
    {"purpose": "store_and_contact", **_CONSENT},
    {"purpose": "transfer_abroad", **_CONSENT},
]
SIGNATURE = {
    "kind": "signed_document",
    "reference": "DOC-1",
    "signed_by": "Cliente de Prueba",
    "signed_on": "2026-03-01",
}
PROOF = {
    "method": "otp",
    "level": "substantial",
    "at": "2026-03-02T10:57:00+01:00",
    "reference": "TX-1",
}
CONTACT = {"name": "Cliente de Prueba", "email": "cliente@example.test"}

SOUND: dict[str, dict[str, Any]] = {
    "inquiry": {
        "request_type": "contracts",
        "subject": "Duda de prueba",
        "text": "¿Cuándo vence mi contrato?",
    },
    "registration": {
        "name": "Cliente de Prueba",
        "email": "cliente@example.test",
        "phone": "900 000 000",
        "company": "Empresa de Prueba",
        "country": "ES",
        "consents": CONSENTS,
    },
    "contract_copy": {"contract_number": NUMBER},
    "contract_acceptance": {
        "contract_number": NUMBER,
        "accepted": True,
        "signed_by": "Cliente de Prueba",
        "signed_at": "2026-03-02T10:58:00+01:00",
    },
    "servicepac_activation": {"contract_number": NUMBER, "activation_code": CODE},
    "cancellation": {"contract_numbers": [NUMBER, OTHER_NUMBER], "contact": CONTACT},
    "cancellation_evidence": {"contract_number": NUMBER, "destruction_confirmed": True},
    "cancellation_withdrawal": {"contract_number": NUMBER},
    "profile_update": {"email": "nuevo@example.test"},
    "consent_withdrawal": {
        "purpose": "transfer_abroad",
        "wording_version": "2026-01",
        "withdrawn_at": "2026-03-02T10:58:00+01:00",
    },
    "inventory_update": {
        "item_id": ITEM_ID,
        "expected_version": 3,
        "changes": {"site": "Almacén de Prueba"},
    },
}
"""A sound body of every kind that opens an inquiry, without what all have in common."""


def intake(*given: Message) -> MemoryStage:
    """An intake that has received `given`."""
    history = MemoryStage(Service(INTAKE, deciders(RULES), route), NOW)
    history.receive(*given)
    return history


def decided(message: Message) -> list[Event]:
    """Decides a submission in its own record."""
    own = Ref(INQUIRY, str(message_uuid(message.source, message.id)))
    handed = replace(message, aggregate=own, replicas={own: None, Ref(CUSTOMER, CUSTOMER_ID): None})
    return decide(RULES, handed, None, NOW)


def record(history: MemoryStage, inquiry_id: str) -> Inquiry:
    """The state of one submission's record."""
    state = history.state(Ref(INQUIRY, inquiry_id))
    assert isinstance(state, Inquiry)
    return state


def submission(kind: str, message_id: str = "s-1", /, **fields: Any) -> Message:
    """A sound submission with `fields` put over it; None takes a field away."""
    body = {**_SENT, **SOUND.get(kind, {}), **fields}
    given = {name: value for name, value in body.items() if value is not None}
    data = Unchecked(f"submission.{kind}.v1", given)
    return Message(WEB, message_id, data, key=str(body["customer_id"]))


def viewed(message_id: str = "v-1", /, **fields: Any) -> Message:
    given = {
        "contract_number": NUMBER,
        "document_id": "text-1",
        "viewed_at": "2026-03-02T10:58:00+01:00",
    }
    return submission("contract_viewed", message_id, **{**given, **fields})


def follow_up(inquiry_id: str, message_id: str = "f-1", /, **fields: Any) -> Message:
    return submission("follow_up", message_id, inquiry_id=inquiry_id, **fields)


def inquiry_id_of(message_id: str = "s-1") -> str:
    return str(message_uuid(WEB, message_id))


INQUIRY_ID = inquiry_id_of()


def event(data: Event, message_id: str) -> Message:
    """An event of another service or an agent, as a message."""
    return Message("/services/test", message_id, data)


def registered(inquiry_id: str | None = None, message_id: str = "r-1") -> Message:
    profile = CustomerRegistered(
        customer_id=CUSTOMER_ID,
        name="Cliente de Prueba",
        email="registro@example.test",
        phone="900 000 000",
        company="Empresa de Prueba",
        country="ES",
        consents=tuple(
            KeptConsent(purpose=purpose, wording_version="2026-01", given_at=NOW)
            for purpose in ConsentPurpose
        ),
        registered_at=NOW,
        inquiry_id=inquiry_id,
    )
    return event(profile, message_id)


def profile_answer(
    of: type[CustomerProfileUpdated] | type[CustomerConsentWithdrawn] | type[CustomerRequestDenied],
    inquiry_id: str = INQUIRY_ID,
) -> Message:
    """The archive's answer to an update of the profile or a withdrawn consent."""
    profile = registered().data
    assert isinstance(profile, CustomerRegistered)
    data = of.model_validate(
        {
            **profile.model_dump(),
            "inquiry_id": inquiry_id if of is CustomerRequestDenied else inquiry_id_of("of-r-1"),
            "answers_inquiry_id": inquiry_id,
            "email": "nuevo@example.test",
            "purpose": "transfer_abroad",
            "wording_version": "2026-01",
            "withdrawn_at": RECEIVED_AT,
            "cause": "not_registered",
        }
    )
    return event(data, f"{of.ce_type} {inquiry_id}")


_DAY = date(2026, 4, 1)
_LAST_DAY = date(2026, 3, 31)

_DECISIONS: dict[type[CancellationEvent], dict[str, Any]] = {
    CancellationScheduled: {
        "received_on": NOW.date(),
        "complete_on": NOW.date(),
        "notice_ends_on": _DAY,
        "effective_on": _DAY,
        "last_billable_on": _LAST_DAY,
    },
    CancellationNotRequired: {},
    CancellationEvidenceAwaited: {"missing": ("signature",), "due_on": _DAY},
    CancellationEvidenceReminded: {"missing": ("signature",), "due_on": _DAY},
    CancellationExpired: {"due_on": _DAY},
    CancellationReferred: {"cause": "no_policy"},
    CancellationSuspended: {"cause": "holder_changed", "effective_on": _DAY},
    CancellationRefused: {"reason": "Motivo de prueba.", "agent_id": "A-1"},
    CancellationAlreadyScheduled: {"effective_on": _DAY, "first_inquiry_id": "another"},
    CancellationWithdrawn: {"withdrawn_on": NOW.date()},
    CancellationWithdrawalRefused: {"cause": "nothing_scheduled"},
    CancellationTookEffect: {"effective_on": _DAY, "last_billable_on": _LAST_DAY},
    RenewalLapsed: {
        "invoice_number": "F-0001",
        "issued_on": NOW.date(),
        "effective_on": _DAY,
        "last_billable_on": _LAST_DAY,
    },
}
DECISIONS = tuple(of for of in _DECISIONS if of is not RenewalLapsed)
"""The decisions on what somebody asked for; a lapse answers nobody."""


def decision(
    of: type[CancellationEvent],
    sequence: int = 1,
    number: str = NUMBER,
    inquiry_id: str | None = INQUIRY_ID,
    answers: str | None = None,
) -> Message:
    """A decision on a contract's cancellation."""
    data = of.model_validate(
        {
            "contract_number": number,
            "customer_id": CUSTOMER_ID,
            "inquiry_id": inquiry_id,
            "answers_inquiry_id": answers,
            "sequence": sequence,
            "policy": "test",
            "policy_version": "1",
            "rule": "test",
            "explanation": NOTE,
            **_DECISIONS[of],
        }
    )
    return event(data, f"{of.ce_type} {number} {sequence}")


ContractAnswerType = (
    type[ContractCopyReady]
    | type[ContractCopyDenied]
    | type[ContractAccepted]
    | type[ContractAcceptanceDenied]
    | type[ContractActivated]
    | type[ContractActivationFailed]
)


def contract_answer(
    of: ContractAnswerType, inquiry_id: str = INQUIRY_ID, cause: str = "not_available"
) -> Message:
    """The archive's answer to a copy, an acceptance or an activation."""
    data = of.model_validate(
        {
            "contract_number": NUMBER,
            "customer_id": CUSTOMER_ID,
            "inquiry_id": inquiry_id,
            "document_id": "document-1",
            "sha256": "ab" * 32,
            "available_until": NOW + timedelta(days=30),
            "cause": cause,
            "attempts_left": 4,
        }
    )
    return event(data, f"{of.ce_type} {inquiry_id}")


def agent_answers(
    *, resolve: bool, message_id: str = "a-1", inquiry_id: str = INQUIRY_ID
) -> Message:
    data = InquiryAnswered(
        agent_id="A-1", inquiry_id=inquiry_id, text="Vence en junio.", resolve=resolve
    )
    return event(data, message_id)


def agent_routes(queue: str = "billing", inquiry_id: str = INQUIRY_ID) -> Message:
    data = InquiryRouted(agent_id="A-1", inquiry_id=inquiry_id, queue=queue, reason="interno")
    return event(data, f"route {inquiry_id} {queue}")


def mail(
    *, delivered: bool, message_id: str = "n-1", inquiry_id: str | None = INQUIRY_ID
) -> Message:
    """Builds the outcome of a mail about an inquiry."""
    of = NotificationSent if delivered else NotificationFailed
    data = of.model_validate(
        {
            "notification_id": message_id,
            "template": "inquiry_opened",
            "recipient_hash": "0" * 16,
            "customer_id": CUSTOMER_ID,
            "inquiry_id": inquiry_id,
            "attempts": 1,
            "error": "mailbox unavailable",
        }
    )
    return event(data, message_id)


def types(events: list[Event]) -> list[str]:
    return [event.ce_type for event in events]
