"""The cancellation service's settings, read from the environment."""

from __future__ import annotations

from pydantic import Field

from services.cancellation.policies.terms import DEFAULT_TERMS, TermsVersions
from shared.settings import RuntimeSettings


class Settings(RuntimeSettings):
    policy_terms: TermsVersions = Field(
        default=DEFAULT_TERMS,
        description=(
            "All versions of the policies' terms, a JSON list; each holds from its `holds_from` "
            "until the next one's. A request keeps the version that was in force on the day it was "
            "received, so never remove or change one that open requests still use."
        ),
    )
    contract_grace_seconds: float = Field(
        default=30,
        ge=0,
        le=86_400,
        description=(
            "Seconds for which a request waits for its contract's record before it is referred to "
            "a professional as not found."
        ),
    )
