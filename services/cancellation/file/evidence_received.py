"""Evidence received for a cancellation, each piece with its day of receipt (F11, F12)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from shared.events.values import Channel, Contact, Signature, SignatureKind, Value


class SignatureReceived(Value):
    """A signature, the channel it came through and the day on which it was received."""

    kind: SignatureKind
    reference: str
    channel: Channel
    given_on: date


class EvidenceReceived(Value):
    """The evidence received so far; each field holds the day of receipt, None if it is missing."""

    destruction_confirmed_on: date | None = None
    contact_name_on: date | None = None
    contact_means_on: date | None = None
    signatures: tuple[SignatureReceived, ...] = ()

    @classmethod
    def on(
        cls,
        day: date,
        channel: Channel,
        *,
        destruction_confirmed: bool,
        signature: Signature | None,
        contact: Contact | None,
    ) -> EvidenceReceived:
        """The pieces of one submission, received on `day` through `channel`."""
        signed = signature and SignatureReceived(
            kind=signature.kind, reference=signature.reference, channel=channel, given_on=day
        )
        return cls(
            destruction_confirmed_on=day if destruction_confirmed else None,
            contact_name_on=day if contact and contact.name else None,
            contact_means_on=day if contact and contact.means else None,
            signatures=(signed,) if signed else (),
        )

    def and_also(self, other: EvidenceReceived) -> EvidenceReceived:
        """Both together; a piece given twice counts from its first day."""
        return EvidenceReceived(
            destruction_confirmed_on=_first(
                self.destruction_confirmed_on, other.destruction_confirmed_on
            ),
            contact_name_on=_first(self.contact_name_on, other.contact_name_on),
            contact_means_on=_first(self.contact_means_on, other.contact_means_on),
            signatures=self.signatures + other.signatures,
        )

    def by(self, day: date) -> EvidenceReceived:
        """Only what was received on `day` or before."""
        return EvidenceReceived(
            destruction_confirmed_on=_by(day, self.destruction_confirmed_on),
            contact_name_on=_by(day, self.contact_name_on),
            contact_means_on=_by(day, self.contact_means_on),
            signatures=tuple(s for s in self.signatures if s.given_on <= day),
        )

    def news_for(self, known: EvidenceReceived) -> EvidenceReceived:
        """Without the signatures that change nothing: `known` has them, from that day or before."""
        earliest = {(s.kind, s.channel): s.given_on for s in reversed(known.signatures)}
        news = (
            s
            for s in self.signatures
            if (s.kind, s.channel) not in earliest or s.given_on < earliest[s.kind, s.channel]
        )
        return self.model_copy(update={"signatures": tuple(news)})

    def filled(
        self, day: date, signatures: Iterable[tuple[SignatureKind, Channel]]
    ) -> EvidenceReceived:
        """Returns it with each missing piece added on `day`; `signatures` are the valid kinds."""
        wanted = tuple(
            SignatureReceived(kind=kind, reference="", channel=channel, given_on=day)
            for kind, channel in signatures
        )
        return EvidenceReceived(
            destruction_confirmed_on=self.destruction_confirmed_on or day,
            contact_name_on=self.contact_name_on or day,
            contact_means_on=self.contact_means_on or day,
            signatures=self.signatures or wanted,
        )

    @property
    def contact_complete_on(self) -> date | None:
        """The day on which both a contact name and a means of contact were there (F12)."""
        if self.contact_name_on is None or self.contact_means_on is None:
            return None
        return max(self.contact_name_on, self.contact_means_on)


def _first(*days: date | None) -> date | None:
    return min(_given(days), default=None)


def _given(days: Iterable[date | None]) -> list[date]:
    return [day for day in days if day is not None]


def _by(limit: date, day: date | None) -> date | None:
    return day if day is not None and day <= limit else None
