"""Events that the cancellation service publishes on `desk.policies`: the rules in force."""

from __future__ import annotations

from typing import Any, ClassVar

from shared.events.envelope import Event
from shared.events.values import Bilingual, Day, Value


class PolicyVersion(Value):
    """A version of a policy, in force from `holds_from` until the next one's day."""

    version: str
    holds_from: Day
    terms: dict[str, Any]
    summary: Bilingual


class PolicyInForce(Event):
    """The version of a policy that holds now; `to_come` are later ones that are settled already."""

    ce_type: ClassVar[str] = "policy.in_force.v1"

    policy: str
    version: str
    holds_from: Day
    terms: dict[str, Any]
    summary: Bilingual
    to_come: tuple[PolicyVersion, ...] = ()
