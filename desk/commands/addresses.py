"""How a command finds the desk: options and environment first, then `.desk/endpoints.json`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desk.commands.errors import DeskError

if TYPE_CHECKING:
    from shared.settings import RuntimeSettings

ENDPOINTS_FILE = "endpoints.json"
ADDRESSES = ("kafka_bootstrap_servers", "mongo_url", "smtp_url")
CREDENTIAL = "INTERNAL_CREDENTIAL"
ELSEWHERE = (
    "What is asked here a service answers itself: set INTERNAL_CREDENTIAL, and INQUIRY_INTAKE_URL,"
    "\nCANCELLATION_URL, CONTRACT_ARCHIVE_URL and NOTIFICATION_URL to their internal ports."
)
BROKER = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+)(:\d{1,5})?")


@dataclass(frozen=True)
class Where:
    """The addresses that are known; asking for one that is not raises `DeskError`."""

    directory: Path
    kafka: str | None = None
    mongo: str | None = None
    smtp: str | None = None
    mailbox: Path | None = None
    noted_services: Mapping[str, str] = field(default_factory=dict)
    noted_credential: str = field(default="", repr=False)

    @property
    def service_urls(self) -> Mapping[str, str]:
        """The services' internal ports by name, as far as they are known; at least one is."""
        from shared.events.topics import SERVICES

        given = {name: os.environ.get(f"{name.upper()}_URL") for name in SERVICES}
        known = {**self.noted_services, **{name: url for name, url in given.items() if url}}
        if known:
            return known
        if (self.directory / ENDPOINTS_FILE).exists():
            raise DeskError(ELSEWHERE)
        raise DeskError(f"{_nothing_here(self.directory)}\n{ELSEWHERE}")

    @property
    def credential(self) -> str:
        """The credential that the services require."""
        return os.environ.get(CREDENTIAL) or self.noted_credential

    @property
    def kafka_address(self) -> str:
        addresses = self.kafka or self._missing("KAFKA_BOOTSTRAP_SERVERS", "--kafka")
        if not all(BROKER.fullmatch(address.strip()) for address in addresses.split(",")):
            raise DeskError(
                f"{addresses!r} is no list of brokers; expected host:port, comma separated.\n"
                "Correct KAFKA_BOOTSTRAP_SERVERS or --kafka."
            )
        return addresses

    @property
    def mongo_address(self) -> str:
        return self.mongo or self._missing("MONGO_URL", "--mongo")

    @property
    def smtp_address(self) -> str:
        return self.smtp or self._missing("SMTP_URL", "--smtp")

    @property
    def mail_folder(self) -> Path:
        if self.mailbox is not None:
            return self.mailbox
        if (self.directory / ENDPOINTS_FILE).exists():
            raise DeskError(
                "this desk has no mailbox folder: it sends its mail to the server at SMTP_URL.\n"
                "Look there, or give the folder of .eml files with --mailbox."
            )
        raise DeskError(_nothing_here(self.directory))

    def settings(self) -> RuntimeSettings:
        """How to connect to the broker; the rest (SASL, prefixes…) is the environment's."""
        from shared.settings import RuntimeSettings

        return RuntimeSettings(kafka_bootstrap_servers=self.kafka_address)

    def _missing(self, variable: str, option: str) -> str:
        if (self.directory / ENDPOINTS_FILE).exists():
            raise DeskError(f"no address for {variable}: set it, or give {option}.")
        raise DeskError(_nothing_here(self.directory))


def find(
    directory: Path,
    *,
    kafka: str | None = None,
    mongo: str | None = None,
    smtp: str | None = None,
    mailbox: Path | None = None,
) -> Where:
    """The given addresses, completed from the directory of a `desk up`, if there is one.

    Raises `DeskError` for a file that is not what `desk up` writes.
    """
    noted = _noted(directory / ENDPOINTS_FILE)
    if noted is None:
        return Where(directory, kafka, mongo, smtp, mailbox)
    return Where(
        directory,
        kafka or noted["kafka_bootstrap_servers"],
        mongo or noted["mongo_url"],
        smtp or noted["smtp_url"],
        mailbox or (noted["mailbox"] and Path(noted["mailbox"])),
        noted.get("internal") or {},
        noted.get("internal_credential") or "",
    )


def _noted(file: Path) -> dict[str, Any] | None:
    try:
        noted = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        noted = None
    if not _are_addresses(noted):
        raise DeskError(
            f"{file} cannot be read as a desk's addresses.\n"
            "Stop `desk up` there, remove the file and start it again."
        )
    return {"mailbox": None, **noted}


def _are_addresses(noted: Any) -> bool:
    return isinstance(noted, dict) and all(isinstance(noted.get(it), str) for it in ADDRESSES)


def _nothing_here(directory: Path) -> str:
    return (
        f"no desk found: there is no {directory / ENDPOINTS_FILE}.\n"
        "Run `desk up` in another terminal (in this folder, or give --directory), or set\n"
        "KAFKA_BOOTSTRAP_SERVERS, MONGO_URL and SMTP_URL to a desk that runs elsewhere."
    )
