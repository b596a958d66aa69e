"""The notification service's settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from services.notification.mail.compose import Imprint, Letterhead
from services.notification.mail.decide import Rules
from shared.events.values import Language
from shared.mail.smtp import MailServer
from shared.settings import (
    DEVELOPMENT_DEFAULT,
    DEVELOPMENT_KEY,
    CompanySettings,
    DocumentCodeKey,
    FetchInterval,
)

MOST_COUNTED = 5_000
"""Each mail reads and writes all that are counted of its address on its day, 43 bytes each."""


class Settings(CompanySettings):
    """Whose mails these are, and how they go out."""

    fetch_interval_ms: FetchInterval = 25
    smtp_url: Annotated[SecretStr, DEVELOPMENT_DEFAULT] = Field(
        SecretStr("smtp://127.0.0.1:1025"),
        description="The mail server: smtp:// (plain), smtps:// (TLS) or smtp+starttls://, with"
        " user:password@ (percent-encoded) where it wants them.",
    )
    smtp_connections: int = Field(2, ge=1, le=20, description="Connections kept to the server.")
    smtp_unreported: int = Field(
        20,
        ge=1,
        le=100,
        description="Mails on their way to the server or taken by it and not recorded yet, at most:"
        " so many can a crash repeat. Twice SMTP_CONNECTIONS or more keeps those busy.",
    )
    smtp_timeout_seconds: float = Field(
        20.0, gt=0, description="How long one mail may take; less than WORKER_LEASE_SECONDS."
    )
    smtp_check_seconds: float = Field(
        30.0,
        gt=0,
        description="How often the mail server is asked whether it works while no mail shows it.",
    )
    mail_from: Annotated[str, DEVELOPMENT_DEFAULT] = Field(
        "Servicio de Soporte a Clientes <soporte@contract-desk.example>",
        description="The From header; its address is the envelope sender too.",
    )
    message_id_domain: Annotated[str, DEVELOPMENT_DEFAULT] = Field(
        "contract-desk.example", description="Right-hand side of every Message-ID."
    )
    recipient_hash_key: Annotated[SecretStr, DEVELOPMENT_DEFAULT] = Field(
        SecretStr("development-only"),
        description="Key of the recipient hash in notification events: with a known key, known"
        " addresses can be recognised.",
    )
    unregistered_mails_per_hour: int = Field(
        20,
        ge=1,
        le=MOST_COUNTED,
        description="Mails an hour to an address that is not the registered one.",
    )
    unregistered_mails_per_day: int = Field(
        50,
        ge=1,
        le=MOST_COUNTED,
        description="Mails a day to an address that is not the registered one.",
    )
    summary_wait_seconds: float = Field(
        10.0,
        ge=0,
        description="How long the decisions on a request for several contracts wait for each other"
        " after the first; then they go out in one mail.",
    )
    documents_url: Annotated[str, DEVELOPMENT_DEFAULT] = Field(
        "http://127.0.0.1:8084",
        description="Where customers reach the archive's DOCUMENTS_PORT; links start with it.",
    )
    document_code_key: DocumentCodeKey = DEVELOPMENT_KEY
    retry_hours: float = Field(24.0, gt=0, description="How long a mail is tried before it fails.")

    company_site_url: Annotated[str, DEVELOPMENT_DEFAULT] = Field(
        "https://contract-desk.example/", description="Where customers do things online."
    )
    desk_hours_es: str = Field(
        "de lunes a viernes, de 09:00 a 17:00 (en verano, de 08:30 a 14:00)",
        description="The staffed hours (F7) as a Spanish sentence says them.",
    )
    desk_hours_en: str = Field(
        "Monday to Friday, 09:00–17:00 (in summer, 08:30–14:00)",
        description="The staffed hours (F7) as an English sentence says them.",
    )

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, url: SecretStr) -> SecretStr:
        MailServer.at(url.get_secret_value())
        return url

    @model_validator(mode="after")
    def _one_mail_fits_a_lease(self) -> Self:
        if self.smtp_timeout_seconds >= self.worker_lease_seconds:
            raise ValueError("SMTP_TIMEOUT_SECONDS must be less than WORKER_LEASE_SECONDS")
        return self

    @property
    def mail_server(self) -> MailServer:
        return MailServer.at(self.smtp_url.get_secret_value())

    @property
    def rules(self) -> Rules:
        return Rules(
            give_up_after=timedelta(hours=self.retry_hours),
            # Whole milliseconds, which is what MongoDB keeps.
            summary_wait=timedelta(milliseconds=round(self.summary_wait_seconds * 1000)),
        )

    @property
    def letterhead(self) -> Letterhead:
        return Letterhead(self.mail_from, self.message_id_domain)

    @property
    def imprint(self) -> Imprint:
        return Imprint(
            company=self.company_name,
            phone=self.company_phone,
            phone_from_abroad=self.company_phone_from_abroad,
            fax=self.company_fax,
            postal_address=self.company_postal_lines,
            hours={Language.ES: self.desk_hours_es, Language.EN: self.desk_hours_en},
            site_url=self.company_site_url,
            documents_url=self.documents_url,
            document_code_key=self.document_code_key.get_secret_value().encode(),
        )
