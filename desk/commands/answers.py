"""Follows the desk's answers to a submission on Kafka as they come."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from desk.commands.event_file import SUBMISSIONS, Outgoing
from shared.events.envelope import message_uuid
from shared.events.submissions import CancellationSubmitted, FollowUpSubmitted, InquirySubmitted
from shared.events.topics import DEAD_LETTERS
from shared.kafka.topic_listener import TopicListener, topic_listener
from shared.operations.topics import require_topics
from shared.settings import RuntimeSettings

LISTENED = (
    "desk.rejections",
    "desk.inquiries",
    "desk.cancellations",
    "desk.contracts",
    "desk.customers",
    "desk.notifications",
    DEAD_LETTERS,
)


@dataclass(frozen=True, slots=True)
class AnswerEvent:
    """One event that the desk published, or a dead letter (`dead` says why)."""

    ce_type: str
    ce_id: str
    correlation_id: str | None
    data: Mapping[str, Any]
    dead: str | None = None


@dataclass(slots=True)
class FollowedSubmission:
    """One submission and the answers to it so far."""

    submission: Outgoing
    answers: list[AnswerEvent] = field(default_factory=list)

    @property
    def inquiry_id(self) -> str:
        """The inquiry that the submission opens, or, a follow-up, the one that it continues."""
        if self.submission.ce_type == FollowUpSubmitted.ce_type:
            return str(self.submission.data.get("inquiry_id", "")).strip().lower()
        return str(message_uuid(self.submission.source, self.submission.ce_id))

    @property
    def reference(self) -> str | None:
        """The reference that the desk gave, or None as long as it has not."""
        opened = (it for it in self.answers if it.ce_type == "inquiry.opened.v1")
        return next((str(it.data.get("reference")) for it in opened), None)

    def take(self, answer: AnswerEvent) -> bool:
        """Keep the answer if it is to this submission and new."""
        if not self._is_mine(answer) or any(answer.ce_id == known.ce_id for known in self.answers):
            return False
        self.answers.append(answer)
        return True

    def concerns(self, answer: AnswerEvent) -> bool:
        """Whether the answer is about this submission's inquiry, or about none in particular."""
        named = {answer.data.get("inquiry_id"), answer.data.get("answers_inquiry_id")} - {None}
        return not named or self.inquiry_id in named

    def _is_mine(self, answer: AnswerEvent) -> bool:
        if answer.dead is not None:
            return answer.ce_id == self.submission.ce_id
        if self.inquiry_id in (
            answer.data.get("inquiry_id"),
            answer.data.get("answers_inquiry_id"),
        ):
            return True
        # A withdrawal also moves the inquiry that it takes back: that is not this one's life.
        mine = answer.correlation_id == self.submission.ce_id
        return mine and not answer.ce_type.startswith("inquiry.")

    @property
    def outcome(self) -> str:
        """`rejected`, `dead_letter`, `closed`, `resolved`, a waiting state, or `pending`."""
        types = [answer.ce_type for answer in self.answers]
        if any(answer.dead is not None for answer in self.answers):
            return "dead_letter"
        for ce_type in reversed(types):
            if ce_type in _ENDS:
                return _ENDS[ce_type]
        return self._waiting_for(types)

    def _waiting_for(self, types: Sequence[str]) -> str:
        match self.submission.ce_type:
            case InquirySubmitted.ce_type if "inquiry.opened.v1" in types:
                return "open"
            case FollowUpSubmitted.ce_type if "inquiry.progressed.v1" in types:
                return "received"
            case CancellationSubmitted.ce_type:
                return self._waiting_contracts()
        return "pending"

    def _waiting_contracts(self) -> str:
        """Only once every contract of the request has its first decision."""
        decided = {
            str(answer.data["contract_number"]): answer.ce_type
            for answer in self.answers
            if answer.ce_type.startswith("cancellation.")
            and answer.data.get("inquiry_id") == self.inquiry_id
        }
        asked = self.submission.data.get("contract_numbers")
        if not isinstance(asked, list) or not decided.keys() >= set(map(str, asked)):
            return "pending"
        waiting = [_WAITING[ce_type] for ce_type in decided.values() if ce_type in _WAITING]
        return waiting[0] if waiting else "pending"

    @property
    def done(self) -> bool:
        """True when no further answer will arrive without action by a person."""
        return self.outcome != "pending"

    @property
    def refused(self) -> bool:
        return self.outcome in ("rejected", "dead_letter")


_ENDS = {
    "submission.rejected.v1": "rejected",
    "inquiry.resolved.v1": "resolved",
    "inquiry.closed.v1": "closed",
}
_WAITING = {
    "cancellation.evidence_awaited.v1": "evidence_awaited",
    "cancellation.referred.v1": "referred",
}


class Listener:
    """Hears what the desk says, in the order of the broker's time."""

    def __init__(self, topics: TopicListener) -> None:
        self._topics = topics

    async def next(self) -> list[AnswerEvent]:
        """The next answers; an empty list after a short while without any. Raises `Outage`."""
        records = await self._topics.next()
        records.sort(key=lambda record: record.timestamp)
        return [_answer(record) for record in records]


@asynccontextmanager
async def listening(settings: RuntimeSettings) -> AsyncIterator[Listener]:
    """A listener that misses nothing published after this was entered. Raises `Outage`."""
    await require_topics(settings, (SUBMISSIONS, *LISTENED))
    async with topic_listener(settings, LISTENED) as topics:
        yield Listener(topics)


def _answer(record: Any) -> AnswerEvent:
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    dead = None
    if record.topic == DEAD_LETTERS:
        dead = (
            f"{headers.get('dl_reason')} in {headers.get('dl_service')}: {headers.get('dl_error')}"
        )
    return AnswerEvent(
        headers.get("ce_type", ""),
        headers.get("ce_id", ""),
        headers.get("ce_correlationid"),
        _fields(record.value),
        dead,
    )


def _fields(value: bytes | None) -> Mapping[str, Any]:
    try:
        fields = json.loads(value or b"")
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
