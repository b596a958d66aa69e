"""One decision, event by event: each event is folded in before the next is decided."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypedDict

from services.cancellation.file.evolve import evolve
from services.cancellation.file.state import Cancellation, CancellationFile, RenewalInvoice, Request
from services.cancellation.policies.outcome import Because
from services.cancellation.policies.terms import Rules
from shared.events.cancellations import CancellationEvent
from shared.events.envelope import Event
from shared.events.values import Bilingual, madrid_date
from shared.recorder import Recorder


class Heading(TypedDict):
    """The fields that every public event has."""

    contract_number: str
    customer_id: str
    inquiry_id: str | None
    sequence: int
    policy: str
    policy_version: str
    rule: str
    explanation: Bilingual


class Decision(Recorder[CancellationFile]):
    """Records the events of one message, decided at `now` (timezone-aware).

    An irreversible step is due only once `proven`, the earlier of the service's clock and the
    broker's, has reached its time.
    Public events get the next `sequence` here, and nowhere else: from their heading, or as they are
    recorded if others came first.
    """

    def __init__(
        self,
        rules: Rules,
        file: CancellationFile,
        now: datetime,
        broker_time: datetime | None = None,
    ) -> None:
        super().__init__(evolve, file)
        self.rules = rules
        self.now = now
        self.proven = now if broker_time is None else min(now, broker_time)

    @property
    def file(self) -> CancellationFile:
        """The file as it stands after the events so far."""
        return self.state

    @property
    def today(self) -> date:
        """The date in Madrid."""
        return madrid_date(self.now)

    @property
    def next_sequence(self) -> int:
        """The number of the public event that is recorded next."""
        return self.file.sequence + 1

    def record(self, event: Event) -> None:
        if isinstance(event, CancellationEvent) and event.sequence != self.next_sequence:
            event = event.model_copy(update={"sequence": self.next_sequence})
        super().record(event)

    def answers(
        self, request: Request, event: CancellationEvent, asked_by: str | None = None
    ) -> None:
        """`event` answers the request, the evidence that joined it, and the inquiry `asked_by`.

        An event names one such inquiry, so each further one gets the same event once more.
        """
        asking = request.unanswered if asked_by is None else (*request.unanswered, asked_by)
        for inquiry_id in asking or (None,):
            if event.answers_inquiry_id != inquiry_id:
                event = event.model_copy(update={"answers_inquiry_id": inquiry_id})
            self.record(event)

    def about(self, request: Request, because: Because) -> Heading:
        """The heading of an event on a request, under the version it was received under."""
        return Heading(
            contract_number=self.file.contract_number,
            customer_id=request.customer_id,
            inquiry_id=request.inquiry_id,
            sequence=self.next_sequence,
            policy=because.policy,
            policy_version=request.policy_version,
            rule=because.rule,
            explanation=because.explanation,
        )

    def about_cancellation(self, cancellation: Cancellation, because: Because) -> Heading:
        """The heading of an event on the cancellation that stands on the contract."""
        return Heading(
            contract_number=self.file.contract_number,
            customer_id=cancellation.customer_id,
            inquiry_id=cancellation.inquiry_id,
            sequence=self.next_sequence,
            policy=because.policy,
            policy_version=cancellation.policy_version,
            rule=because.rule,
            explanation=because.explanation,
        )

    def about_renewal(self, renewal: RenewalInvoice, because: Because) -> Heading:
        """The heading of an event on a renewal, which belongs to no inquiry."""
        contract = self.file.contract
        assert contract is not None
        return Heading(
            contract_number=self.file.contract_number,
            customer_id=contract.customer_id,
            inquiry_id=None,
            sequence=self.next_sequence,
            policy=because.policy,
            policy_version=renewal.policy_version,
            rule=because.rule,
            explanation=because.explanation,
        )
