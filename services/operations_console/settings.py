"""The console's own settings."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from shared.desk_hours.settings import DeskHoursSettings
from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE, NOTIFICATION
from shared.web.settings import WebSettings


class Settings(DeskHoursSettings, WebSettings):
    """It asks the services with the operators' credential, and has no internal port of its own.

    The hours must be those of intake: boards count down to what intake has promised.
    """

    inquiry_intake_url: str = Field(
        "", description="Intake's internal port, such as http://127.0.0.1:8091."
    )
    cancellation_url: str = Field("", description="The cancellation service's internal port.")
    contract_archive_url: str = Field("", description="The archive's internal port.")
    notification_url: str = Field("", description="The notification service's internal port.")
    case_seconds: float = Field(
        20.0,
        gt=0,
        le=120,
        description="How long one look for a case may read the topics; what was not read is said.",
    )
    cases_kept_days: int = Field(
        1095,
        ge=1,
        le=36_500,
        description="How long the index of cases keeps what a record said, masked, after its time.",
    )
    cases_at_once: int = Field(
        2, ge=1, le=20, description="How many cases one process looks for at the same time."
    )

    overview_every_seconds: float = Field(
        10.0, gt=0, le=600, description="How old the overview may be before it is read again."
    )

    @property
    def cases_kept(self) -> timedelta:
        return timedelta(days=self.cases_kept_days)

    @property
    def service_urls(self) -> dict[str, str]:
        """Where the services are that know more about a case than the topics."""
        named = {
            INTAKE: self.inquiry_intake_url,
            CANCELLATION: self.cancellation_url,
            ARCHIVE: self.contract_archive_url,
        }
        return {name: url for name, url in named.items() if url}

    @property
    def all_service_urls(self) -> dict[str, str]:
        """Where every service is; mails are nobody's case, but they are work."""
        return self.service_urls | (
            {NOTIFICATION: self.notification_url} if self.notification_url else {}
        )
