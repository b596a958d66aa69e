"""One request, one voice: the decisions on a request for several contracts go out in one mail.

A decision's notification falls due like any other. If its inquiry is about several contracts, the
worker hands it over to the inquiry's summary instead of mailing it. The summary is due as soon as
every contract has its decision, or `wait` after the first one; closing it freezes its list, which
the one mail says. A decision that comes later has a mail of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from services.notification.replicas import INQUIRY
from shared.events.envelope import Event, Message, Ref
from shared.events.internal import DecisionCollected, SummaryDue
from shared.events.values import Instant, Value

KIND = "summary"


class SummarisedDecision(Value):
    """One decision as its own mail would have said it."""

    notification_id: str
    template: str
    contract_number: str
    facts: dict[str, Any]


class DecisionAdded(Event):
    """The summary's mail will say this decision, and is due at `send_at`."""

    ce_type: ClassVar[str] = "summary.decision_added"

    inquiry_id: str
    customer_id: str
    contract_numbers: tuple[str, ...]
    decision: SummarisedDecision
    send_at: Instant


class SummaryClosed(Event):
    """The list is frozen: these decisions, and no others, are in the summary's mail."""

    ce_type: ClassVar[str] = "summary.closed"

    decisions: tuple[SummarisedDecision, ...]


PRIVATE_EVENTS: tuple[type[Event], ...] = (DecisionAdded, SummaryClosed)


class Summary(Value):
    """The decisions of an inquiry's mail. `send_at` is when it is due, None once it is closed."""

    inquiry_id: str
    customer_id: str
    contract_numbers: tuple[str, ...]
    """All contracts of the request, decided or not."""
    decisions: tuple[SummarisedDecision, ...] = ()
    send_at: Instant | None = None

    @property
    def closed(self) -> bool:
        return self.send_at is None

    @property
    def undecided(self) -> tuple[str, ...]:
        decided = {decision.contract_number for decision in self.decisions}
        return tuple(number for number in self.contract_numbers if number not in decided)

    def holds(self, notification_id: str) -> bool:
        return any(decision.notification_id == notification_id for decision in self.decisions)


def ref_of(inquiry_id: str) -> Ref:
    return Ref(KIND, inquiry_id)


def notification_id(inquiry_id: str) -> str:
    """The id of the summary's own mail."""
    return str(uuid5(NAMESPACE_URL, f"summary {inquiry_id}"))


def decide(
    wait: timedelta, notifications: str, message: Message, state: Summary | None, now: datetime
) -> Sequence[Event]:
    """`notifications` is the kind of the aggregates that hand their decisions over."""
    match message.data:
        case DecisionCollected() as collected:
            notification = message.replica(notifications, collected.notification_id)
            inquiry = message.replica(INQUIRY, collected.inquiry_id)
            if notification is None or inquiry is None or not _may_be_added(notification):
                return []
            if state is not None and (state.closed or state.holds(notification.notification_id)):
                return []
            return [_added(wait, notification, inquiry, collected.inquiry_id, state, now)]
        case SummaryDue() if state is not None and not state.closed:
            return [SummaryClosed(decisions=state.decisions)]
    return []


def _may_be_added(notification: Any) -> bool:
    """Not once it has been mailed by itself; but one that was handed over before this was stored.

    An ended notification has facts only where it was handed over.
    """
    return bool(notification.is_due or notification.facts)


def _added(
    wait: timedelta,
    notification: Any,
    inquiry: Any,
    inquiry_id: str,
    state: Summary | None,
    now: datetime,
) -> DecisionAdded:
    decision = SummarisedDecision(
        notification_id=notification.notification_id,
        template=notification.template,
        contract_number=notification.contract_number,
        facts=notification.facts,
    )
    undecided = set(state.undecided if state else inquiry.contract_numbers)
    at_the_latest = state.send_at if state and state.send_at else now + wait
    return DecisionAdded(
        inquiry_id=inquiry_id,
        customer_id=notification.customer_id,
        contract_numbers=inquiry.contract_numbers,
        decision=decision,
        send_at=at_the_latest if undecided - {decision.contract_number} else now,
    )


def evolve(state: Summary | None, event: Event) -> Summary:
    match event:
        case DecisionAdded():
            return Summary(
                inquiry_id=event.inquiry_id,
                customer_id=event.customer_id,
                contract_numbers=event.contract_numbers,
                decisions=(*(state.decisions if state else ()), event.decision),
                send_at=event.send_at,
            )
        case SummaryClosed():
            assert state is not None
            return state.model_copy(update={"decisions": event.decisions, "send_at": None})
    raise AssertionError(f"a summary has no {event.ce_type}")


def work_at(state: Summary) -> datetime | None:
    """When its mail is due; None once that is a notification of its own."""
    return state.send_at
