"""The services that own the records, each asked on its internal port with operators' credential."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from services.operations_console.settings import Settings
from shared.operations.service_client import ServiceClient, services_at


@dataclass(frozen=True, slots=True)
class Owners:
    """Every service; one whose address is not set is silent."""

    settings: Settings

    def asked(self) -> AbstractAsyncContextManager[dict[str, ServiceClient]]:
        """A client of each. Nothing connects before it is asked."""
        credential = self.settings.internal_credential.get_secret_value()
        return services_at(self.settings.all_service_urls, credential)
