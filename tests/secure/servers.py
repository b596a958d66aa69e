"""Apache Kafka with TLS, SCRAM and ACLs, and MongoDB with users: the rights `desk acl` gives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from desk.embedded.database import database, database_ready
from desk.embedded.ports import HOST, accepts_connections, choose_ports
from desk.ops.rights import database_rights, kafka_rights, users
from shared.kafka.acls import create_acls
from shared.runtime.topics import create_missing_topics
from shared.settings import RuntimeSettings
from tests.apache_kafka.broker import prepared
from tests.apache_kafka.security import ADMIN, Security, new_security

READY_WITHIN_S = 30.0
RULES = RuntimeSettings(create_topics=True, history_kept_days=5_000)
"""What the rights are generated for: each of these settings asks for more of them."""


@dataclass(frozen=True)
class Secured:
    """The servers, and how each user reaches them."""

    address: str
    mongo_port: int
    security: Security

    def settings(self, user: str, **more: Any) -> RuntimeSettings:
        values = self.security.settings(user, self.address).model_dump()
        return RuntimeSettings.model_validate({**values, "mongo_url": self.mongo_url(user), **more})

    def environment(self, user: str) -> dict[str, str]:
        return {
            **self.security.environment(user),
            "KAFKA_BOOTSTRAP_SERVERS": self.address,
            "MONGO_URL": self.mongo_url(user),
        }

    def mongo_url(self, user: str) -> str:
        password = self.security.passwords[user]
        return (
            f"mongodb://{user}:{password}@{HOST}:{self.mongo_port}/?directConnection=true"
            f"&authSource=admin&tls=true&tlsCAFile={self.security.ca_file}"
        )


@asynccontextmanager
async def secured(directory: Path) -> AsyncIterator[Secured]:
    """Both servers at work, with all users and rights, and the catalogue's topics."""
    security = new_security(directory / "certificates", users())
    broker = await prepared(directory / "apache-kafka", security)
    port = choose_ports(["database"], directory / "ports.json")["database"]
    servers = Secured(broker.address, port, security)
    try:
        await asyncio.gather(broker.start(), _users(directory, servers))
        await create_acls(servers.settings(ADMIN), kafka_rights(RULES))
        # A service of the desk creates the topics: it has the right to.
        await create_missing_topics(servers.settings("cancellation"))
        async with _database(directory, servers):
            yield servers
    finally:
        await broker.stop()


async def _users(directory: Path, servers: Secured) -> None:
    """Users are made before the database asks for any."""
    child = database(directory, servers.mongo_port)
    child.start()
    try:
        await child.wait_ready(partial(database_ready, servers.mongo_port), READY_WITHIN_S)
        passwords = servers.security.passwords
        made = {
            one.user: [{"role": r, "db": db} for r, db in one.roles]
            for one in database_rights(RULES)
        }
        async with AsyncMongoClient[Any](
            f"mongodb://{HOST}:{servers.mongo_port}/?directConnection=true"
        ) as client:
            for user, roles in {**made, ADMIN: [{"role": "root", "db": "admin"}]}.items():
                await client.admin.command("createUser", user, pwd=passwords[user], roles=roles)
    finally:
        await child.stop()


@asynccontextmanager
async def _database(directory: Path, servers: Secured) -> AsyncIterator[None]:
    pem = str(servers.security.server_pem)
    options = ("--auth", "--tls-cert-file", pem, "--tls-key-file", pem)
    child = database(directory, servers.mongo_port, options=options)
    child.start()
    try:
        await child.wait_ready(partial(_lets_in, servers), READY_WITHIN_S)
        yield
    finally:
        await child.stop()


async def _lets_in(servers: Secured) -> bool:
    if not await accepts_connections(servers.mongo_port):
        return False
    async with AsyncMongoClient[Any](
        servers.mongo_url(ADMIN), serverSelectionTimeoutMS=2_000
    ) as client:
        try:
            await client.admin.command("ping")
        except PyMongoError:
            return False
    return True
