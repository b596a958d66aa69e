"""The policies' terms: the numbers and lists that may change, as dated versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.events.values import Channel, SignatureKind, days_after

WRITTEN = frozenset({SignatureKind.SIGNED_DOCUMENT, SignatureKind.ELECTRONIC})
Days = Annotated[int, Field(ge=0, le=3650)]


class PolicyTerms(BaseModel):
    """One version of the terms, in force from `holds_from` until the next version's day.

    All periods are calendar days in Europe/Madrid.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[str, Field(min_length=1, max_length=50)]
    holds_from: date
    monthly_notice_days: Days = 30
    """Notice for a monthly-charge licence (F11)."""
    written_notice_days: Days = 0
    """Notice for a maintenance contract; the help page names none (F12)."""
    evidence_days: Days = 30
    """How long missing evidence is waited for, counted from the day of receipt."""
    reminder_days: Days = 7
    """How many days before the last day the one reminder goes out."""
    lapse_days: Days = 75
    """How long an automatic renewal may stay unpaid, counted from the invoice's date (F10)."""
    signatures: Mapping[Channel, frozenset[SignatureKind]] = Field(
        default={
            Channel.WEB: WRITTEN,
            Channel.POST: WRITTEN,
            Channel.FAX: WRITTEN,
            Channel.PARTNER: WRITTEN,
            Channel.CALL_CENTRE: WRITTEN | {SignatureKind.AGENT_WITNESS},
        }
    )
    """The kinds of signature that are valid per channel (F12)."""

    def accepts(self, kind: SignatureKind, channel: Channel) -> bool:
        """Whether a signature of this kind, received through this channel, counts."""
        return kind in self.signatures.get(channel, frozenset())

    def evidence_due_on(self, received_on: date) -> date:
        """The last day on which evidence for a request received on that day counts."""
        return days_after(received_on, self.evidence_days)

    def remind_on(self, received_on: date) -> date:
        """The day at whose start the one reminder goes out."""
        return days_after(self.evidence_due_on(received_on), -self.reminder_days)

    def lapses_on(self, issued_on: date) -> date:
        """The last day for paying the renewal invoice, and the lapse's effective date (F10)."""
        return days_after(issued_on, self.lapse_days)


def _in_order(versions: tuple[PolicyTerms, ...]) -> tuple[PolicyTerms, ...]:
    if len({terms.version for terms in versions}) != len(versions):
        raise ValueError("two versions of the policy terms have the same name")
    if len({terms.holds_from for terms in versions}) != len(versions):
        raise ValueError("two versions of the policy terms hold from the same day")
    return tuple(sorted(versions, key=lambda terms: terms.holds_from))


TermsVersions = Annotated[tuple[PolicyTerms, ...], Field(min_length=1), AfterValidator(_in_order)]
"""All versions, sorted by `holds_from`."""

DEFAULT_TERMS: tuple[PolicyTerms, ...] = (
    PolicyTerms(version="2024-1", holds_from=date(2000, 1, 1)),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The versions of the terms (sorted by `holds_from`), and how long a request waits for its
    contract's record."""

    terms: tuple[PolicyTerms, ...] = DEFAULT_TERMS
    grace: timedelta = timedelta(seconds=30)

    def in_force_on(self, day: date) -> PolicyTerms:
        """The version in force on `day`; for a day before all versions, the oldest one."""
        begun = [terms for terms in self.terms if terms.holds_from <= day]
        return begun[-1] if begun else self.terms[0]

    def version(self, name: str) -> PolicyTerms:
        """The version that a request was received under. Raises LookupError if it was removed."""
        for terms in self.terms:
            if terms.version == name:
                return terms
        raise LookupError(f"policy terms {name} are still in use but no longer configured")
