"""Settings of the portal alone."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, ValidationInfo, field_validator

from shared.desk_hours.settings import DeskHoursSettings
from shared.settings import DEVELOPMENT_KEY, InternalCredential
from shared.web.settings import WebSettings


class Settings(DeskHoursSettings, WebSettings):
    """The hours must be those of intake: a page promises what intake will answer."""

    submissions_kept_days: int = Field(
        30, ge=1, description="How long a browser finds what it has sent."
    )
    consent_wording_version: str = Field(
        "2026-11",
        min_length=1,
        max_length=200,
        description="Version of the consents' wording on the registration page (F3).",
    )

    internal_credential: InternalCredential = Field(
        DEVELOPMENT_KEY, description="Not used: the portal has no internal port."
    )
    cancellation_url: str = Field(
        "",
        description="The cancellation service's internal port, such as http://127.0.0.1:8092;"
        " without it, pages say the rule in place of the dates.",
    )
    contract_archive_url: str = Field(
        "",
        description="The archive's internal port, such as http://127.0.0.1:8094; without it, pages"
        " show no text of a contract, hand out no document and take no attachment.",
    )
    billing_documents_url: str = Field(
        "",
        description="Where billing keeps invoices as documents, such as"
        " https://billing.example/documents/; links to anywhere else are not followed, and without"
        " it customers download a plain copy.",
    )

    visitor_uploads_mib_a_day: int = Field(
        2048,
        ge=1,
        description="MiB that all who are not signed in may attach together within a day; who is"
        " signed in has a bound of his own.",
    )

    clamd_address: str = Field(
        "",
        pattern=r"^(|[^:/\s]+:\d{1,5})$",
        description="ClamAV's daemon, such as clamav:3310, which looks into every attachment before"
        " it goes on; while it does not answer, attachments wait. Without it nothing is scanned.",
    )

    api_token_minutes: int = Field(
        10, ge=1, le=60, description="How long an access token of `/api/v1` is good."
    )
    api_requests_a_minute: int = Field(
        600, ge=1, description="Requests that one partner may make in a minute."
    )
    webhook_failure_days: int = Field(
        5, ge=1, le=30, description="A webhook that fails for this long is disabled."
    )
    api_audience: str = Field(
        "", description="`aud` of access tokens; the API's own address where it is not set."
    )
    api_issuer: str = Field(
        "", description="`iss` of access tokens that another provider issues to partners."
    )
    api_jwks_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Where that provider has its keys (JWKS). Unset: the portal issues tokens"
        " itself, to partners that have a secret.",
    )

    @field_validator("api_jwks_url")
    @classmethod
    def _of_a_named_issuer(cls, url: str, info: ValidationInfo) -> str:
        if url and not (info.data.get("api_issuer") and info.data.get("api_audience")):
            raise ValueError("set API_ISSUER and API_AUDIENCE, too")
        return url

    @field_validator("cancellation_url", "contract_archive_url")
    @classmethod
    def _asked_as_the_portal(cls, url: str, info: ValidationInfo) -> str:
        if url and info.data.get("portal_credential") is None:
            raise ValueError("set PORTAL_CREDENTIAL, too")
        return url

    @property
    def submissions_kept(self) -> timedelta:
        return timedelta(days=self.submissions_kept_days)

    @property
    def api_url(self) -> str:
        """The root of the API, as partners reach it."""
        return f"{self.public_url}/api/v1"

    @property
    def audience(self) -> str:
        return self.api_audience or self.api_url
