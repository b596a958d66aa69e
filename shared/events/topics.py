"""The catalogue: every topic with its key, writers, readers, retention and event types.

Topics are created from it, routing and decoding use it, and `docs/events.md`, the AsyncAPI
document and the JSON Schemas are generated from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.events import (
    accounts,
    agents,
    billing,
    cancellations,
    contracts,
    documents,
    inquiries,
    internal,
    inventory,
    notifications,
    operations,
    orders,
    policies,
    requests,
    states,
    submissions,
)
from shared.events.envelope import Event
from shared.events.limits import MAX_ITEMS

MONTH = timedelta(days=30)
"""Retention of topics with personal data whose events name no later date."""
YEAR = timedelta(days=365)
"""Retention of topics whose events name later dates, of audit trails and of dead letters."""
THREE_YEARS = timedelta(days=3 * 365)
"""Exceeds any date in a decision: one takes effect at most 366 days ahead."""

INTAKE, CANCELLATION = "inquiry_intake", "cancellation"
ARCHIVE, NOTIFICATION = "contract_archive", "notification"
PORTAL, CONSOLE = "customer_portal", "operations_console"
SERVICES = (INTAKE, CANCELLATION, ARCHIVE, NOTIFICATION)
"""The services that decide: they carry a correlation id on from message to event."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic. `key` names the data fields that may be the record key, first present wins.

    `answers_faults`: a sound JSON object of a known type is handed to the domain even when its
    fields are faulty, because the sender gets an answer that names every fault (F2).
    `sources` are the prefixes of the `ce_source`s that it takes, where services do not write it.
    `only_by`: of its events, those that one service alone may write, whatever a setting says: an
    answer on the topic of what it answers.
    `judged_by`: of its events, those that no service decides, each with the one service that reads
    their data all the same: what is faulty there becomes a dead letter.
    `forms_answered_by` is the one service that answers a faulty form of any of its events; whoever
    decides them passes such a record over.
    `begins`: its messages begin something; their id becomes the correlation id of all that follows.
    """

    name: str
    key: tuple[str, ...]
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    events: tuple[type[Event], ...]
    purpose: str
    retention: timedelta = MONTH
    partitions: int = 6
    compacted: bool = False
    answers_faults: bool = False
    forms_answered_by: str | None = None
    begins: bool = False
    sources: tuple[str, ...] = ()
    only_by: tuple[tuple[type[Event], str], ...] = ()
    judged_by: tuple[tuple[type[Event], str], ...] = ()
    most_items: int = MAX_ITEMS

    @property
    def takes_from(self) -> tuple[str, ...]:
        """The prefixes of the `ce_source`s that may write here, unless a setting says otherwise."""
        return self.sources or tuple(f"/services/{name}" for name in self.written_by)

    def writer_of(self, ce_type: str | None) -> str | None:
        """The service that alone may write events of this type here, if it is one alone."""
        return next((name for event, name in self.only_by if event.ce_type == ce_type), None)

    def judge_of(self, ce_type: str) -> str | None:
        """The service that reads the data of this type's events although nobody decides them."""
        return next((name for event, name in self.judged_by if event.ce_type == ce_type), None)

    @property
    def broker_time(self) -> bool:
        """Whether its records carry the broker's time (`LogAppendTime`), not the sender's.

        What is received or due is judged by it, and a service knows by it whether its own clock is
        right. Other owners' topics are theirs to decide on.
        """
        return self.name.startswith("desk.")

    @property
    def led(self) -> bool:
        """Whether its messages carry the id of a submission that a service handed on."""
        return not set(SERVICES).isdisjoint(self.written_by)


