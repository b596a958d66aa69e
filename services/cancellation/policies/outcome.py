"""The input of a policy and the outcomes that it can return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.cancellation.file.state import CancellationFile, Request
from services.cancellation.policies.terms import PolicyTerms
from shared.events.cancellations import ReferralCause
from shared.events.values import Bilingual, Evidence


class PolicyName(StrEnum):
    """The names under which decisions cite the policies."""

    SINGLE_CHARGE = "single-charge"
    RENEWAL_LAPSE = "renewal-lapse"
    MONTHLY_NOTICE = "monthly-notice"
    WRITTEN_NOTICE = "written-notice"
    REFER = "refer"


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """One request under the terms it was received under, in its contract's file."""

    terms: PolicyTerms
    request: Request
    file: CancellationFile


@dataclass(frozen=True, slots=True)
class Because:
    """The reason for an outcome: policy, rule and an explanation for the customer."""

    policy: str
    rule: str
    explanation: Bilingual


@dataclass(frozen=True, slots=True)
class Schedule:
    """The contract ends on `effective_on`; the day before is the last one to be charged."""

    because: Because
    complete_on: date
    notice_ends_on: date
    effective_on: date


@dataclass(frozen=True, slots=True)
class AwaitEvidence:
    because: Because
    missing: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class NotRequired:
    """`stands_as_notice`: the request counts again if the contract's term is extended."""

    because: Because
    lapses_on: date | None = None
    ends_on: date | None = None
    lapsed_on: date | None = None
    stands_as_notice: bool = False


@dataclass(frozen=True, slots=True)
class Refer:
    because: Because
    cause: ReferralCause


Outcome = Schedule | AwaitEvidence | NotRequired | Refer
Policy = Callable[[PolicyCase], Outcome]
