"""deploy/compose.secure.yaml: TLS, users and rights for the desk of docker-compose.yml.

That MongoDB's image starts so is not shown here; Kafka's part runs in
tests/secure/test_secured_compose.py.
"""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.x509 import (
    DNSName,
    IPAddress,
    SubjectAlternativeName,
    load_pem_x509_certificates,
)
from jsonschema import Draft202012Validator

from deploy.kubernetes.parts import NAMES, SETTINGS, secrets_of
from shared.environment import refused_defaults
from shared.operations.rights import database_rights, users
from shared.settings import RuntimeSettings
from tests.builders.container_files import ROOT, SECURED, environment_of, secured

SECRETS_SCRIPT = ROOT / "deploy" / "secure" / "secrets.sh"
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "compose-spec.json").read_text("utf-8"))
CONTAINERS = secured()["services"]
END = {"kafka_users", "rights"}
"""They do something once, and the services wait for that."""
OF_IMAGES_THAT_RUN_AS_ROOT = {"mailpit", "prometheus", "grafana"}
"""Their images choose a user themselves, and own their volumes with it."""
OWN = "./deploy/secure/secrets"

each_service = pytest.mark.parametrize("name", NAMES)
each_container = pytest.mark.parametrize("name", CONTAINERS)
pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl is not on the PATH: apt-get install openssl"
)


def made(folder: Path, **environment: str) -> Path:
    ran = subprocess.run(
        ["sh", SECRETS_SCRIPT, folder],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin", **environment},
    )
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("secured") / "secrets")


def read(folder: Path) -> dict[str, str]:
    return {str(it.relative_to(folder)): it.read_text() for it in files(folder)}


def files(folder: Path) -> Iterator[Path]:
    return (it for it in folder.rglob("*") if it.is_file())


@pytest.mark.parametrize("document", [yaml.safe_load(SECURED.read_text("utf-8")), secured()])
def test_the_file_and_what_it_makes_of_the_other_are_compose_files(
    document: dict[str, Any],
) -> None:
    faults = [it.message for it in Draft202012Validator(SCHEMA).iter_errors(document)]

    assert faults == []


@each_container
def test_a_container_gains_no_right_and_can_change_only_what_is_its_own(name: str) -> None:
    container = CONTAINERS[name]

    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["cap_drop"] == ["ALL"]
    assert container["read_only"] is True
    if name not in OF_IMAGES_THAT_RUN_AS_ROOT:
        user, _, group = container["user"].partition(":")
        assert int(user) > 0
        assert int(group) > 0


@each_container
def test_a_container_is_watched_or_ends_and_is_waited_for(name: str) -> None:
    if name not in END:
        assert CONTAINERS[name]["healthcheck"]["test"][0] == "CMD"
        return
    waiting = [it["depends_on"].get(name) for it in CONTAINERS.values() if "depends_on" in it]
    assert {"condition": "service_completed_successfully"} in waiting
    assert CONTAINERS[name]["restart"] == "on-failure:5"


@each_service
def test_a_service_starts_when_users_and_rights_are_there(name: str) -> None:
    assert CONTAINERS[name]["depends_on"]["rights"] == {
        "condition": "service_completed_successfully"
    }
    assert CONTAINERS["rights"]["depends_on"] == {
        "kafka_users": {"condition": "service_completed_successfully"},
        "mongo": {"condition": "service_healthy"},
    }


@each_service
def test_every_environment_variable_is_a_setting_of_the_service(name: str) -> None:
    assert {it.lower() for it in environment_of(CONTAINERS[name])} <= set(
        SETTINGS[name].model_fields
    )


@each_service
def test_no_secret_is_in_a_containers_environment(name: str) -> None:
    environment = environment_of(CONTAINERS[name])

    assert {it: environment.get(it.upper(), "") for it in secrets_of(name)} == dict.fromkeys(
        secrets_of(name), ""
    )


def test_no_key_of_the_open_desk_is_left_and_no_password_is_in_the_file() -> None:
    values = [value for it in CONTAINERS.values() for value in environment_of(it).values()]

    assert [it for it in values if "known-to" in it] == []
    for value in values:
        if "password=" in value:
            assert value.count("password=") == value.count('password="${directory:')
    assert [it for it in values if "://" in it and "@" in it] == []


@each_service
def test_a_container_sees_the_secrets_of_its_service_alone(name: str) -> None:
    assert CONTAINERS[name]["volumes"] == [f"{OWN}/{name}:/run/secrets/desk:ro"]


def test_what_makes_passwords_is_mounted_nowhere() -> None:
    mounted = {
        volume.removeprefix(f"{OWN}/").partition(":")[0]
        for container in CONTAINERS.values()
        for volume in container.get("volumes", [])
        if volume.startswith(OWN)
    }

    assert mounted == {*NAMES, "kafka", "mongo", "users/kafka", "users/mongo", "administrator"}


def test_everybody_of_the_catalogue_has_a_password(secrets: Path) -> None:
    kafka = {it.name for it in (secrets / "users" / "kafka").iterdir()}
    mongo = {it.name for it in (secrets / "users" / "mongo").iterdir()}

    assert kafka == set(users())
    assert mongo == {it.user for it in database_rights(RuntimeSettings())}


@each_service
def test_a_service_finds_every_secret_that_it_needs_and_no_other(secrets: Path, name: str) -> None:
    found = {it.name for it in (secrets / name).iterdir()}

    assert found == {"ca.pem", "kafka_password", *secrets_of(name)}


