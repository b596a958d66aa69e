"""Who may do what, as `desk acl` derives it from the catalogue and the settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from desk.cli import app
from desk.commands.acl import kafka_script, mongodb_json, mongodb_script
from desk.commands.errors import DeskError
from desk.commands.failures import expected
from shared.events.topics import CATALOGUE, CONSOLE, DEAD_LETTERS, PORTAL, SERVICES, Topic
from shared.kafka.acls import Acl, Operation, Pattern, Resource
from shared.operations.errors import GroupsOfAnother
from shared.operations.rights import (
    LAG_MONITOR,
    OPERATORS,
    RESTORER,
    kafka_rights,
    user_of,
    users,
)
from shared.runtime.projections.projection import views_of
from shared.runtime.publications import topics_of as published_by
from shared.settings import RuntimeSettings

PLAIN = RuntimeSettings(create_topics=False)


def topics_of(user: str, operation: Operation, settings: RuntimeSettings = PLAIN) -> set[str]:
    return {
        rights.name
        for rights in kafka_rights(settings)
        if (rights.user, rights.resource, rights.operation) == (user, Resource.TOPIC, operation)
    }


@pytest.mark.parametrize("topic", CATALOGUE, ids=lambda topic: topic.name)
def test_a_topic_is_written_and_read_by_those_whom_the_catalogue_names_and_operators(
    topic: Topic,
) -> None:
    """And a service reads what it has published, to compare its records with it.

    The console looks for a case on all of them, and replays as operators do.
    """
    publishers = {service for service in SERVICES if topic.name in published_by(service)}
    everybody = set(users()) - {OPERATORS}
    writers = {user for user in everybody if topic.name in topics_of(user, Operation.WRITE)}
    readers = {user for user in everybody if topic.name in topics_of(user, Operation.READ)}

    replays = {CONSOLE} if set(SERVICES) & set(topic.read_by) else set()
    assert writers == (set(map(user_of, topic.written_by)) | replays) - {OPERATORS}
    named = set(map(user_of, topic.read_by))
    assert readers == (named | publishers | {CONSOLE}) - {OPERATORS}


@pytest.mark.parametrize("user", [OPERATORS, CONSOLE])
def test_operators_may_replay_to_what_services_read_and_change_no_dead_letter(user: str) -> None:
    writes = topics_of(user, Operation.WRITE)

    assert writes == {topic.name for topic in CATALOGUE if set(SERVICES) & set(topic.read_by)}
    assert DEAD_LETTERS not in writes
    assert topics_of(user, Operation.READ) == {topic.name for topic in CATALOGUE}


@pytest.mark.parametrize("party", ["channels", "agents", "billing", "registry"])
def test_nobody_outside_writes_what_another_outsider_or_the_desk_says(party: str) -> None:
    allowed = {
        "channels": {"desk.submissions", "desk.documents"},
        "agents": {"desk.agent-actions"},
        "billing": {"billing.invoices", "billing.accounts"},
        "registry": {"registry.contracts"},
    }
    assert topics_of(party, Operation.WRITE) <= allowed[party]


def test_a_service_uses_its_own_group_and_an_outside_system_those_of_its_name() -> None:
    groups = {
        (rights.user, rights.name, rights.pattern)
        for rights in kafka_rights(RuntimeSettings(kafka_group_prefix="north"))
        if (rights.resource, rights.operation) == (Resource.GROUP, Operation.READ)
    }
    assert ("cancellation", "north.cancellation", Pattern.LITERAL) in groups
    assert ("billing", "billing.", Pattern.PREFIXED) in groups
    assert (PORTAL, "north.customer_portal.", Pattern.PREFIXED) in groups, "one a generation"
    assert {user for user, *_ in groups} == set(users())
    for user in (OPERATORS, CONSOLE):
        seen = Acl(user, Resource.GROUP, Operation.DESCRIBE, "desk.", Pattern.PREFIXED)
        assert seen in kafka_rights(PLAIN)


@pytest.mark.parametrize("prefix", ["channels", "billing.desk", OPERATORS])
def test_a_group_prefix_by_which_an_outsider_could_use_the_services_groups_is_refused(
    prefix: str,
) -> None:
    environment = {"KAFKA_GROUP_PREFIX": prefix}
    refused = CliRunner().invoke(app, ["acl", "kafka"], env=environment)

    assert isinstance(refused.exception, GroupsOfAnother)
    assert refused.exception.user == prefix.partition(".")[0]
    assert "KAFKA_GROUP_PREFIX" in str(expected(refused.exception))
    assert CliRunner().invoke(app, ["acl", "kafka"], env={"KAFKA_GROUP_PREFIX": "channel"}).stdout


def test_topics_are_created_and_retention_is_read_only_where_the_settings_ask_for_it() -> None:
    more = RuntimeSettings(create_topics=True, history_kept_days=5_000)
    for service in SERVICES:
        assert topics_of(service, Operation.CREATE) == set()
        assert topics_of(service, Operation.DESCRIBE_CONFIGS) == set()
        assert topics_of(service, Operation.CREATE, more) == {topic.name for topic in CATALOGUE}
        assert topics_of(service, Operation.DESCRIBE_CONFIGS, more) == {
            *(topic.name for topic in CATALOGUE if service in topic.read_by),
            DEAD_LETTERS,
        }


def test_the_script_names_every_right_once_and_no_password() -> None:
    script = kafka_script(RuntimeSettings(kafka_password="told-to-nobody"))
    lines = script.splitlines()

    assert "told-to-nobody" not in script
    assert len(lines) == len(set(lines))
    assert (
        'kafka-configs.sh "$@" --alter --entity-type users --entity-name order-system'
        ' --add-config "SCRAM-SHA-512=[password=${PASSWORD_ORDER_SYSTEM:?}]"'
    ) in lines
    assert (
        'kafka-acls.sh "$@" --add --allow-principal User:agents --operation Write'
        " --resource-pattern-type literal --topic desk.agent-actions"
    ) in lines
    named = sum(line.count(" --topic ") + line.count(" --group ") for line in lines)
    assert named == len(kafka_rights(RuntimeSettings()))


def test_each_service_has_its_own_database_and_operators_only_read() -> None:
    roles = {
        user["user"]: user["roles"]
        for user in mongodb_json(RuntimeSettings(mongo_database_prefix="d"))
    }
    for service in SERVICES:
        assert roles[service] == [{"role": "readWrite", "db": f"d_{service}"}]
    seen = [*SERVICES, views_of(CONSOLE)]
    assert roles[OPERATORS] == [{"role": "read", "db": f"d_{name}"} for name in seen]
    assert roles[RESTORER] == [{"role": "readWrite", "db": f"d_{name}"} for name in SERVICES]
    assert roles[PORTAL] == [
        {"role": "readWrite", "db": "d_customer_portal"},
        {"role": "readWrite", "db": "d_customer_portal_views"},
    ]
    assert RESTORER not in users()
    assert "passwordPrompt()" in mongodb_script(RuntimeSettings())


def test_who_looks_at_lag_sees_every_group_of_the_desk_and_reads_no_record() -> None:
    rights = [it for it in kafka_rights(PLAIN) if it.user == LAG_MONITOR]

    assert Acl(LAG_MONITOR, Resource.GROUP, Operation.DESCRIBE, "desk.", Pattern.PREFIXED) in rights
    on_topics = [it for it in rights if it.resource == Resource.TOPIC]
    assert {it.name for it in on_topics} == {topic.name for topic in CATALOGUE}
    assert {it.operation for it in on_topics} == {Operation.DESCRIBE}


@pytest.mark.parametrize(
    ("options", "missing"),
    [((), "--passwords"), (("--passwords", "."), "inquiry_intake has no password")],
)
def test_users_are_written_to_the_database_only_with_a_password_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], missing: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(app, ["acl", "mongodb", "--apply", *options])

    assert isinstance(refused.exception, DeskError)
    assert missing in str(refused.exception)


def test_the_same_is_there_as_json() -> None:
    kafka = json.loads(CliRunner().invoke(app, ["acl", "kafka", "--json"]).stdout)
    mongodb = json.loads(CliRunner().invoke(app, ["acl", "mongodb", "--json"]).stdout)

    assert kafka["users"] == users()
    assert {
        "principal": "User:channels",
        "host": "*",
        "permission": "Allow",
        "operation": "Write",
        "resource": "Topic",
        "pattern": "Literal",
        "name": "desk.submissions",
    } in kafka["acls"]
    assert {user["user"] for user in mongodb} >= {*SERVICES, OPERATORS}
