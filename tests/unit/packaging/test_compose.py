"""`docker compose up --build` must work as it stands; these checks need no Docker, but the last."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from deploy.grafana.source import SOURCE
from desk.local.supervisor import KNOWN_TO
from services.cancellation.settings import Settings as CancellationSettings
from services.contract_archive.settings import Settings as ArchiveSettings
from services.customer_portal.settings import Settings as PortalSettings
from services.inquiry_intake.settings import Settings as IntakeSettings
from services.notification.settings import Settings as NotificationSettings
from services.operations_console.settings import Settings as ConsoleSettings
from shared.environment import refused_defaults
from shared.settings import RuntimeSettings
from shared.web.settings import WebSettings
from tests.builders.container_files import (
    ROOT,
    compose,
    containers,
    project_version,
    services_of_the_tree,
)

CONTAINERS = containers()
SETTINGS: dict[str, type[RuntimeSettings]] = {
    "inquiry_intake": IntakeSettings,
    "cancellation": CancellationSettings,
    "notification": NotificationSettings,
    "contract_archive": ArchiveSettings,
    "customer_portal": PortalSettings,
    "operations_console": ConsoleSettings,
}
NEEDS = {
    "inquiry_intake": {"kafka", "mongo"},
    "cancellation": {"kafka", "mongo"},
    "notification": {"kafka", "mongo", "mailpit"},
    "contract_archive": {"kafka", "mongo"},
    "customer_portal": {"kafka", "mongo", "mailpit"},
    "operations_console": {"kafka", "mongo", "mailpit"},
}

OIDC = tuple(
    f"OIDC_{name}"
    for name in (
        "ISSUER",
        "NAME",
        "CLIENT_ID",
        "CLIENT_SECRET",
        "SCOPES",
        "PROMPT",
        "CUSTOMER_CLAIM",
    )
)

MONITORING = ("prometheus", "grafana")
JAEGER = "jaeger"

each_service = pytest.mark.parametrize("name", SETTINGS)
each_container = pytest.mark.parametrize("name", CONTAINERS)


PASSED_ON = re.compile(r"\$\{([A-Z_]+):-\}")
"""A value of the shell that runs Compose, or none."""


def told(name: str, **shell: str) -> RuntimeSettings:
    """The service's settings as its container is told them. What is empty counts as not set."""
    environment: dict[str, Any] = CONTAINERS[name]["environment"]
    given = {
        key.lower(): PASSED_ON.sub(lambda it: shell.get(it[1], ""), str(value))
        for key, value in environment.items()
    }
    return SETTINGS[name].model_validate({key: value for key, value in given.items() if value})


def test_every_service_of_the_tree_runs_in_a_container_of_its_name() -> None:
    assert services_of_the_tree() == set(SETTINGS)
    assert set(CONTAINERS) == {*SETTINGS, "kafka", "mongo", "mailpit", *MONITORING, JAEGER}


@each_service
def test_a_container_runs_the_service_of_its_name(name: str) -> None:
    assert CONTAINERS[name]["command"] == [f"services.{name}"]


@each_service
def test_every_environment_variable_is_a_setting_of_the_service(name: str) -> None:
    settings = {field.upper() for field in SETTINGS[name].model_fields}

    assert set(CONTAINERS[name]["environment"]) - settings == set()


@each_service
def test_the_service_accepts_what_its_container_tells_it(name: str) -> None:
    settings = told(name)

    assert settings.http_host == "0.0.0.0"
    assert settings.kafka_bootstrap_servers == "kafka:19092"
    assert settings.mongo_url == "mongodb://mongo:27017/?replicaSet=rs0"
    assert settings.log_format == "json"


def test_the_shells_provider_signs_customers_in() -> None:
    shell = {name: f"x-{name}" for name in OIDC} | {
        "OIDC_ISSUER": "https://login.example",
        "OIDC_SCOPES": "openid profile",
        "OIDC_PROMPT": "login",
    }

    settings, without = told("customer_portal", **shell), told("customer_portal")

    assert {name: shown(getattr(settings, name.lower())) for name in OIDC} == shell
    assert isinstance(without, PortalSettings)
    assert without.oidc_issuer == ""


