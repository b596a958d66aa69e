"""The archive's settings, from its environment."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from services.contract_archive.documents.make import Company
from services.contract_archive.rules import Rules
from shared.settings import (
    DEVELOPMENT_KEY,
    ActivationCodeKey,
    DocumentCodeKey,
    FetchInterval,
    RuntimeSettings,
)


class Settings(RuntimeSettings):
    fetch_interval_ms: FetchInterval = 25
    documents_host: str = Field("127.0.0.1", description="Where customers' documents listen.")
    documents_port: int = Field(
        0,
        ge=0,
        description="Port of customers' documents, apart from HTTP_PORT; 0 takes a free one.",
    )
    document_code_key: DocumentCodeKey = DEVELOPMENT_KEY
    access_grace_seconds: float = Field(
        5.0, ge=0, description="How long a request waits for records that may be on their way."
    )
    copy_available_days: int = Field(
        30, ge=1, description="How many days a copy can be downloaded after it was asked for."
    )
    activation_code_key: ActivationCodeKey = DEVELOPMENT_KEY
    activation_attempts: int = Field(
        5, ge=1, description="Wrong codes that lock a ServicePac's activation for a customer (F9)."
    )
    activation_attempts_of_all: int = Field(
        20,
        ge=1,
        description="Wrong codes for one contract in a day that lock it for every customer.",
    )
    company_name: str = Field("IBM SA", description="The name on the documents' letterhead.")
    company_postal_address: str = Field(
        "Soporte Administrativo a Clientes - CSOL, Santa Hortensia 26-28, 28002 Madrid",
        description="The postal address at the foot of the documents.",
    )
    company_phone: str = Field("901 200 400", description="The phone at the foot of the documents.")

    @property
    def rules(self) -> Rules:
        # Whole milliseconds, which is what MongoDB keeps: a timer must not come too early.
        grace = timedelta(milliseconds=round(self.access_grace_seconds * 1000))
        return Rules(
            access_grace=grace,
            copy_available_for=timedelta(days=self.copy_available_days),
            activation_code_key=self.activation_code_key.get_secret_value().encode(),
            activation_attempts=self.activation_attempts,
            activation_attempts_of_all=self.activation_attempts_of_all,
        )

    @property
    def company(self) -> Company:
        return Company(
            name=self.company_name,
            postal_address=self.company_postal_address,
            phone=self.company_phone,
        )
