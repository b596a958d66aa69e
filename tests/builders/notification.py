"""One of every event that customers hear of, and a notification service without any server.

`Notifications` does the work that is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from services.notification.mail.compose import Composer, Rendered
from services.notification.mail.recipients import Known, known, language_of, recipient_of, refs_of
from services.notification.mail.state import KIND as NOTIFICATION
from services.notification.mail.state import Notification
from services.notification.service import build
from services.notification.settings import Settings
from shared.events import cancellations as c
from shared.events import contracts as k
from shared.events import inquiries as i
from shared.events.envelope import Event, Message, Ref
from shared.events.internal import MailAttempted
from shared.events.submissions import SubmissionRejected
from shared.events.values import (
    Bilingual,
    Channel,
    ConsentPurpose,
    Contact,
    Detail,
    Evidence,
    FieldError,
    Language,
)
from shared.runtime.decider import Decider, Work
from tests.fakes.memory_stage import MemoryStage

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
CUSTOMER = "C-0001"
CONTRACT = "MT-2027/0001"
TITLE = "Mantenimiento de Prueba"
INQUIRY = "inq-1"
REFERENCE = "INQ-7K3QZ-R2M9T-D"
CODE = "KEY-7QX2-PRUEBA"
NAME = "Cliente de Prueba"
INQUIRY_EMAIL = "consulta@example.test"
PROFILE_EMAIL = "perfil@example.test"
FILE_EMAIL = "expediente@example.test"
EVENT_EMAIL = "rechazo@example.test"
SHA256 = "ab" * 32
LINK = "https://desk.example.test/documents?id=1&token=prueba"


def settings(**given: Any) -> Settings:
    return Settings(**given)


def opened(**given: Any) -> i.InquiryOpened:
    """A cancellation request of `CUSTOMER` for `CONTRACT`, by web, with a contact of its own."""
    facts: dict[str, Any] = {
        "inquiry_id": INQUIRY,
        "submission_id": "sub-1",
        "reference": REFERENCE,
        "kind": i.InquiryKind.CANCELLATION,
        "customer_id": CUSTOMER,
        "channel": Channel.WEB,
        "subject": "Solicitud de cancelación",
        "queue": "cancellations",
        "opened_at": NOW,
        "answer_due_at": NOW + timedelta(hours=8),
        "contact": Contact(name=NAME, email=INQUIRY_EMAIL, phone="+34 900 000 000"),
        "language": Language.ES,
        "contract_numbers": (CONTRACT,),
        "details": (
            Detail(field="received_at", value="2027-03-01T08:59:30Z"),
            Detail(field="contract_numbers", value=CONTRACT),
            Detail(field="contact.name", value=NAME),
            Detail(field="contact.email", value=INQUIRY_EMAIL),
            Detail(field="requested_end_on", value="2027-04-05"),
            Detail(field="destruction_confirmed", value="true"),
            Detail(field="signature.kind", value="electronic"),
            Detail(field="comment", value="Primera línea.\nSegunda línea, con acentos: ñ, á, ü."),
        ),
    }
    return i.InquiryOpened(**{**facts, **given})


def progressed(status: str = "answered") -> i.InquiryProgressed:
    note = Bilingual(
        es="Su contrato vence en abril.\nNo se renovará.", en="Your contract ends in April."
    )
    return i.InquiryProgressed(inquiry_id=INQUIRY, status=status, note=note)


def closed(by: i.ClosedBy = i.ClosedBy.CUSTOMER) -> i.InquiryClosed:
    return i.InquiryClosed(inquiry_id=INQUIRY, by=by)


def reopened(by: i.ClosedBy = i.ClosedBy.CUSTOMER) -> i.InquiryReopened:
    return i.InquiryReopened(
        inquiry_id=INQUIRY, by=by, answer_due_at=NOW + timedelta(days=1, hours=8)
    )


def rejected(**given: Any) -> SubmissionRejected:
    wrong = Bilingual(
        es="Este dato no tiene el formato esperado.",
        en="This field does not have the expected format.",
    )
    missing = Bilingual(es="Falta este dato.", en="This field is missing.")
    facts: dict[str, Any] = {
        "submission_id": "sub-2",
        "customer_id": CUSTOMER,
        "errors": (
            FieldError(field="email", code="wrong_format", message=wrong),
            FieldError(field="consents.1.purpose", code="missing", message=missing),
            FieldError(field="received_at", code="in_future", message=wrong),
        ),
        "submission_type": "submission.registration.v1",
        "contact": Contact(name=NAME, email=EVENT_EMAIL),
    }
    return SubmissionRejected(**{**facts, **given})


_DECISION: dict[str, Any] = {
    "contract_number": CONTRACT,
    "customer_id": CUSTOMER,
    "inquiry_id": INQUIRY,
    "sequence": 1,
    "policy": "written-notice",
    "policy_version": "1",
    "rule": "complete",
    "explanation": Bilingual(
        es="Hemos recibido su solicitud, completa y firmada.",
        en="We have received your request, complete and signed.",
    ),
}
EFFECTIVE = date(2027, 4, 5)
LAST_DAY = date(2027, 4, 4)
RECEIVED = date(2027, 3, 1)


def scheduled(**given: Any) -> c.CancellationScheduled:
    facts = {
        **_DECISION,
        "received_on": RECEIVED,
        "complete_on": RECEIVED,
        "notice_ends_on": date(2027, 3, 31),
        "effective_on": EFFECTIVE,
        "last_billable_on": LAST_DAY,
    }
    return c.CancellationScheduled(**{**facts, **given})


def not_required(lapses_on: date | None = EFFECTIVE) -> c.CancellationNotRequired:
    return c.CancellationNotRequired(**_DECISION, lapses_on=lapses_on)


def evidence_awaited(**given: Any) -> c.CancellationEvidenceAwaited:
    facts = {**_DECISION, "missing": tuple(Evidence), "due_on": date(2027, 3, 31)}
    return c.CancellationEvidenceAwaited(**{**facts, **given})


def referred(**given: Any) -> c.CancellationReferred:
    facts = {**_DECISION, "cause": c.ReferralCause.CONTRACT_NOT_FOUND}
    return c.CancellationReferred(**{**facts, **given})


def lapsed(**given: Any) -> c.RenewalLapsed:
    facts = {
        **_DECISION,
        "inquiry_id": None,
        "invoice_number": "F-0001",
        "issued_on": date(2027, 1, 20),
        "effective_on": EFFECTIVE,
        "last_billable_on": LAST_DAY,
    }
    return c.RenewalLapsed(**{**facts, **given})


def recorded(**given: Any) -> k.ContractRecorded:
    facts: dict[str, Any] = {
        "contract_number": CONTRACT,
        "customer_id": CUSTOMER,
        "type": k.ContractType.SOFTWARE_MAINTENANCE,
        "title": TITLE,
        "starts_on": date(2027, 1, 1),
        "auto_renewal": False,
    }
    return k.ContractRecorded(**{**facts, **given})


def recorded_servicepac(**given: Any) -> k.RegistryContractRecorded:
    """As the registry reports it: no topic that the desk writes carries the code."""
    facts = {"type": k.ContractType.SERVICEPAC, "activation_code": CODE}
    record = recorded(**{**facts, **given}).model_dump()
    return k.RegistryContractRecorded.model_validate(record)


def _contract_answer(**given: Any) -> dict[str, Any]:
    return {
        "contract_number": CONTRACT,
        "customer_id": CUSTOMER,
        "inquiry_id": INQUIRY,
        **given,
    }


def copy_ready(link: str | None = LINK) -> k.ContractCopyReady:
    return k.ContractCopyReady(
        **_contract_answer(),
        document_id="doc-1",
        sha256=SHA256,
        available_until=NOW + timedelta(days=30),
        link=link,
    )


def copy_denied(**given: Any) -> k.ContractCopyDenied:
    return k.ContractCopyDenied(**_contract_answer(**{"cause": "not_available", **given}))


def activation_failed(attempts_left: int = 4) -> k.ContractActivationFailed:
    return k.ContractActivationFailed(**_contract_answer(), attempts_left=attempts_left)


def _profile(**given: Any) -> dict[str, Any]:
    facts = {
        "customer_id": CUSTOMER,
        "name": NAME,
        "email": PROFILE_EMAIL,
        "phone": "+34 900 000 000",
        "company": "Empresa de Prueba",
        "country": "ES",
        "consents": (),
        "registered_at": NOW,
    }
    return {**facts, **given}


def registered(**given: Any) -> k.CustomerRegistered:
    return k.CustomerRegistered(**_profile(**given))


def authorised(**given: Any) -> k.CustomerAccessAuthorised:
    return k.CustomerAccessAuthorised(**_profile(access=True, **given))


_ANSWERED = {"inquiry_id": "inq-registration", "answers_inquiry_id": INQUIRY}


def profile_updated(**given: Any) -> k.CustomerProfileUpdated:
    return k.CustomerProfileUpdated(**_profile(**{**_ANSWERED, **given}))


def consent_withdrawn(**given: Any) -> k.CustomerConsentWithdrawn:
    withdrawal = {
        "purpose": ConsentPurpose.TRANSFER_ABROAD,
        "wording_version": "2026-01",
        "withdrawn_at": NOW,
    }
    return k.CustomerConsentWithdrawn(**_profile(**{**_ANSWERED, **withdrawal, **given}))


ONE_OF_EACH: dict[str, Event] = {
    "submission_rejected": rejected(),
    "inquiry_opened": opened(),
    "inquiry_answered": progressed("answered"),
    "inquiry_routed": progressed("routed"),
    "inventory_update_decided": progressed("inventory_updated"),
    "inquiry_closed": closed(),
    "inquiry_reopened": reopened(),
    "cancellation_scheduled": scheduled(),
    "cancellation_not_required": not_required(),
    "cancellation_evidence_awaited": evidence_awaited(),
    "cancellation_evidence_reminded": c.CancellationEvidenceReminded(
        **_DECISION, missing=(Evidence.SIGNATURE,), due_on=date(2027, 3, 31)
    ),
    "cancellation_expired": c.CancellationExpired(**_DECISION, due_on=date(2027, 3, 31)),
    "cancellation_referred": referred(),
    "cancellation_refused": c.CancellationRefused(
        **_DECISION, reason="El contrato tiene una permanencia vigente.", agent_id="agent-1"
    ),
    "cancellation_already_scheduled": c.CancellationAlreadyScheduled(
        **_DECISION, effective_on=EFFECTIVE, first_inquiry_id="inq-0"
    ),
    "cancellation_withdrawn": c.CancellationWithdrawn(**_DECISION, withdrawn_on=RECEIVED),
    "cancellation_withdrawal_refused": c.CancellationWithdrawalRefused(
        **_DECISION, cause=c.WithdrawalRefusal.NOTHING_SCHEDULED
    ),
    "cancellation_took_effect": c.CancellationTookEffect(
        **_DECISION, effective_on=EFFECTIVE, last_billable_on=LAST_DAY
    ),
    "renewal_lapsed": lapsed(),
    "cancellation_suspended": c.CancellationSuspended(
        **_DECISION, cause=c.SuspensionCause.HOLDER_CHANGED, effective_on=EFFECTIVE
    ),
    "renewal_reinstated": c.RenewalReinstated(
        **{**_DECISION, "inquiry_id": None},
        invoice_number="F-0001",
        paid_on=LAST_DAY,
        lapsed_on=EFFECTIVE,
    ),
    "servicepac_activation_code": recorded_servicepac(),
    "contract_accepted": k.ContractAccepted(
        **_contract_answer(), document_id="doc-2", sha256=SHA256
    ),
    "contract_acceptance_denied": k.ContractAcceptanceDenied(
        **_contract_answer(), cause="not_available"
    ),
    "contract_copy_ready": copy_ready(),
    "contract_copy_denied": copy_denied(),
    "contract_activated": k.ContractActivated(**_contract_answer()),
    "contract_activation_failed": activation_failed(),
    "customer_registered": registered(),
    "customer_access_authorised": authorised(),
    "customer_profile_updated": profile_updated(),
    "customer_consent_withdrawn": consent_withdrawn(),
    "customer_request_denied": k.CustomerRequestDenied(
        customer_id=CUSTOMER,
        inquiry_id=INQUIRY,
        cause=k.CustomerDenialCause.NOT_REGISTERED,
    ),
}
"""Template name to an event that causes it."""

Outcome = tuple[str | None, bool]
ACCEPTED: Outcome = (None, False)


class Notifications:
    """The service's own stage, in a world where `now` only moves when it is told to."""

    def __init__(self, *received: Event, **given: Any) -> None:
        self.settings = settings(**given)
        self.stage = MemoryStage(build(self.settings), NOW)
        self._known: dict[str, list[Event]] = {}
        for event in received:
            self.receive(event)

    @property
    def now(self) -> datetime:
        return self.stage.now

    @now.setter
    def now(self, now: datetime) -> None:
        self.stage.now = now

    @property
    def deciders(self) -> dict[str, Decider[Any]]:
        return {decider.kind: decider for decider in self.stage.service.deciders}

    @property
    def states(self) -> dict[Ref, Any]:
        return self.stage.states

    @property
    def happened(self) -> dict[Ref, list[Event]]:
        return self.stage.happened

    def receive(self, event: Event, message_id: str | None = None) -> list[Event]:
        """Decides the message and returns the new entries; a repeat adds none."""
        identity = message_id or f"message {len(self._known)}"
        message = Message("/services/test", identity, event, correlation_id="submission-1")
        self.stage.receive(message)
        gained = [event for ref, event in self.stage.latest if ref.kind == NOTIFICATION]
        return self._known.setdefault(identity, gained)

    @cached_property
    def composer(self) -> Composer:
        return Composer(self.settings.imprint, self.settings.letterhead)

    @property
    def notifications(self) -> list[Notification]:
        found = (state for ref, state in self.states.items() if ref.kind == NOTIFICATION)
        return [state for state in found if state is not None]

    @property
    def last(self) -> Notification:
        return self.notifications[-1]

    def history(self, notification: Notification) -> list[Event]:
        return self.happened[Ref(NOTIFICATION, notification.notification_id)]

    def work(self, notification: Notification | None = None) -> Work:
        state = notification or self.last
        ref = Ref(NOTIFICATION, state.notification_id)
        return Work(ref, state, self._read, AsyncExitStack())

    async def _read(self, refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        return {ref: self.states[ref] for ref in refs if ref in self.states}

    def attempted(self, outcome: Outcome, notification: Notification | None = None) -> list[Event]:
        """The worker reports on the attempt that is due."""
        state = notification or self.last
        error, permanent = outcome
        return self.receive(
            MailAttempted(
                notification_id=state.notification_id,
                attempt=state.attempts + 1,
                recipient_hash="0" * 32,
                error=error,
                permanent=permanent,
            )
        )

    def attempted_until_it_ends(self, outcome: Outcome) -> list[datetime]:
        """When each attempt was made; the worker is always on time."""
        attempts = []
        while self.last.next_at is not None:
            self.now = self.last.next_at
            attempts.append(self.now)
            self.attempted(outcome)
        return attempts

    def addressed(self, notification: Notification | None = None) -> Any:
        """Where the mail would go now, or why nowhere."""
        state = notification or self.last
        return recipient_of(state, self.known_of(state))

    def known_of(self, notification: Notification) -> Known:
        refs = refs_of(notification)
        return known(notification, {ref: self.states.get(ref) for ref in refs})

    @property
    def language(self) -> Language:
        return language_of(self.last, self.known_of(self.last))

    def composed(self) -> bytes:
        return self.composer.compose(self.last, self.known_of(self.last), self.addressed())

    def rendered(
        self, language: Language | None = None, notification: Notification | None = None
    ) -> Rendered:
        state = notification or self.last
        seen, to = self.known_of(state), self.addressed(state)
        return self.composer.render(state, seen, to, language or language_of(state, seen))

    @property
    def refolded(self) -> Mapping[Ref, Any]:
        """Folds the histories event by event, as read back from JSON."""
        return self.stage.folded


def world_with(template: str) -> Notifications:
    """A world that knows customer, contract and inquiry, and has just been told of this event."""
    return Notifications(
        registered(inquiry_id=INQUIRY), recorded(), opened(), ONE_OF_EACH[template]
    )


def types(events: Sequence[Event]) -> list[str]:
    return [event.ce_type for event in events]
