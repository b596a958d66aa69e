"""Who a process of a test is on secured servers; without security everybody is nobody."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr
from pymongo import AsyncMongoClient

from shared.kafka.acls import Resource, create_acls
from shared.operations.rights import database_rights, kafka_rights
from shared.settings import RuntimeSettings
from tests.apache_kafka.security import ADMIN, security_of_this_run

Settings = TypeVar("Settings", bound=RuntimeSettings)


def environment_of(user: str, mongo_url: str | None = None) -> dict[str, str]:
    """How a process connects as `user`, to a database at `mongo_url` if there is one."""
    security = security_of_this_run()
    if security is None:
        return {}
    database = {} if mongo_url is None else {"MONGO_URL": url_of(user, mongo_url)}
    return security.environment(user) | database


def url_of(user: str, mongo_url: str) -> str:
    """The same address, for another user."""
    security = security_of_this_run()
    if security is None:
        return mongo_url
    parts = urlsplit(mongo_url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{user}:{security.passwords[user]}@{host}").geturl()


async def as_service(name: str, settings: Settings, *readers: str) -> Settings:
    """The same settings for the service's own user, once the administrator has given him a group
    and a database by the prefixes of the settings, and `readers` theirs. Settings that are a
    user's stay as they are.
    """
    security = security_of_this_run()
    if security is None or settings.kafka_username != ADMIN:
        return settings
    await create_acls(
        settings,
        [
            rights
            for rights in kafka_rights(settings)
            if rights.user in (name, *readers) and rights.resource is Resource.GROUP
        ],
    )
    async with AsyncMongoClient[Any](settings.mongo_url) as client:
        for rights in database_rights(settings):
            if rights.user in (name, *readers):
                given = [{"role": role, "db": database} for role, database in rights.roles]
                await client.admin.command("grantRolesToUser", rights.user, roles=given)
    own = {
        "kafka_username": name,
        "kafka_password": SecretStr(security.passwords[name]),
        "mongo_url": url_of(name, settings.mongo_url),
    }
    return settings.model_copy(update=own)
