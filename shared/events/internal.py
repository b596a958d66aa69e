"""Messages of a service to itself: timers, and outcomes of work outside the five steps."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import model_validator
from pydantic.json_schema import SkipJsonSchema

from shared.events.documents import DocumentRefusalCause
from shared.events.envelope import Event
from shared.events.error_codes import ErrorCode
from shared.events.values import Count, Instant


class KeyForgotten(Event):
    """A tombstone on a compacted topic: who keeps the record under this key forgets it.

    It is the meaning of a record without value, and never a record's data itself.
    """

    ce_type: ClassVar[str] = "key.forgotten.v1"

    topic: str
    key: str


class FaultyAct(Event):
    """An agent's act of a faulty form, as the service that answers it reads it (F2).

    It is the meaning of such a record, and never a record's data itself. `agent_id` and
    `contract_number` are the act's where they are legible.
    """

    ce_type: ClassVar[str] = "act.faulty.v1"

    agent_id: str
    contract_number: str | None = None
    faults: dict[str, ErrorCode]


class TimerDue(Event):
    """The record of this `kind` and `id` asked its service, the `owner`, to wake it at `due_at`.

    Timers of earlier releases have a `contract_number` alone. It is still written and repeats the
    `id`, whatever the kind, so that those releases can read the timers of this one. A timer that
    names no record is refused.
    """

    ce_type: ClassVar[str] = "timer.due.v1"

    kind: str | None = None
    id: str = ""
    contract_number: str | None = None
    owner: str
    due_at: Instant

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_contract(cls, given: Any) -> Any:
        if isinstance(given, dict) and "id" not in given and "contract_number" in given:
            return {**given, "id": given["contract_number"]}
        return given


class Outcome(Event):
    """The outcome that a side effect reports to its own service.

    `correlation_id` is the submission that asked for it, where that is not the one that the
    aggregate began with.
    """

    correlation_id: str | None = None

    @property
    def result(self) -> str:
        """In one word, for the metrics."""
        return "done"


class DocumentStored(Outcome):
    """The archive's worker made a document and keeps it; `sha256` is the file's, in hex.

    `link` is in records of earlier releases only.
    """

    ce_type: ClassVar[str] = "document.stored.v1"

    contract_number: str
    document_id: str
    sha256: str
    link: SkipJsonSchema[str | None] = None


class DecisionCollected(Outcome):
    """A decision on a request for several contracts goes into the mail that says all of them."""

    ce_type: ClassVar[str] = "decision.collected.v1"

    inquiry_id: str
    notification_id: str


class SummaryDue(Outcome):
    """The mail on a request for several contracts is due with the decisions taken so far."""

    ce_type: ClassVar[str] = "summary.due.v1"

    inquiry_id: str


class DocumentNotPrintable(Outcome):
    """The archive's worker cannot make a document: its typeface lacks characters of a text in it.

    The document is refused rather than made with a `?` in a name.
    """

    ce_type: ClassVar[str] = "document.not_printable.v1"

    contract_number: str
    document_id: str


class AttachmentChecked(Outcome):
    """The archive's worker looked for an attachment's bytes and compared them with its claim check.

    `kept`: they are there and as described. Else `cause` says what is wrong with them; without one
    they have not come yet.
    """

    ce_type: ClassVar[str] = "attachment.checked.v1"

    document_id: str
    kept: bool
    cause: DocumentRefusalCause | None = None


class AttachmentsDeleted(Outcome):
    """The archive's worker deleted attachments of a customer whom the desk was told to forget.

    `more`: there were more than it deletes at once.
    """

    ce_type: ClassVar[str] = "attachments.deleted.v1"

    customer_id: str
    document_ids: tuple[str, ...]
    more: bool = False


class MailAttempted(Outcome):
    """The notification worker tried to hand one mail to the mail server.

    `error` is absent when the server accepted it; `permanent` says that trying again is no use.
    """

    ce_type: ClassVar[str] = "mail.attempted.v1"

    notification_id: str
    attempt: Count
    recipient_hash: str
    error: str | None = None
    permanent: bool = False

    @property
    def result(self) -> str:
        if self.error is None:
            return "accepted"
        return "refused_for_good" if self.permanent else "refused"
