"""Where a mail goes and in which language: read off the replicas at the moment of sending."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.notification import replicas
from services.notification.mail.catalogue import SendTo
from services.notification.mail.state import Notification, mail_of
from shared.events.envelope import Ref
from shared.events.mail_address import mailable
from shared.events.values import Contact, Language

ATTEMPTS_FOR_THE_FILE = 11
"""With pauses that double from one second, about half an hour: catching up may take that long."""


class Addressed(Protocol):
    """Whatever gives an address: a contact, a profile."""

    @property
    def name(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Known:
    """The replicas that one notification needs; None for one that has not arrived."""

    inquiry: replicas.InquiryReplica | None
    customer: replicas.CustomerReplica | None
    file_contact: replicas.FileContact | None
    contracts: Mapping[str, replicas.ContractReplica]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a mail goes: `address` in its ASCII form, and whether it is the registered one."""

    name: str | None
    address: str
    registered: bool = False


@dataclass(frozen=True, slots=True)
class Unaddressable:
    """Why there is no address, in a machine's word, and whether waiting may help."""

    error: str
    permanent: bool


def refs_of(notification: Notification) -> tuple[Ref, ...]:
    """The replicas that `known` wants to see for this notification."""
    refs = [replicas.customer_ref(notification.customer_id)]
    if notification.inquiry_id:
        refs.append(replicas.inquiry_ref(notification.inquiry_id))
    for number in contract_numbers_of(notification):
        refs.append(replicas.contract_ref(number))
        refs.append(replicas.file_contact_ref(notification.customer_id, number))
    return tuple(refs)


def contract_numbers_of(notification: Notification) -> Sequence[str]:
    """The contracts whose files the mail is about; a summary's are those of its decisions."""
    if notification.contract_number:
        return (notification.contract_number,)
    return [str(decision["contract_number"]) for decision in decisions_of(notification)]


def decisions_of(notification: Notification) -> Sequence[Mapping[str, Any]]:
    """The decisions that a summary's mail says."""
    decisions: Sequence[Mapping[str, Any]] = notification.facts.get("decisions", ())
    return decisions


def may_be_summarised(notification: Notification, known: Known) -> bool:
    """Whether it is a decision on a request for several contracts."""
    inquiry = known.inquiry
    if inquiry is None or not mail_of(notification).summarised:
        return False
    return len(set(inquiry.contract_numbers)) > 1


def known(notification: Notification, read: Mapping[Ref, Any]) -> Known:
    found = {ref: read.get(ref) for ref in refs_of(notification)}
    by_kind = {ref.kind: state for ref, state in found.items()}
    contacts = [
        contact for ref, contact in found.items() if ref.kind == replicas.FILE_CONTACT and contact
    ]
    return Known(
        inquiry=by_kind.get(replicas.INQUIRY),
        customer=by_kind.get(replicas.CUSTOMER),
        file_contact=max(contacts, key=lambda contact: contact.opened_at, default=None),
        contracts={
            ref.id: contract
            for ref, contract in found.items()
            if ref.kind == replicas.CONTRACT and contract
        },
    )


def recipient_of(notification: Notification, known: Known) -> Recipient | Unaddressable:
    """The best usable address, or why there is none.

    A mail about an inquiry waits for that inquiry: its event may still be on its way. The holder's
    mails do not, because the profile has all they need.
    """
    mail = mail_of(notification)
    if misses_inquiry(notification, known):
        return Unaddressable("inquiry_unknown", permanent=False)
    for candidate in _candidates(mail.to, notification, known):
        address = mailable(candidate.email) if candidate and candidate.email else None
        if candidate and address:
            return Recipient(candidate.name, address, _is_registered(address, known))
    on_its_way = _may_be_on_its_way(mail.to, notification, known)
    return Unaddressable("no_address", permanent=not (mail.waits or on_its_way))


def misses_inquiry(notification: Notification, known: Known) -> bool:
    """Whether it is about an inquiry that has not arrived, and cannot go out without it."""
    needs_inquiry = mail_of(notification).to not in (SendTo.HOLDER, SendTo.FORMER)
    return needs_inquiry and notification.inquiry_id is not None and not known.inquiry


def _is_registered(address: str, known: Known) -> bool:
    profile = mailable(known.customer.email) if known.customer else None
    return profile is not None and profile.lower() == address.lower()


def _may_be_on_its_way(to: SendTo, notification: Notification, known: Known) -> bool:
    """A withdrawal names no address; the earlier request that does may arrive after it."""
    about_a_file = to in (SendTo.OPENING, SendTo.FILE) and contract_numbers_of(notification)
    said_nothing = known.inquiry is not None and known.inquiry.contact == Contact()
    too_early = notification.attempts < ATTEMPTS_FOR_THE_FILE
    return bool(about_a_file) and said_nothing and not known.file_contact and too_early


def _candidates(to: SendTo, notification: Notification, known: Known) -> Iterable[Addressed | None]:
    inquiry_contact = known.inquiry.contact if known.inquiry else None
    match to:
        case SendTo.FILE:
            return known.file_contact, inquiry_contact, known.customer
        case SendTo.INQUIRY:
            return inquiry_contact, known.customer
        case SendTo.OPENING:
            return inquiry_contact, known.file_contact, known.customer
        case SendTo.EVENT:
            return notification.contact, known.customer
        case SendTo.FORMER:
            return (notification.contact,)
        case SendTo.HOLDER:
            return (known.customer,)


def language_of(notification: Notification, known: Known) -> Language:
    """The event's own language, the inquiry's, the profile's, the file's; Spanish if none."""
    if notification.language:
        return notification.language
    for source in (known.inquiry, known.customer, known.file_contact):
        if source:
            return source.language
    return Language.ES


def title_of(notification: Notification, known: Known) -> str | None:
    """The contract's title, if these words may name it and the customer is its holder."""
    if notification.contract_number is None:
        return None
    if (title := notification.facts.get("title")) is not None:
        return str(title)  # the record that caused the mail says it itself
    contract = known.contracts.get(notification.contract_number)
    if contract is None or not mail_of(notification).titled:
        return None
    return contract.title if contract.customer_id == notification.customer_id else None
