"""The broker of deploy/compose.secure.yaml, started as its image does it, on this machine.

Apache Kafka's own program of the image turns the container's environment into properties and sets
the storage up; Kafka's own tool makes the users by the script of the container `kafka_users`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from desk.local.broker import broker_ready
from desk.local.child import Child
from desk.local.ports import HOST, choose_ports
from shared.kafka.acls import create_acls
from shared.kafka.client_options import client_options
from shared.kafka.topic_creation import create_missing_topics
from shared.operations.rights import kafka_rights
from shared.settings import RuntimeSettings
from tests.apache_kafka.broker import QUICK_START, READY_WITHIN_S, STOP_GRACE_S, java
from tests.builders.container_files import ROOT, environment_of, secured

SECURE = ROOT / "deploy" / "secure"
PORTS = {"19092": "internal", "9092": "host", "19093": "admin", "29093": "controller"}
USERS = ("cancellation", "channels")
LOGGED = "Configuration: {Appenders: {}, Loggers: {Root: {level: INFO}, Logger: []}}\n"
"""The image's own files of log4j say more."""

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True)
class Compose:
    """The broker's ports and the folder of secrets."""

    ports: Mapping[str, int]
    secrets: Path

    def settings(self, user: str, port: str, password: str, mechanism: str) -> RuntimeSettings:
        return RuntimeSettings.model_validate(
            {
                "kafka_bootstrap_servers": f"{HOST}:{self.ports[port]}",
                "kafka_security_protocol": "SASL_SSL",
                "kafka_sasl_mechanism": mechanism,
                "kafka_username": user,
                "kafka_password": password,
                "kafka_ca_file": str(self.secrets / "kafka" / "ca.pem"),
            }
        )

    @property
    def administrator(self) -> RuntimeSettings:
        password = (self.secrets / "administrator" / "kafka_password").read_text()
        return self.settings("admin", "admin", password, "PLAIN")

    def user(self, name: str, port: str = "internal") -> RuntimeSettings:
        password = (self.secrets / name / "kafka_password").read_text()
        return self.settings(name, port, password, "SCRAM-SHA-512")

    def here(self, text: str) -> str:
        """Puts this machine's folders and ports in the place of the container's in `text`."""
        for there, name in PORTS.items():
            text = text.replace(f":{there}", f":{self.ports[name]}")
        text = text.replace("/run/secrets/kafka", str(self.secrets / "kafka"))
        return text.replace("//kafka:", f"//{HOST}:").replace("//:", f"//{HOST}:")


def environment(compose: Compose, data: Path) -> dict[str, str]:
    told = environment_of(secured()["services"]["kafka"])
    values = {name: compose.here(value) for name, value in told.items()}
    # A machine's `localhost` may be another address than the one that ports were chosen on.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
    return {**ours, **values, "KAFKA_LOG_DIRS": str(data)}


def prepare(compose: Compose, folder: Path) -> Path:
    """As the image's `launch` does it."""
    defaults, mounted, final = (folder / it for it in ("defaults", "mounted", "final"))
    for each in (defaults, mounted, final):
        each.mkdir()
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (defaults / name).write_text(LOGGED)
    run(
        java(
            QUICK_START,
            "kafka.docker.KafkaDockerWrapper",
            "setup",
            *("--default-configs-dir", str(defaults)),
            *("--mounted-configs-dir", str(mounted)),
            *("--final-configs-dir", str(final)),
        ),
        environment(compose, folder / "data"),
    )
    return final / "server.properties"


def run(command: list[str], environment: Mapping[str, str]) -> None:
    ran = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env=dict(environment),
        timeout=READY_WITHIN_S,
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-2000:]


def make_users(compose: Compose, folder: Path) -> None:
    """By the container's script, with its administrator's properties."""
    programs, users = folder / "bin", folder / "users"
    programs.mkdir()
    users.mkdir()
    tool = programs / "kafka-configs.sh"
    command = " ".join(f"'{it}'" for it in java(QUICK_START, "kafka.admin.ConfigCommand"))
    tool.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    tool.chmod(0o755)
    for name in USERS:
        (users / name).write_text((compose.secrets / "users" / "kafka" / name).read_text())
    properties = folder / "admin.properties"
    properties.write_text(compose.here((SECURE / "kafka-admin.properties").read_text()))
    told = {
        "BROKER": f"{HOST}:{compose.ports['admin']}",
        "ADMIN": str(properties),
        "USERS": str(users),
        "PATH": f"{programs}:{os.environ['PATH']}",
    }
    run(["bash", str(SECURE / "kafka-users.sh")], {**os.environ, **told})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def compose(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Compose]:
    if request.config.getoption("--infra") not in ("kafka", "secure"):
        pytest.skip("needs a Java 17 runtime and Maven; run this with: make test-kafka")
    folder = tmp_path_factory.mktemp("compose")
    run(["sh", str(SECURE / "secrets.sh"), str(folder / "secrets")], os.environ)
    channels = folder / "secrets" / "channels"
    channels.mkdir()
    (channels / "kafka_password").write_text(
        (folder / "secrets" / "users" / "kafka" / "channels").read_text()
    )
    made = Compose(choose_ports([*PORTS.values()], folder / "ports.json"), folder / "secrets")
    broker = Child(
        "kafka",
        java(QUICK_START, "kafka.Kafka", str(prepare(made, folder))),
        log_file=folder / "kafka.log",
    )
    broker.start()
    try:
        await broker.wait_ready(partial(broker_ready, made.administrator), READY_WITHIN_S)
        make_users(made, folder)
        await create_acls(made.administrator, kafka_rights(RuntimeSettings()))
        await create_missing_topics(made.user("cancellation"))
        yield made
    finally:
        await broker.stop(STOP_GRACE_S)


async def written(settings: RuntimeSettings, topic: str) -> None:
    producer = AIOKafkaProducer(**client_options(settings), request_timeout_ms=30_000)
    async with producer:
        await producer.send_and_wait(topic, b"{}")


@pytest.mark.parametrize("port", ["internal", "host"])
async def test_a_user_of_the_secrets_may_do_what_the_catalogue_says_and_no_more(
    compose: Compose, port: str
) -> None:
    await written(compose.user("channels", port), "desk.submissions")
    with pytest.raises(TopicAuthorizationFailedError):
        await written(compose.user("channels", port), "desk.agent-actions")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kafka_security_protocol": "PLAINTEXT"},
        {"kafka_password": "wrong"},
        {"kafka_username": "registry"},
        {"kafka_sasl_mechanism": "PLAIN"},
    ],
    ids=lambda it: next(iter(it)),
)
@pytest.mark.parametrize("port", PORTS.values())
async def test_no_port_lets_in_who_has_no_password_for_it(
    compose: Compose, port: str, wrong: dict[str, str]
) -> None:
    values = compose.user("channels", port).model_dump() | wrong
    producer = AIOKafkaProducer(
        **client_options(RuntimeSettings.model_validate(values)), request_timeout_ms=3_000
    )
    with pytest.raises(KafkaError):
        await producer.start()
    await producer.stop()


async def test_the_administrators_password_is_good_on_the_administrators_port_alone(
    compose: Compose,
) -> None:
    assert await broker_ready(compose.administrator)
    password = compose.administrator.kafka_password.get_secret_value()
    for port in ("internal", "host"):
        for mechanism in ("PLAIN", "SCRAM-SHA-512"):
            producer = AIOKafkaProducer(
                **client_options(compose.settings("admin", port, password, mechanism)),
                request_timeout_ms=3_000,
            )
            with pytest.raises(KafkaError):
                await producer.start()
            await producer.stop()
