"""Secures a broker on a local JVM with TLS, SCRAM users and an authorizer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from desk.local.ports import HOST
from shared.settings import RuntimeSettings

ADMIN = "admin"
"""May do everything: the tests' own user, where one test is channel, billing and registry."""
MECHANISM = "SCRAM-SHA-512"
PLAIN = "PLAIN"
"""Also within TLS: for clients whose SCRAM does not follow RFC 5802, as librdkafka before 2.6.1."""
SERVER_PEM = "server.pem"
PASSWORDS = "passwords.json"
"""Beside the CA's certificate, for the tests that look for it."""


@dataclass(frozen=True)
class Security:
    """A CA, a server certificate for this machine, and users with their passwords."""

    ca_file: Path
    server_pem: Path
    passwords: Mapping[str, str]

    def environment(self, user: str) -> dict[str, str]:
        """How a process connects to Kafka as `user`."""
        return {
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": MECHANISM,
            "KAFKA_USERNAME": user,
            "KAFKA_PASSWORD": self.passwords[user],
            "KAFKA_CA_FILE": str(self.ca_file),
        }

    def settings(self, user: str, address: str) -> RuntimeSettings:
        values = {name.lower(): value for name, value in self.environment(user).items()}
        return RuntimeSettings.model_validate({**values, "kafka_bootstrap_servers": address})

    def format_options(self) -> list[str]:
        """The users, for the command that sets up the broker's storage."""
        return [
            option
            for user, password in self.passwords.items()
            for option in ("--add-scram", f"{MECHANISM}=[name={user},password={password}]")
        ]

    def properties(self, broker: int, controller: int) -> dict[str, str]:
        """Nobody but the admin may do anything that no ACL allows."""
        jaas = "org.apache.kafka.common.security"
        admin = f'required username="{ADMIN}" password="{self.passwords[ADMIN]}"'
        known = f'user_{ADMIN}="{self.passwords[ADMIN]}"'
        all_known = " ".join(f'user_{user}="{word}"' for user, word in self.passwords.items())
        return {
            "listeners": f"SASL_SSL://{HOST}:{broker},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"SASL_SSL://{HOST}:{broker}",
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:SASL_SSL",
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.mechanism.inter.broker.protocol": MECHANISM,
            "sasl.enabled.mechanisms": f"{MECHANISM},{PLAIN}",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": (
                f"{jaas}.plain.PlainLoginModule {admin} {known};"
            ),
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                f"{jaas}.scram.ScramLoginModule {admin};"
            ),
            "listener.name.sasl_ssl.plain.sasl.jaas.config": (
                f"{jaas}.plain.PlainLoginModule {admin} {all_known};"
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.server_pem),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca_file),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN}",
            "allow.everyone.if.no.acl.found": "false",
        }


def new_security(directory: Path, users: Iterable[str]) -> Security:
    """Certificates in `directory`, and a random password for each user and the admin."""
    directory.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    ca_file, server_pem = directory / "ca.pem", directory / SERVER_PEM
    authority.cert_pem.write_to_path(str(ca_file))
    # Kafka reads PKCS #8 alone.
    key = load_pem_private_key(certificate.private_key_pem.bytes(), password=None)
    server_pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
    )
    passwords = {user: token_hex(16) for user in (*users, ADMIN)}
    (directory / PASSWORDS).write_text(json.dumps(passwords))
    return Security(ca_file, server_pem, passwords)


def security_of_this_run() -> Security | None:
    """The one whose CA the environment names (`--infra secure`); None where nothing is secured."""
    ca_file = Path(os.environ.get("KAFKA_CA_FILE", "none"))
    passwords = ca_file.with_name(PASSWORDS)
    if not passwords.exists():
        return None
    return Security(ca_file, ca_file.with_name(SERVER_PEM), json.loads(passwords.read_text()))