CATALOGUE: tuple[Topic, ...] = (
    Topic(
        "desk.submissions",
        ("customer_id",),
        ("channels", PORTAL),
        (INTAKE,),
        (
            submissions.InquirySubmitted,
            submissions.FollowUpSubmitted,
            submissions.RegistrationSubmitted,
            submissions.ContractCopySubmitted,
            submissions.ContractAcceptanceSubmitted,
            submissions.ContractViewedSubmitted,
            submissions.ServicepacActivationSubmitted,
            submissions.CancellationSubmitted,
            submissions.CancellationEvidenceSubmitted,
            submissions.CancellationWithdrawalSubmitted,
            submissions.ProfileUpdateSubmitted,
            submissions.ConsentWithdrawalSubmitted,
            submissions.InventoryUpdateSubmitted,
        ),
        "What customers ask for, through any channel.",
        answers_faults=True,
        begins=True,
        sources=("/channels/", "/services/customer_portal"),
    ),
    Topic(
        "desk.agent-actions",
        ("contract_number", "inquiry_id", "customer_id"),
        ("desk agents' tools", CONSOLE),
        (INTAKE, CANCELLATION, ARCHIVE),
        (
            agents.AccessAuthorised,
            agents.ReferralDecided,
            agents.InquiryAnswered,
            agents.InquiryRouted,
            agents.ActivationUnlocked,
            agents.ContractApproved,
        ),
        "What professionals decide, answer and route.",
        forms_answered_by=INTAKE,
        sources=("/agents", "/services/operations_console"),
    ),
    Topic(
        "registry.contracts",
        ("contract_number",),
        ("contract registry",),
        (ARCHIVE, NOTIFICATION),
        (contracts.RegistryContractRecorded, contracts.RegistryContractTerminated),
        "The upstream registry's contract records.",
        retention=YEAR,
        sources=("/registry",),
    ),
    Topic(
        "billing.invoices",
        ("contract_number",),
        ("billing",),
        (CANCELLATION,),
        (
            billing.InvoiceIssued,
            billing.InvoicePaid,
            billing.InvoiceVoided,
            billing.PaymentReversed,
        ),
        "Invoices issued, paid and voided; payments reversed.",
        retention=YEAR,
        sources=("/billing",),
    ),
    Topic(
        "desk.rejections",
        ("customer_id", "agent_id"),
        (INTAKE, CANCELLATION, ARCHIVE),
        ("channels", NOTIFICATION, PORTAL),
        (submissions.SubmissionRejected, agents.AgentActionRefused),
        "Answers to faulty submissions and agents' acts: every fault at once.",
        judged_by=((agents.AgentActionRefused, NOTIFICATION),),
    ),
    Topic(
        "desk.inquiries",
        ("inquiry_id",),
        (INTAKE,),
        (NOTIFICATION, "channels", "operations", PORTAL),
        (
            inquiries.InquiryOpened,
            inquiries.InquiryProgressed,
            inquiries.InquiryResolved,
            inquiries.InquiryClosed,
            inquiries.InquiryReopened,
            inquiries.InquiryOverdue,
        ),
        "The life of every inquiry.",
        judged_by=(
            (inquiries.InquiryProgressed, NOTIFICATION),
            (inquiries.InquiryResolved, NOTIFICATION),
            (inquiries.InquiryOverdue, NOTIFICATION),
        ),
    ),
    Topic(
        "desk.cancellation-requests",
        ("contract_number",),
        (INTAKE,),
        (CANCELLATION,),
        (
            requests.CancellationRequested,
            requests.CancellationEvidenceGiven,
            requests.CancellationWithdrawalRequested,
        ),
        "Sound cancellation requests, one per contract.",
    ),
    Topic(
        "desk.contract-requests",
        ("contract_number", "customer_id"),
        (INTAKE,),
        (ARCHIVE,),
        (
            requests.ContractCopyRequested,
            requests.ContractAcceptanceRequested,
            requests.ContractViewReported,
            requests.ContractActivationRequested,
            requests.CustomerRegistrationRequested,
            requests.CustomerProfileUpdateRequested,
            requests.CustomerConsentWithdrawalRequested,
        ),
        "Sound requests about contracts and profiles.",
    ),
    Topic(
        "desk.cancellations",
        ("contract_number",),
        (CANCELLATION,),
        ("billing", ARCHIVE, INTAKE, NOTIFICATION, PORTAL),
        (
            cancellations.CancellationScheduled,
            cancellations.CancellationNotRequired,
            cancellations.CancellationEvidenceAwaited,
            cancellations.CancellationEvidenceReminded,
            cancellations.CancellationExpired,
            cancellations.CancellationReferred,
            cancellations.CancellationRefused,
            cancellations.CancellationAlreadyScheduled,
            cancellations.CancellationWithdrawn,
            cancellations.CancellationWithdrawalRefused,
            cancellations.CancellationTookEffect,
            cancellations.RenewalLapsed,
            cancellations.CancellationSuspended,
            cancellations.RenewalWatched,
            cancellations.RenewalReinstated,
        ),
        "Decisions on cancellations and renewals.",
        retention=THREE_YEARS,
    ),
    Topic(
        "desk.contracts",
        ("contract_number",),
        (ARCHIVE,),
        (CANCELLATION, INTAKE, NOTIFICATION, PORTAL),
        (
            contracts.ContractRecorded,
            contracts.ContractTextIssued,
            contracts.ContractStatusChanged,
            contracts.ContractAccepted,
            contracts.ContractAcceptanceDenied,
            contracts.ContractCopyReady,
            contracts.ContractCopyDenied,
            contracts.ContractActivated,
            contracts.ContractActivationFailed,
        ),
        "The life of every contract.",
        retention=YEAR,
        judged_by=(
            (contracts.ContractTextIssued, CANCELLATION),
            (contracts.ContractStatusChanged, CANCELLATION),
        ),
    ),
    Topic(
        "desk.customers",
        ("customer_id",),
        (ARCHIVE,),
        (INTAKE, ARCHIVE, NOTIFICATION, PORTAL),
        (
            contracts.CustomerRegistered,
            contracts.CustomerAccessAuthorised,
            contracts.CustomerProfileUpdated,
            contracts.CustomerConsentWithdrawn,
            contracts.CustomerRequestDenied,
        ),
        "Every customer's current profile; compaction keeps the last.",
        compacted=True,
    ),
    Topic(
        "desk.notifications",
        ("inquiry_id", "customer_id"),
        (NOTIFICATION,),
        (INTAKE, "operations", PORTAL),
        (notifications.NotificationSent, notifications.NotificationFailed),
        "What became of every mail.",
    ),
    Topic(
        "desk.timers",
        ("id", "contract_number"),
        (INTAKE, CANCELLATION, ARCHIVE),
        (INTAKE, CANCELLATION, ARCHIVE),
        (internal.TimerDue,),
        "Time as a message.",
    ),
    Topic(
        "desk.outcomes",
        ("inquiry_id", "notification_id", "contract_number", "document_id", "customer_id"),
        (NOTIFICATION, ARCHIVE),
        (NOTIFICATION, ARCHIVE),
        (
            internal.DocumentStored,
            internal.DocumentNotPrintable,
            internal.AttachmentChecked,
            internal.AttachmentsDeleted,
            internal.MailAttempted,
            internal.DecisionCollected,
            internal.SummaryDue,
        ),
        "Outcomes of work done outside the five steps, reported to the service that asked for it.",
    ),
    Topic(
        "desk.operations",
        ("letter", "thing"),
        ("the desk command", CONSOLE),
        (INTAKE, CANCELLATION, ARCHIVE, NOTIFICATION),
        (
            operations.DeadLetterReplayed,
            operations.DeadLetterEdited,
            operations.DeadLetterDiscarded,
            operations.RecordUnmasked,
            operations.DeadLetterRepairBegun,
        ),
        "What people did in the console and by command, and why.",
        retention=YEAR,
        sources=("/desk/", "/services/operations_console"),
    ),
    Topic(
        "desk.contract-states",
        ("contract_number",),
        (ARCHIVE,),
        (PORTAL, CONSOLE, "billing"),
        (states.ContractStated,),
        "Every contract as it stands now.",
        compacted=True,
    ),
    Topic(
        "desk.inquiry-states",
        ("inquiry_id",),
        (INTAKE,),
        (PORTAL, CONSOLE),
        (states.InquiryStated,),
        "Every inquiry as it stands now.",
        compacted=True,
    ),
    Topic(
        "desk.cancellation-states",
        ("contract_number",),
        (CANCELLATION,),
        (PORTAL, CONSOLE, "billing"),
        (states.CancellationStated,),
        "Every contract's cancellation as it stands now.",
        compacted=True,
    ),
    Topic(
        "desk.policies",
        ("policy",),
        (CANCELLATION,),
        (PORTAL, CONSOLE, "channels"),
        (policies.PolicyInForce,),
        "The cancellation policies that are in force.",
        partitions=1,
        compacted=True,
    ),
    Topic(
        "desk.documents",
        ("document_id",),
        ("channels", PORTAL, ARCHIVE),
        (ARCHIVE, INTAKE, PORTAL, "channels"),
        (documents.DocumentReceived, documents.DocumentKept, documents.DocumentRefused),
        "Attachments: received by a channel, then kept or refused by the archive.",
        sources=("/channels/", "/services/customer_portal", "/services/contract_archive"),
        only_by=((documents.DocumentKept, ARCHIVE), (documents.DocumentRefused, ARCHIVE)),
    ),
    Topic(
        "desk.inventory-requests",
        ("item_id",),
        (INTAKE, "inventory system"),
        ("inventory system", INTAKE),
        (inventory.InventoryUpdateRequested, inventory.InventoryUpdateDecided),
        "Customers' corrections of their inventory, and what became of them.",
        sources=("/services/inquiry_intake", "/inventory"),
        only_by=((inventory.InventoryUpdateRequested, INTAKE),),
        judged_by=((inventory.InventoryUpdateRequested, INTAKE),),
    ),
    Topic(
        "orders.orders",
        ("order_number",),
        ("order system",),
        (PORTAL, CONSOLE),
        (
            orders.OrderPlaced,
            orders.OrderChanged,
            orders.OrderCancelled,
            orders.ShipmentDispatched,
            orders.ShipmentProgressed,
            orders.ShipmentDelivered,
        ),
        "Orders and their shipments.",
        sources=("/orders",),
        retention=YEAR,
    ),
    Topic(
        "billing.accounts",
        ("customer_id",),
        ("billing",),
        (PORTAL, CONSOLE),
        (
            accounts.AccountInvoiceIssued,
            accounts.AccountCreditNoteIssued,
            accounts.AccountPaymentReceived,
            accounts.AccountPaymentReversed,
            accounts.AccountBalanceStated,
        ),
        "Everything booked on customers' accounts.",
        sources=("/billing",),
        retention=YEAR,
    ),
    Topic(
        "inventory.items",
        ("item_id",),
        ("inventory system",),
        (PORTAL,),
        (inventory.InventoryItemRecorded,),
        "Every item of the customers' inventory as it is now.",
        sources=("/inventory",),
        compacted=True,
    ),
    Topic(
        "desk.dead-letters",
        (),
        (INTAKE, CANCELLATION, ARCHIVE, NOTIFICATION),
        ("operations",),
        (),
        "Records that could not be decided, untouched, with origin and reason.",
        retention=YEAR,
    ),
)

TOPICS: dict[str, Topic] = {topic.name: topic for topic in CATALOGUE}
EVENT_TYPES: dict[str, type[Event]] = {e.ce_type: e for t in CATALOGUE for e in t.events}
TOPIC_OF: dict[str, Topic] = {e.ce_type: t for t in CATALOGUE for e in t.events}
DEAD_LETTERS = "desk.dead-letters"


def topics_read_by(service: str) -> tuple[str, ...]:
    """The names of the topics that `service` consumes, in the catalogue's order."""
    return tuple(topic.name for topic in CATALOGUE if service in topic.read_by)


def key_of(event: Event) -> str:
    """The record key that `event` travels under. Raises LookupError for an internal event."""
    return key_in(event.ce_type, vars(event))


def key_in(ce_type: str, data: Mapping[str, Any]) -> str:
    """The same, of an event's data."""
    topic = TOPIC_OF[ce_type]
    for name in topic.key:
        value = data.get(name)
        if value is not None:
            return str(value)
    raise LookupError(f"{ce_type} has none of the key fields {topic.key}")