@each_service
def test_a_service_starts_with_what_its_container_is_told(
    secrets: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    told = environment_of(CONTAINERS[name]) | {"SECRETS_DIR": str(secrets / name)}
    told = {key: value for key, value in told.items() if not value.startswith("${")}
    for key, value in told.items():
        monkeypatch.setenv(key, value)
    settings = SETTINGS[name]()

    assert refused_defaults(SETTINGS[name], told) == []
    assert settings.kafka_security_protocol == "SASL_SSL"
    assert settings.kafka_username == name
    assert settings.kafka_password.get_secret_value() == password(secrets, "kafka", name)
    assert settings.mongo_url == (
        f"mongodb://{name}:{password(secrets, 'mongo', name)}@mongo:27017/?replicaSet=rs0"
        "&authSource=admin&tls=true&tlsCAFile=/run/secrets/desk/ca.pem"
    )


def test_another_database_and_mail_server_are_named_in_the_environment(tmp_path: Path) -> None:
    folder = made(
        tmp_path / "secrets",
        MONGO_SERVERS="mongodb-0.mongodb:27017",
        MONGO_OPTIONS="replicaSet=desk",
        MONGO_CA="/run/secrets/desk/mongo-ca.crt",
        SMTP_URL="smtps://mail.example.com",
    )

    user = password(folder, "mongo", "notification")
    assert (folder / "notification" / "mongo_url").read_text() == (
        f"mongodb://notification:{user}@mongodb-0.mongodb:27017/?replicaSet=desk&authSource=admin"
        "&tls=true&tlsCAFile=/run/secrets/desk/mongo-ca.crt"
    )
    assert (folder / "notification" / "smtp_url").read_text() == "smtps://mail.example.com"


def password(secrets: Path, server: str, user: str) -> str:
    return (secrets / "users" / server / user).read_text()


def test_those_who_share_a_key_know_the_same_and_no_two_secrets_are_alike(secrets: Path) -> None:
    values = {
        name: {it.name: it.read_text() for it in (secrets / name).iterdir()} for name in NAMES
    }
    found: dict[str, set[str]] = {}
    for known in values.values():
        for key, value in known.items():
            found.setdefault(key, set()).add(value)

    for key in ("internal_credential", "portal_credential", "activation_code_key"):
        assert len(found[key]) == 1
    assert len(found["document_code_key"]) == 1
    assert len(found["kafka_password"]) == len(NAMES)
    assert len(found["web_key"]) == 2


def test_what_is_there_stays_and_what_is_missing_is_made(tmp_path: Path) -> None:
    folder = made(tmp_path / "secrets")
    before = read(folder)
    (folder / "contract_archive" / "document_code_key").unlink()
    (folder / "users" / "kafka" / "registry").unlink()

    after = read(made(folder))

    assert after.keys() == before.keys()
    assert {it for it in after if after[it] != before[it]} == {"users/kafka/registry"}


def test_nobody_but_their_owner_comes_to_the_secrets(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert (secrets / "authority" / "ca.key").stat().st_mode & 0o777 == 0o600
    # In its container, each is read by the container's own user.
    assert {it.stat().st_mode & 0o777 for it in files(secrets / "cancellation")} == {0o644}


def test_the_servers_certificate_holds_for_containers_and_this_machine(secrets: Path) -> None:
    certificate, authority = load_pem_x509_certificates(
        (secrets / "kafka" / "server.pem").read_bytes()
    )
    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value

    certificate.verify_directly_issued_by(authority)
    assert names.get_values_for_type(DNSName) == ["kafka", "mongo", "localhost"]
    assert [str(it) for it in names.get_values_for_type(IPAddress)] == ["127.0.0.1"]
    for server in ("kafka", "mongo"):
        context = ssl.create_default_context(cafile=str(secrets / server / "ca.pem"))
        context.load_cert_chain(secrets / server / "server.pem")


def test_secrets_are_kept_out_of_commits_and_images() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()

    assert "deploy/secure/secrets/" in ignored


def test_kafka_lets_in_nobody_without_tls_and_a_password() -> None:
    kafka = environment_of(CONTAINERS["kafka"])
    protocols = dict(
        it.split(":") for it in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    )
    listeners = {it.partition("://")[0] for it in kafka["KAFKA_LISTENERS"].split(",")}

    assert protocols == dict.fromkeys(listeners, "SASL_SSL")
    for name in listeners:
        mechanism = kafka[f"KAFKA_LISTENER_NAME_{name}_SASL_ENABLED_MECHANISMS"]
        assert mechanism == ("SCRAM-SHA-512" if name in ("INTERNAL", "HOST") else "PLAIN")
    assert kafka["KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND"] == "false"
    assert kafka["KAFKA_SUPER_USERS"] == "User:admin"


def test_only_the_administrator_is_known_where_passwords_are_plain_within_tls() -> None:
    kafka = environment_of(CONTAINERS["kafka"])
    plain = [value for name, value in kafka.items() if "_PLAIN_SASL_JAAS" in name]

    assert len(plain) == 2
    assert {value.count("user_") for value in plain} == {1}
    assert CONTAINERS["kafka"]["ports"] == ["127.0.0.1:9092:9092"]


def test_mongodb_lets_in_nobody_without_tls_and_a_password() -> None:
    mongo = CONTAINERS["mongo"]

    assert {"--tlsMode=requireTLS", "--keyFile=/tmp/key"} <= set(mongo["command"])
    assert "--noauth" not in mongo["command"]
    assert environment_of(mongo) == {
        "MONGO_INITDB_ROOT_USERNAME": "admin",
        "MONGO_INITDB_ROOT_PASSWORD_FILE": "/run/secrets/mongo/admin",
    }


def test_the_secured_desk_has_volumes_of_its_own() -> None:
    assert secured()["name"] == "contract-desk-secure"
