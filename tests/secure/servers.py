"""Apache Kafka with TLS, SCRAM and ACLs, and MongoDB with users: the rights `desk acl` gives."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from desk.local.child import Child
from desk.local.database import database, database_ready
from desk.local.ports import HOST, accepts_connections, choose_ports
from shared.kafka.acls import create_acls
from shared.mongo.users import User, write_users
from shared.operations.rights import RESTORER, database_rights, kafka_rights, users
from shared.settings import RuntimeSettings
from tests.apache_kafka.broker import ApacheKafka, prepared
from tests.apache_kafka.security import ADMIN, Security, new_security, security_of_this_run

READY_WITHIN_S = 120.0
RULES = RuntimeSettings(create_topics=True, history_kept_days=5_000)
"""The settings that rights are generated for; each one requires more rights."""


@dataclass(frozen=True)
class Secured:
    """The servers, and how each user reaches them."""

    broker: ApacheKafka
    database: Child
    mongo_port: int
    security: Security

    @property
    def address(self) -> str:
        return self.broker.address

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

    async def start_database(self) -> None:
        """Return once it lets its users in. Raises `ChildError` if it cannot."""
        self.database.start()
        await self.database.wait_ready(self.lets_in, READY_WITHIN_S)

    async def lets_in(self) -> bool:
        """Whether the database answers its administrator."""
        if not await accepts_connections(self.mongo_port):
            return False
        async with AsyncMongoClient[Any](
            self.mongo_url(ADMIN), serverSelectionTimeoutMS=2_000
        ) as client:
            try:
                await client.admin.command("ping")
            except PyMongoError:
                return False
        return True


@asynccontextmanager
async def secured(directory: Path) -> AsyncIterator[Secured]:
    """Both servers at work, with all users and rights; without topics."""
    everybody = [*users(), RESTORER]
    security = security_of_this_run() or new_security(directory / "certificates", everybody)
    broker = await prepared(directory / "apache-kafka", security)
    port = choose_ports(["database"], directory / "ports.json")["database"]
    pem = str(security.server_pem)
    child = database(
        directory, port, options=("--auth", "--tls-cert-file", pem, "--tls-key-file", pem)
    )
    servers = Secured(broker, child, port, security)
    try:
        await asyncio.gather(_broker(servers), _database(directory, servers))
        yield servers
    finally:
        await asyncio.gather(broker.stop(), child.stop())


async def _broker(servers: Secured) -> None:
    await servers.broker.start()
    await create_acls(servers.settings(ADMIN), kafka_rights(RULES))


async def _database(directory: Path, servers: Secured) -> None:
    """Users are made before the database asks for any, by the first that is started with them."""
    users = servers.security.ca_file.with_name("users")
    if not users.exists():
        await _make_users(directory, servers)
        shutil.copytree(directory / "mongo", users)
    elif not (directory / "mongo").exists():
        shutil.copytree(users, directory / "mongo")
    await servers.start_database()


async def _make_users(directory: Path, servers: Secured) -> None:
    open_to_all = database(directory, servers.mongo_port)
    open_to_all.start()
    try:
        await open_to_all.wait_ready(partial(database_ready, servers.mongo_port), READY_WITHIN_S)
        await _create_users(servers)
    finally:
        await open_to_all.stop()


async def _create_users(servers: Secured) -> None:
    """As `desk acl mongodb --apply` does it."""
    passwords = servers.security.passwords
    made = [User(it.user, passwords[it.user], it.roles) for it in database_rights(RULES)]
    administrator = User(ADMIN, passwords[ADMIN], (("root", "admin"),))
    url = f"mongodb://{HOST}:{servers.mongo_port}/?directConnection=true"
    await write_users(url, [*made, administrator])
