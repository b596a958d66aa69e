"""Messages to the contract archive, and an archive without broker, database or real time.

`Archive` sends the timers that are due and does the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from services.contract_archive.contract import decide as contract
from services.contract_archive.contract.state import CONTRACT, ContractState
from services.contract_archive.customer.decide import CUSTOMER, CustomerState
from services.contract_archive.rules import Rules
from services.contract_archive.service import contract_decider, customer_decider, route
from shared.events.activation_code import keyed_hash
from shared.events.agents import AccessAuthorised, ActivationUnlocked, ContractApproved
from shared.events.cancellations import (
    CancellationEvent,
    CancellationNotRequired,
    CancellationScheduled,
    CancellationSuspended,
    CancellationTookEffect,
    CancellationWithdrawn,
    RenewalLapsed,
    RenewalReinstated,
    SuspensionCause,
)
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractActivated,
    ContractActivationFailed,
    ContractCopyDenied,
    ContractCopyReady,
    ContractType,
    RegistryContractRecorded,
    RegistryContractTerminated,
)
from shared.events.envelope import Event, Message, Ref
from shared.events.internal import DocumentStored
from shared.events.requests import (
    ContractAcceptanceRequested,
    ContractActivationRequested,
    ContractCopyRequested,
    ContractViewReported,
    CustomerConsentWithdrawalRequested,
    CustomerProfileUpdateRequested,
    CustomerRegistrationRequested,
    ServiceRequest,
)
from shared.events.topics import ARCHIVE
from shared.events.values import Bilingual, Channel, Consent, ConsentPurpose, Language
from shared.runtime.decider import Service
from tests.fakes.memory_stage import MemoryStage

NUMBER = "MT-2026/0001"
HOLDER = "C-0001"
STRANGER = "C-0002"
CODE = "KEY-7QX2"
WRONG_CODE = "KEY-0000"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GRACE = timedelta(seconds=5)
RULES = Rules(access_grace=GRACE)
SHA256 = "ab" * 32


def recorded(**facts: Any) -> RegistryContractRecorded:
    """A maintenance contract that runs since January, held by `HOLDER`."""
    given: dict[str, Any] = {
        "contract_number": NUMBER,
        "customer_id": HOLDER,
        "type": ContractType.SOFTWARE_MAINTENANCE,
        "title": "Mantenimiento de Prueba",
        "starts_on": date(2026, 1, 1),
        "auto_renewal": False,
    }
    return RegistryContractRecorded(**{**given, **facts})


def recorded_servicepac(**facts: Any) -> RegistryContractRecorded:
    given = {"type": ContractType.SERVICEPAC, "activation_code": CODE}
    return recorded(**{**given, **facts})


def registration(
    customer_id: str = HOLDER, inquiry_id: str = "inq-reg", name: str = "Cliente de Prueba"
) -> CustomerRegistrationRequested:
    consents = tuple(
        Consent(purpose=purpose, wording_version="2026-01", given_at=NOW)
        for purpose in ConsentPurpose
    )
    return CustomerRegistrationRequested(
        inquiry_id=inquiry_id,
        customer_id=customer_id,
        channel=Channel.WEB,
        received_at=NOW,
        language=Language.ES,
        name=name,
        email="cliente@example.test",
        phone="+34 900 000 000",
        company="Empresa de Prueba",
        country="ES",
        consents=consents,
    )


def profile_update(
    customer_id: str = HOLDER, inquiry_id: str = "inq-update", **changes: Any
) -> CustomerProfileUpdateRequested:
    return CustomerProfileUpdateRequested(
        inquiry_id=inquiry_id,
        customer_id=customer_id,
        channel=Channel.WEB,
        received_at=NOW,
        **changes,
    )


def consent_withdrawal(
    purpose: ConsentPurpose = ConsentPurpose.TRANSFER_ABROAD,
    withdrawn_at: datetime = NOW,
    customer_id: str = HOLDER,
) -> CustomerConsentWithdrawalRequested:
    return CustomerConsentWithdrawalRequested(
        inquiry_id="inq-consent",
        customer_id=customer_id,
        channel=Channel.WEB,
        received_at=NOW,
        purpose=purpose,
        wording_version="2026-02",
        withdrawn_at=withdrawn_at,
    )


def authorisation(customer_id: str = HOLDER) -> AccessAuthorised:
    return AccessAuthorised(agent_id="agent-1", customer_id=customer_id)


def copy_requested(
    inquiry_id: str = "inq-copy", customer_id: str = HOLDER, contract_number: str = NUMBER
) -> ContractCopyRequested:
    return ContractCopyRequested(
        inquiry_id=inquiry_id,
        customer_id=customer_id,
        channel=Channel.WEB,
        received_at=NOW,
        contract_number=contract_number,
        reference="INQ-00000-00000-0",
        language=Language.ES,
    )


def acceptance_requested(
    inquiry_id: str = "inq-acc", customer_id: str = HOLDER, **more: Any
) -> ContractAcceptanceRequested:
    return ContractAcceptanceRequested(
        inquiry_id=inquiry_id,
        customer_id=customer_id,
        channel=Channel.WEB,
        received_at=NOW,
        contract_number=NUMBER,
        reference="INQ-00000-00000-0",
        language=Language.ES,
        signed_by="Cliente de Prueba",
        signed_at=NOW,
        **more,
    )


def text_approved(document_id: str) -> ContractApproved:
    return ContractApproved(agent_id="agent-1", contract_number=NUMBER, document_id=document_id)


def view_reported(
    document_id: str, customer_id: str = HOLDER, viewed_at: datetime = NOW
) -> ContractViewReported:
    return ContractViewReported(
        submission_id="submission-1",
        submission_source="/channels/test",
        customer_id=customer_id,
        channel=Channel.WEB,
        received_at=NOW,
        contract_number=NUMBER,
        document_id=document_id,
        viewed_at=viewed_at,
    )


def activation_requested(
    code: str = CODE, inquiry_id: str = "inq-act", customer_id: str = HOLDER
) -> ContractActivationRequested:
    """As intake publishes it: the code by its keyed hash."""
    return ContractActivationRequested(
        inquiry_id=inquiry_id,
        customer_id=customer_id,
        channel=Channel.WEB,
        received_at=NOW,
        contract_number=NUMBER,
        code_hash=keyed_hash(RULES.activation_code_key, NUMBER, code),
    )


def unlocked() -> ActivationUnlocked:
    return ActivationUnlocked(agent_id="agent-1", contract_number=NUMBER)


def _decision(sequence: int) -> dict[str, Any]:
    return {
        "contract_number": NUMBER,
        "customer_id": HOLDER,
        "inquiry_id": "inq-cancel",
        "sequence": sequence,
        "policy": "written-notice",
        "policy_version": "1",
        "rule": "complete",
        "explanation": Bilingual(es="Texto de prueba.", en="Test text."),
    }


_DAY = date(2026, 4, 1)
_LAST_DAY = date(2026, 3, 31)


def cancellation_scheduled(sequence: int) -> CancellationEvent:
    return CancellationScheduled(
        **_decision(sequence),
        received_on=NOW.date(),
        complete_on=NOW.date(),
        notice_ends_on=_DAY,
        effective_on=_DAY,
        last_billable_on=_LAST_DAY,
    )


def cancellation_withdrawn(sequence: int, **given: Any) -> CancellationEvent:
    facts = {**_decision(sequence), "withdrawn_on": NOW.date(), **given}
    return CancellationWithdrawn(**facts)


def cancellation_suspended(sequence: int) -> CancellationEvent:
    return CancellationSuspended(
        **_decision(sequence), cause=SuspensionCause.HOLDER_CHANGED, effective_on=_DAY
    )


def cancellation_not_required(sequence: int, **given: Any) -> CancellationEvent:
    return CancellationNotRequired(**{**_decision(sequence), **given})


def renewal_reinstated(sequence: int, lapsed_on: date = _DAY) -> CancellationEvent:
    return RenewalReinstated(
        **_decision(sequence), invoice_number="F-0001", paid_on=_LAST_DAY, lapsed_on=lapsed_on
    )


def terminated(terminated_on: date) -> RegistryContractTerminated:
    return RegistryContractTerminated(contract_number=NUMBER, terminated_on=terminated_on)


def cancellation_took_effect(sequence: int) -> CancellationEvent:
    return CancellationTookEffect(
        **_decision(sequence), effective_on=_DAY, last_billable_on=_LAST_DAY
    )


def renewal_lapsed(sequence: int) -> CancellationEvent:
    return RenewalLapsed(
        **_decision(sequence),
        invoice_number="F-0001",
        issued_on=date(2026, 1, 15),
        effective_on=_DAY,
        last_billable_on=_LAST_DAY,
    )


ANSWERS = (
    ContractCopyReady,
    ContractCopyDenied,
    ContractAccepted,
    ContractAcceptanceDenied,
    ContractActivated,
    ContractActivationFailed,
)
Step = Event | timedelta | Literal["work", "timers asleep"]


class Archive:
    """The archive's own stage, in a world where `now` only moves when it is told to."""

    def __init__(self, rules: Rules = RULES, *received: Event) -> None:
        deciders = (contract_decider(rules), customer_decider())
        self.stage = MemoryStage(Service(ARCHIVE, deciders, route), NOW)
        self._grace = rules.access_grace
        self.known_timers: list[datetime] = []
        self.asked: list[str] = []
        self.answered: list[str] = []
        self.copies_ready: list[tuple[bool, bool]] = []
        """Whether each ready copy's customer was then the holder, and had access."""
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
    def states(self) -> dict[Ref, Any]:
        return self.stage.states

    @property
    def happened(self) -> dict[Ref, list[Event]]:
        return self.stage.happened

    def receive(
        self, event: Event, message_id: str | None = None, source: str = "/channels/test"
    ) -> list[Event]:
        """Decides the message and returns its public and private events."""
        identity = message_id or f"message {len(self._known)}"
        message = Message(source, identity, event, correlation_id="submission-1")
        events = self.stage.receive(message)
        if identity not in self._known:
            self._known[identity] = events
            self._note(event, events)
        return self._known[identity]

    def _note(self, received: Event, events: list[Event]) -> None:
        if isinstance(received, ServiceRequest) and hasattr(received, "contract_number"):
            self.asked.append(received.inquiry_id)
        for event in events:
            if isinstance(event, ANSWERS):
                self.answered.append(event.inquiry_id)
            if isinstance(event, ContractCopyReady):
                facts = self.contract.facts
                holder = facts.customer_id if facts else None
                who = event.customer_id
                self.copies_ready.append((who == holder, self.access(who)))

    def wait(self, duration: timedelta) -> list[Event]:
        """Time passes; timers fire in order of their due time."""
        until, events = self.now + duration, list[Event]()
        while (due := self._next_due()) is not None and due[0] <= until:
            self.now = max(self.now, due[0])
            events += self.fire(*due)
        self.now = until
        return events

    def _next_due(self) -> tuple[datetime, str] | None:
        contracts = [s for ref, s in self.states.items() if ref.kind == CONTRACT and s is not None]
        due = ((contract.due_at(state), state.contract_number) for state in contracts)
        return min(((at, number) for at, number in due if at is not None), default=None)

    def fire(self, due_at: datetime, contract_number: str = NUMBER) -> list[Event]:
        identity = f"timer {contract_number} {due_at.isoformat()}"
        assert identity not in self._known, "a timer would repeat for ever"
        self.known_timers.append(due_at)
        timer = self.stage.timer(Ref(CONTRACT, contract_number), due_at)
        assert isinstance(timer.data, Event)
        return self.receive(timer.data, identity, timer.source)

    def work(self) -> list[Event]:
        """Makes the documents that wait, and reports each."""
        events: list[Event] = []
        while documents := self.contract.documents:
            events += self.receive(stored(documents[0].document_id))
        return events

    def play(self, steps: Sequence[Step], repeated: Sequence[int] = ()) -> list[Event]:
        """Takes the steps in order; every request gets an inquiry of its own.

        `repeated` names messages, by number, that are delivered again after the next ones.
        """
        events: list[Event] = []
        for number, step in enumerate(steps):
            events += self._take(step, number)
            for again in (n for n in repeated if n < number and isinstance(steps[n], Event)):
                self._take(steps[again], again)
        return events

    def _take(self, step: Step, number: int) -> list[Event]:
        match step:
            case "work":
                return self.work()
            case "timers asleep":
                self.now += timedelta(hours=1)
                return []
            case timedelta():
                return self.wait(step)
        named = step.model_copy(update={"inquiry_id": f"inq-{number}"})
        return self.receive(named if isinstance(step, ServiceRequest) else step, f"step {number}")

    def settle(self) -> list[Event]:
        """Every wait ends and all work is done."""
        return [*self.wait(self._grace), *self.work()]

    @property
    def published(self) -> list[Event]:
        return [event for events in self.happened.values() for event in events]

    @property
    def contract(self) -> ContractState:
        return self.stage.state(Ref(CONTRACT, NUMBER)) or ContractState(contract_number=NUMBER)

    @property
    def work_at(self) -> datetime | None:
        return contract.work_at(self.contract)

    def customer(self, customer_id: str = HOLDER) -> CustomerState | None:
        found: CustomerState | None = self.stage.state(Ref(CUSTOMER, customer_id))
        return found

    def access(self, customer_id: str = HOLDER) -> bool:
        customer = self.customer(customer_id)
        return customer is not None and customer.access

    @property
    def refolded(self) -> Mapping[Ref, Any]:
        """Folds the histories event by event, as read back from JSON."""
        return self.stage.folded


def stored(document_id: str) -> DocumentStored:
    return DocumentStored(
        contract_number=NUMBER,
        document_id=document_id,
        sha256=SHA256,
        link=f"http://127.0.0.1:8084/documents?id={document_id}&token=secret",
    )


def types(events: list[Event]) -> list[str]:
    return [event.ce_type for event in events]
