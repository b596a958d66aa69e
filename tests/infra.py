"""Where tests find a broker, a database and a mail server: `--infra` chooses."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from desk.embedded import pacing
from desk.embedded.stack import Endpoints, embedded_stack
from tests.apache_kafka.broker import apache_kafka
from tests.ferretdb.server import ferretdb

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
    """What `auto` means on this machine."""
    if choice != "auto":
        return choice
    return "docker" if docker_answers() else "embedded"


@asynccontextmanager
async def infrastructure(choice: str, directory: Path) -> AsyncIterator[Endpoints]:
    """Broker, database and mailbox, ready; stopped afterwards where they were started here."""
    choice = resolved(choice)
    if choice in ("embedded", "kafka"):
        async with (
            local_kafka(choice, directory) as kafka,
            embedded_stack(directory, kafka=kafka) as stack,
        ):
            yield stack.endpoints
    elif choice == "ferretdb":
        pacing.install()
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


@asynccontextmanager
async def local_kafka(choice: str, directory: Path) -> AsyncIterator[str | None]:
    """The address of a new Apache Kafka; None where the stack is to start its embedded broker.

    Then this process's consumers are paced; those of Apache Kafka are left as the product's are.
    """
    if choice != "kafka":
        pacing.install()
        yield None
        return
    async with apache_kafka(directory / "apache-kafka") as address:
        yield address


@asynccontextmanager
async def _containers(directory: Path) -> AsyncIterator[Endpoints]:
    """Apache Kafka and MongoDB in containers; the mailbox is a child process as always."""
    from testcontainers.kafka import KafkaContainer
    from testcontainers.mongodb import MongoDbContainer

    kafka = KafkaContainer("confluentinc/cp-kafka:7.8.0").with_kraft()
    mongo = MongoDbContainer("mongo:8")
    try:
        await asyncio.gather(asyncio.to_thread(kafka.start), asyncio.to_thread(mongo.start))
        async with embedded_stack(
            directory, kafka=kafka.get_bootstrap_server(), mongo=mongo.get_connection_url()
        ) as stack:
            yield stack.endpoints
    finally:
        await asyncio.gather(asyncio.to_thread(kafka.stop), asyncio.to_thread(mongo.stop))
