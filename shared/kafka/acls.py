"""Access control lists on the broker: what one is, and how it is written there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.admin import CreateAclsRequest

from shared.kafka.aiokafka_workarounds import ask_cluster
from shared.kafka.client_options import client_options
from shared.kafka.errors import kafka_errors_as_outage
from shared.settings import RuntimeSettings


class Operation(StrEnum):
    """Kafka's operations, named as in `kafka-acls.sh`. Read and Write imply Describe."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"


class Resource(StrEnum):
    TOPIC = "Topic"
    GROUP = "Group"


class Pattern(StrEnum):
    """Whether a resource is named whole, or by how its name begins."""

    LITERAL = "Literal"
    PREFIXED = "Prefixed"


@dataclass(frozen=True, slots=True, order=True)
class Acl:
    """`user` may do `operation`, from any host."""

    user: str
    resource: Resource
    operation: Operation
    name: str
    pattern: Pattern = Pattern.LITERAL

    @property
    def principal(self) -> str:
        return f"User:{self.user}"


# Numbers of the Kafka protocol (org.apache.kafka.common.acl and .resource).
ALLOW = 3
CODES: dict[Operation | Resource | Pattern, int] = {
    Resource.TOPIC: 2,
    Resource.GROUP: 3,
    Operation.READ: 3,
    Operation.WRITE: 4,
    Operation.CREATE: 5,
    Operation.DESCRIBE: 8,
    Operation.DESCRIBE_CONFIGS: 10,
    Pattern.LITERAL: 3,
    Pattern.PREFIXED: 4,
}


class CreateAllAcls(CreateAclsRequest):  # type: ignore[misc]
    """aiokafka's request creates one ACL, and the broker writes each request down by itself."""

    def __init__(self, acls: Iterable[Acl]) -> None:
        self._creations = [
            (
                CODES[acl.resource],
                acl.name,
                CODES[acl.pattern],
                acl.principal,
                "*",
                CODES[acl.operation],
                ALLOW,
            )
            for acl in acls
        ]

    def build(self, request_struct_class: Any) -> Any:
        return request_struct_class(self._creations)


async def create_acls(settings: RuntimeSettings, acls: Iterable[Acl]) -> None:
    """Write what is missing; what is there stays. Raises `Outage`, also if one is refused."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    with kafka_errors_as_outage():
        try:
            await admin.start()
            answer = await ask_cluster(admin, CreateAllAcls(acls))
            for code, text in answer.creation_responses:
                if code != NoError.errno:
                    raise for_code(code)(text)
        finally:
            await admin.close()
