"""Where tests find a broker, a database and a mail server: `--infra` chooses."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from desk.local.child import Child, Probe
from desk.local.database import SUITED_SETTINGS
from desk.local.stack import Endpoints, embedded_stack
from desk.local.supervisor import Desk, desk_up
from desk.local.watched import Say
from shared.events.topics import PORTAL, SERVICES
from shared.operations.rights import OPERATORS
from tests.apache_kafka.broker import apache_kafka
from tests.apache_kafka.security import ADMIN
from tests.builders import fetch_pace
from tests.builders.users import environment_of, url_of
from tests.ferretdb.server import ferretdb
from tests.secure.servers import secured

KAFKA_IMAGE = "confluentinc/cp-kafka:7.8.0"
MONGO_IMAGE = "mongo:8"
"""`make test-docker` builds images of these names where the daemon lacks them."""
CONTAINER_READY_S = 120
ONE_BROKER = {
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
}
"""As on the other brokers of the tests: a missing topic is an error, and transactions work."""
LOCAL = ("embedded", "kafka", "secure")
CHOICES = ("auto", "embedded", "kafka", "secure", "ferretdb", "docker", "external")


def docker_answers() -> bool:
    """Whether a Docker daemon answers, so that testcontainers can be used."""
    if shutil.which("docker") is None and "DOCKER_HOST" not in os.environ:
        return False
    import docker

    try:
        docker.from_env(timeout=3).ping()
    except docker.errors.DockerException:
        return False
    return True


def resolved(choice: str) -> str:
    """Resolves `auto` for this machine."""
    if choice != "auto":
        return choice
    return "docker" if docker_answers() else "embedded"


@asynccontextmanager
async def infrastructure(choice: str, directory: Path) -> AsyncIterator[Endpoints]:
    """Broker, database and mailbox, ready; stopped afterwards where they were started here."""
    choice = resolved(choice)
    if choice in LOCAL:
        async with (
            local_servers(choice, directory) as given,
            embedded_stack(directory, kafka=given.kafka, mongo=given.mongo) as stack,
        ):
            yield stack.endpoints
    elif choice == "ferretdb":
        fetch_pace.install()
        async with (
            ferretdb(directory / "ferretdb") as mongo,
            embedded_stack(directory, mongo=mongo) as stack,
        ):
            yield stack.endpoints
    elif choice == "docker":
        async with _containers(directory) as endpoints:
            yield endpoints
    else:
        async with embedded_stack(
            directory,
            kafka=os.environ.get("KAFKA_BOOTSTRAP_SERVERS"),
            mongo=os.environ.get("MONGO_URL"),
        ) as stack:
            yield stack.endpoints


@dataclass(frozen=True)
class Given:
    """Servers that a desk or a stack of a test is given; what has no address it embeds."""

    kafka: str | None = None
    mongo: str | None = None
    children: Mapping[str, Child] = field(default_factory=dict)
    probes: Mapping[str, Probe] = field(default_factory=dict)


@asynccontextmanager
async def local_servers(choice: str, directory: Path) -> AsyncIterator[Given]:
    """Starts the servers that `choice` puts in the place of embedded ones: none for `embedded`.

    The address of a secured database is that of its administrator.
    """
    if choice == "secure":
        async with secured(directory / "secured") as servers:
            yield Given(
                servers.address,
                servers.mongo_url(ADMIN),
                {"database": servers.database},
                {"database": servers.lets_in},
            )
        return
    async with local_kafka(choice, directory) as kafka:
        yield Given(kafka)


@asynccontextmanager
async def desk_on(
    given: Given, directory: Path, *, overrides: Mapping[str, str], say: Say, portal: bool = False
) -> AsyncIterator[Desk]:
    """`desk up` on these servers, with its portal if asked for.

    Where they are secured, every service and the portal connect with their own users, and the
    addresses that the desk writes down are for operators.
    """
    if given.mongo is None:
        async with desk_up(
            directory, kafka=given.kafka, overrides=overrides, portal=portal, say=say
        ) as desk:
            yield desk
        return
    async with desk_up(
        directory,
        kafka=given.kafka,
        mongo=url_of(OPERATORS, given.mongo),
        overrides=SUITED_SETTINGS | dict(overrides),
        own={name: environment_of(name, given.mongo) for name in (*SERVICES, PORTAL)},
        portal=portal,
        say=say,
    ) as desk:
        yield desk


@asynccontextmanager
async def local_kafka(choice: str, directory: Path) -> AsyncIterator[str | None]:
    """The address of a new Apache Kafka; None where the stack is to start its embedded broker.

    Then this process's consumers are paced; those of Apache Kafka are left as the product's are.
    """
    if choice != "kafka":
        fetch_pace.install()
        yield None
        return
    async with apache_kafka(directory / "apache-kafka") as address:
        yield address


@asynccontextmanager
async def _containers(directory: Path) -> AsyncIterator[Endpoints]:
    """Apache Kafka and MongoDB in containers; the mailbox is a child process as always."""
    from testcontainers.community.kafka import KafkaContainer
    from testcontainers.community.mongodb import MongoDbContainer

    kafka = KafkaContainer(KAFKA_IMAGE).with_kraft().with_envs(**ONE_BROKER)
    mongo = MongoDbContainer(MONGO_IMAGE)
    try:
        await asyncio.gather(
            asyncio.to_thread(kafka.start, CONTAINER_READY_S), asyncio.to_thread(mongo.start)
        )
        async with embedded_stack(
            directory, kafka=kafka.get_bootstrap_server(), mongo=mongo.get_connection_url()
        ) as stack:
            yield stack.endpoints
    finally:
        await asyncio.gather(asyncio.to_thread(kafka.stop), asyncio.to_thread(mongo.stop))