def shown(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


@each_service
def test_the_file_sets_its_own_values_where_defaults_are_for_development(name: str) -> None:
    environment = {key: str(value) for key, value in CONTAINERS[name]["environment"].items()}

    assert refused_defaults(SETTINGS[name], environment) == []


@each_service
def test_the_health_check_asks_the_port_that_the_service_listens_on(name: str) -> None:
    check = CONTAINERS[name]["healthcheck"]["test"]

    assert check[:3] == ["CMD", "python", "-c"]
    assert f'HTTPConnection("127.0.0.1", {told(name).http_port}' in check[3]
    assert '"/health"' in check[3]


@each_service
def test_the_published_port_leads_to_the_one_the_service_listens_on(name: str) -> None:
    """The applications answer no questions of operators on an internal port; they have pages."""
    port, second, *others = CONTAINERS[name]["ports"]
    settings = told(name)
    inner = settings.web_port if isinstance(settings, WebSettings) else settings.internal_port

    assert port.endswith(f":{settings.http_port}")
    assert second.endswith(f":{inner}")
    assert len(others) == (name == "contract_archive")


def test_links_to_documents_lead_to_the_archives_port_for_customers() -> None:
    """Which is not the one that answers for health and metrics."""
    archive, notification = CONTAINERS["contract_archive"], CONTAINERS["notification"]
    of_operators, _, of_customers = archive["ports"]
    published, _, inner = of_customers.rpartition(":")

    assert notification["environment"]["DOCUMENTS_URL"] == f"http://{published}"
    assert archive["environment"]["DOCUMENTS_PORT"] == int(inner)
    assert not of_operators.endswith(f":{inner}")


def test_the_services_that_share_a_key_are_told_the_same() -> None:
    for key, services in {
        "ACTIVATION_CODE_KEY": ("inquiry_intake", "contract_archive"),
        "DOCUMENT_CODE_KEY": ("notification", "contract_archive"),
        "PORTAL_CREDENTIAL": ("customer_portal", "cancellation"),
    }.items():
        first, second = (CONTAINERS[name]["environment"][key] for name in services)
        assert first == second


@each_service
def test_a_container_is_told_no_credential_that_it_has_no_use_for(name: str) -> None:
    told_it = {key for key in CONTAINERS[name]["environment"] if key.endswith("_CREDENTIAL")}

    assert told_it == {variable for variable, known_to in KNOWN_TO.items() if name in known_to}


@each_service
def test_a_service_starts_when_everything_it_needs_is_healthy(name: str) -> None:
    healthy = {"condition": "service_healthy"}

    assert CONTAINERS[name]["depends_on"] == dict.fromkeys(NEEDS[name], healthy)


@each_service
def test_a_service_has_longer_to_stop_than_it_waits_for_its_batch(name: str) -> None:
    seconds = int(CONTAINERS[name]["stop_grace_period"].removesuffix("s"))

    assert seconds > told(name).graceful_timeout_seconds + 5


@each_service
def test_a_service_can_change_nothing_outside_its_temporary_directory(name: str) -> None:
    container = CONTAINERS[name]

    assert container["read_only"] is True
    assert container["tmpfs"] == ["/tmp"]
    assert container["cap_drop"] == ["ALL"]
    assert "volumes" not in container


@each_container
def test_every_container_is_watched_limited_and_started_again(name: str) -> None:
    container = CONTAINERS[name]

    assert container["restart"] == "unless-stopped"
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["mem_limit"].endswith(("m", "g"))
    assert container["logging"]["options"]["max-size"] == "10m"
    assert container["healthcheck"]["test"][0] == "CMD"
    # Compose refuses a start interval without a start period.
    assert container["healthcheck"].keys() >= {"start_interval", "start_period"}


@each_container
def test_ports_are_published_to_this_machine_only(name: str) -> None:
    ports = CONTAINERS[name]["ports"]

    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_no_two_containers_publish_the_same_port() -> None:
    published = [
        port.rpartition(":")[0] for container in CONTAINERS.values() for port in container["ports"]
    ]

    assert len(set(published)) == len(published)


@pytest.mark.parametrize("name", ["kafka", "mongo", "mailpit", *MONITORING, JAEGER])
def test_an_image_from_elsewhere_is_pinned_to_a_release(name: str) -> None:
    tag = CONTAINERS[name]["image"].rpartition(":")[2]

    assert [part.isdecimal() for part in tag.removeprefix("v").split(".")] == [True] * 3


@each_service
def test_the_services_share_one_image_that_no_registry_is_asked_for(name: str) -> None:
    assert CONTAINERS[name]["image"] == f"contract-desk:{project_version()}"
    assert CONTAINERS[name]["pull_policy"] == "never"


def test_the_image_is_built_once() -> None:
    assert [name for name in CONTAINERS if "build" in CONTAINERS[name]] == ["inquiry_intake"]


@pytest.mark.parametrize(
    ("name", "directory"),
    [("kafka", "/var/lib/kafka/data"), ("mongo", "/data/db"), ("mailpit", "/data")],
)
def test_what_must_last_is_in_a_named_volume(name: str, directory: str) -> None:
    assert CONTAINERS[name]["volumes"] == [f"{name}:{directory}"]
    assert name in compose()["volumes"]


def test_kafka_tells_containers_and_host_the_address_that_each_can_reach() -> None:
    kafka = CONTAINERS["kafka"]["environment"]

    assert kafka["KAFKA_ADVERTISED_LISTENERS"] == (
        f"INTERNAL://{told('cancellation').kafka_bootstrap_servers},HOST://127.0.0.1:9092"
    )
    assert CONTAINERS["kafka"]["ports"] == ["127.0.0.1:9092:9092"]
    assert kafka["KAFKA_LOG_DIRS"] == "/var/lib/kafka/data"


def test_mongodb_makes_the_replica_set_that_the_services_look_for() -> None:
    mongo = CONTAINERS["mongo"]

    assert mongo["command"][:2] == ["--replSet", "rs0"]
    assert '_id: "rs0"' in mongo["healthcheck"]["test"][-1]
    assert 'host: "mongo:27017"' in mongo["healthcheck"]["test"][-1]


def test_monitoring_and_traces_start_only_when_asked_for() -> None:
    asked_for = {name: it["profiles"] for name, it in CONTAINERS.items() if "profiles" in it}

    assert asked_for == {**{it: ["monitoring"] for it in MONITORING}, JAEGER: ["tracing"]}


@pytest.mark.parametrize("name", MONITORING)
def test_monitoring_can_change_nothing_but_its_own_volume(name: str) -> None:
    container = CONTAINERS[name]
    own, *mounted = container["volumes"]

    assert container["read_only"] is True
    assert container["tmpfs"] == ["/tmp"]
    assert container["cap_drop"] == ["ALL"]
    assert own.partition(":")[0] == name
    assert name in compose()["volumes"]
    assert mounted
    for it in mounted:
        folder, _, inside = it.partition(":")
        assert (ROOT / folder).is_dir()
        assert inside.endswith(":ro")


def mounted(name: str) -> dict[str, Path]:
    """The folders of the repository that a container sees, by where it sees them."""
    parts = [it.removesuffix(":ro").partition(":") for it in CONTAINERS[name]["volumes"]]
    return {inside: ROOT / folder for folder, _, inside in parts if folder.startswith("./")}


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def test_prometheus_asks_every_service_where_it_answers_operators() -> None:
    [option] = [it for it in CONTAINERS["prometheus"]["command"] if it.startswith("--config.file=")]
    folder, _, file = option.removeprefix("--config.file=").rpartition("/")
    read = loaded(mounted("prometheus")[folder] / file)
    [job] = read["scrape_configs"]
    asked = {it["labels"]["service"]: it["targets"] for it in job["static_configs"]}

    assert asked == {name: [f"{name}:{told(name).http_port}"] for name in SETTINGS}
    assert job["job_name"] == "desk"
    assert [(mounted("prometheus")[folder] / it).is_file() for it in read["rule_files"]] == [True]


def test_grafana_finds_prometheus_and_the_dashboards() -> None:
    folders = mounted("grafana")
    provisioned = folders["/etc/grafana/provisioning"]
    [source] = loaded(provisioned / "datasources/prometheus.yml")["datasources"]
    [provider] = loaded(provisioned / "dashboards/desk.yml")["providers"]
    home = CONTAINERS["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    folder, _, file = home.rpartition("/")
    _, published, inner = CONTAINERS["prometheus"]["ports"][0].split(":")

    assert source["url"] == f"http://prometheus:{inner}"
    assert {"type": source["type"], "uid": source["uid"]} == SOURCE
    assert provider["options"]["path"] == folder
    assert (folders[folder] / file).is_file()
    assert published == inner


def test_nobody_signs_in_to_grafana_and_whoever_looks_can_change_nothing() -> None:
    environment = CONTAINERS["grafana"]["environment"]

    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"


def test_compose_itself_accepts_the_file() -> None:
    if not compose_answers():
        pytest.skip(
            "`docker compose` does not answer: install Docker with the Compose plugin,"
            " docs.docker.com/compose/install"
        )

    outcome = subprocess.run(
        [
            *("docker", "compose", "--file", str(ROOT / "docker-compose.yml")),
            *("--profile", "monitoring", "config", "--quiet"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stderr


def compose_answers() -> bool:
    """Whether the Docker client and its Compose plugin are there; no daemon is needed."""
    try:
        version = subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False, timeout=20
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return version.returncode == 0
