"""deploy/kubernetes: each document is valid, and together they are one desk.

No cluster has been asked. Documents of Kubernetes' own kinds are held against its schemas, those of
Strimzi and KEDA against ours (schemas/README.md); the overlay is rendered where kustomize is there.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator

from deploy.kubernetes.parts import NAMES, PAGES, RULES, SETTINGS, dashed, labels, secrets_of
from deploy.kubernetes.source import FOLDER, KUSTOMIZATION
from shared.environment import refused_defaults
from shared.events.topics import ARCHIVE, CATALOGUE, SERVICES, TOPICS, topics_read_by
from shared.kafka.acls import Acl, Operation, Pattern, Resource
from shared.kafka.topic_creation import new_topic
from shared.operations.rights import OPERATORS, OURS, kafka_rights, users

EXAMPLE = FOLDER.parent / "overlays" / "example"
OURSELVES = yaml.safe_load(
    (Path(__file__).parent / "schemas" / "custom_resources.yaml").read_text("utf-8")
)
VERSIONS = ("1.30", kubernetes_validate.latest_version())
"""The first that knows all that is used (a pod that sleeps before it ends), and the last."""
KUSTOMIZE = shutil.which("kustomize")
HOW_TO_GET_IT = "go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1, and its folder on the PATH"

Document = dict[str, Any]


def loaded(file: Path) -> list[Document]:
    return list(yaml.safe_load_all(file.read_text("utf-8")))


def of_base() -> Iterator[Document]:
    for file in sorted(FOLDER.glob("*.yaml")):
        if file.name != KUSTOMIZATION:
            yield from loaded(file)


BASE = list(of_base())
OVERLAY = [
    it
    for file in sorted(EXAMPLE.glob("*.yaml"))
    if file.name != KUSTOMIZATION
    for it in loaded(file)
]
KUSTOMIZED = (FOLDER, EXAMPLE)


def called(document: Document) -> str:
    return f"{document['kind']}/{document['metadata']['name']}"


def every(kind: str, documents: list[Document] = BASE) -> dict[str, Document]:
    return {it["metadata"]["name"]: it for it in documents if it["kind"] == kind}


def pod(name: str) -> Document:
    found: Document = every("Deployment")[dashed(name)]["spec"]["template"]["spec"]
    return found


def container(name: str) -> Document:
    [found] = pod(name)["containers"]
    return dict(found)


each_service = pytest.mark.parametrize("name", NAMES)


def faults(document: Document, version: str) -> list[str]:
    own = OURSELVES["kinds"].get(document["kind"])
    if own is not None:
        schema = {"$defs": OURSELVES["$defs"], **own}
        return [it.message for it in Draft202012Validator(schema).iter_errors(document)]
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as fault:
        return [fault.message]
    return []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", [*BASE, *OVERLAY], ids=called)
def test_a_document_is_what_its_kind_allows(document: Document, version: str) -> None:
    assert faults(document, version) == []


def kustomization(folder: Path) -> Document:
    [found] = loaded(folder / KUSTOMIZATION)
    return dict(found)


@pytest.mark.parametrize("folder", KUSTOMIZED, ids=lambda it: it.name)
def test_a_kustomization_says_what_kustomize_knows_and_takes_every_file_beside_it(
    folder: Path,
) -> None:
    said = kustomization(folder)
    beside = {it.name for it in folder.iterdir()} - {KUSTOMIZATION}

    assert faults(said, VERSIONS[-1]) == []
    assert {it for it in said["resources"] if "/" not in it} == beside
    assert all((folder / it).exists() for it in said["resources"])


def test_an_overlay_changes_only_what_the_base_has() -> None:
    made = {it["name"] for it in kustomization(FOLDER)["configMapGenerator"]}
    merged = kustomization(EXAMPLE)["configMapGenerator"]
    images = {container(name)["image"].partition(":")[0] for name in NAMES}

    assert {it["behavior"] for it in merged} == {"merge"}
    assert {it["name"] for it in merged} <= made
    assert {it["name"] for it in kustomization(EXAMPLE)["images"]} == images


def test_no_two_documents_have_one_name() -> None:
    names = [called(it) for it in BASE]

    assert len(set(names)) == len(names)


@each_service
def test_a_pod_is_restricted(name: str) -> None:
    """By Kubernetes' Pod Security Standard of that name, and its files are read-only."""
    security = pod(name)["securityContext"]

    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod(name)["automountServiceAccountToken"] is False
    assert {"hostNetwork", "hostPID", "hostIPC"}.isdisjoint(pod(name))
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for volume in pod(name)["volumes"]:
        assert set(volume) - {"name"} <= {"emptyDir", "projected"}


@each_service
def test_probes_ask_where_the_service_answers(name: str) -> None:
    found = container(name)
    ports = {it["name"]: it["containerPort"] for it in found["ports"]}
    probes = {
        kind: found[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")
    }

    assert ports["health"] == settings(name).http_port
    assert {it["port"] for it in probes.values()} == {"health"}
    assert probes["startup"]["path"] == probes["liveness"]["path"] == "/live"
    people = name in (ARCHIVE, *PAGES)  # whose pages and downloads need no broker
    assert probes["readiness"]["path"] == ("/live" if people else "/health")


@each_service
def test_a_pod_has_longer_to_end_than_its_service_takes(name: str) -> None:
    leaving = container(name)["lifecycle"]["preStop"]["sleep"]["seconds"]
    graceful = settings(name).graceful_timeout_seconds

    assert pod(name)["terminationGracePeriodSeconds"] > leaving + graceful + 10


@each_service
def test_selectors_find_the_pods_of_their_service_alone(name: str) -> None:
    pods = every("Deployment")[dashed(name)]["spec"]["template"]["metadata"]["labels"]
    budget = every("PodDisruptionBudget")[dashed(name)]["spec"]
    services = [it for it in every("Service").values() if it["metadata"]["labels"] == pods]
    named = {it["name"] for it in container(name)["ports"]}

    assert pods == labels(name)
    assert budget["selector"]["matchLabels"] == pods
    assert budget["maxUnavailable"] == 1
    assert services
    for service in services:
        assert service["spec"]["selector"] == pods
        assert {it["targetPort"] for it in service["spec"]["ports"]} <= named


def config_maps() -> dict[str, dict[str, str]]:
    """With what the example of an overlay adds."""
    found: dict[str, dict[str, str]] = {}
    for file in (FOLDER / KUSTOMIZATION, EXAMPLE / KUSTOMIZATION):
        for it in yaml.safe_load(file.read_text("utf-8"))["configMapGenerator"]:
            values = dict(literal.split("=", 1) for literal in it["literals"])
            found.setdefault(it["name"], {}).update(values)
    return found


def secret_files(name: str) -> dict[str, str]:
    """The Secret of each file in the folder of secrets, by the file's name."""
    [volume] = [it for it in pod(name)["volumes"] if it["name"] == "secrets"]
    return {
        item["path"]: source["secret"]["name"]
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }


def told(name: str) -> dict[str, str]:
    maps = config_maps()
    named = [it["configMapRef"]["name"] for it in container(name)["envFrom"]]
    return {key: value for it in named for key, value in maps[it].items()}


def settings(name: str, **more: str) -> Any:
    environment = {key.lower(): value for key, value in (told(name) | more).items()}
    environment.pop("secrets_dir")
    secrets = {it: f"of-{it}-{'x' * 16}" for it in secret_files(name)}
    if "smtp_url" in secrets:
        secrets["smtp_url"] = "smtps://mail.example.com"
    return SETTINGS[name].model_validate(secrets | environment)


@each_service
def test_every_environment_variable_is_a_setting_of_the_service(name: str) -> None:
    assert {it.lower() for it in told(name)} <= set(SETTINGS[name].model_fields)


@each_service
def test_a_service_starts_with_what_its_pod_is_told(name: str) -> None:
    environment = told(name) | {it.upper(): "its own" for it in secret_files(name)}
    environment.pop("SECRETS_DIR")

    assert refused_defaults(SETTINGS[name], environment) == []
    assert settings(name).kafka_security_protocol == "SASL_SSL"
    assert settings(name).create_topics is False


@each_service
def test_secrets_come_from_secrets_alone(name: str) -> None:
    files = secret_files(name)
    own = {it for it, secret in files.items() if secret == f"{dashed(name)}-secrets"}

    assert own == set(secrets_of(name))
    assert files["kafka_password"] == told(name)["KAFKA_USERNAME"] == dashed(name)
    assert f"/run/secrets/desk/{'kafka-ca.crt'}" == told(name)["KAFKA_CA_FILE"]
    assert {it.upper() for it in files}.isdisjoint(told(name))
    assert "env" not in container(name)


def test_every_user_of_kafka_has_the_rights_that_follow_from_the_catalogue() -> None:
    found = {
        Acl(
            name,
            Resource(acl["resource"]["type"].capitalize()),
            Operation(operation),
            acl["resource"]["name"],
            Pattern.PREFIXED if acl["resource"]["patternType"] == "prefix" else Pattern.LITERAL,
        )
        for name, user in every("KafkaUser").items()
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    }

    assert found == {
        Acl(dashed(it.user), it.resource, it.operation, it.name, it.pattern)
        for it in kafka_rights(RULES)
    }


def test_nobody_comes_in_without_a_password_and_outsiders_have_a_quota() -> None:
    found = every("KafkaUser")
    bounded = {name for name, it in found.items() if "quotas" in it["spec"]}

    assert set(found) == set(map(dashed, users()))
    assert {it["spec"]["authentication"]["type"] for it in found.values()} == {"scram-sha-512"}
    assert bounded == set(map(dashed, users())) - set(map(dashed, (*OURS, OPERATORS)))


def test_the_topics_are_those_that_services_would_create() -> None:
    found = {
        name: (it["spec"]["partitions"], it["spec"]["replicas"], it["spec"]["config"])
        for name, it in every("KafkaTopic").items()
    }
    wanted = [new_topic(topic, RULES) for topic in CATALOGUE]

    assert found == {
        it.name: (it.num_partitions, it.replication_factor, it.topic_configs) for it in wanted
    }
    assert {it["min.insync.replicas"] for *_, it in found.values()} == {"2"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_scaled_by_the_lag_of_its_group_on_every_topic_that_it_reads(
    name: str,
) -> None:
    spec = every("ScaledObject")[dashed(name)]["spec"]
    triggers = [it["metadata"] for it in spec["triggers"]]

    assert spec["scaleTargetRef"] == {"name": dashed(name)}
    assert "replicas" not in every("Deployment")[dashed(name)]["spec"]
    assert [it["topic"] for it in triggers] == list(topics_read_by(name))
    assert {it["consumerGroup"] for it in triggers} == {settings(name).group_of(name)}
    assert {it["bootstrapServers"] for it in triggers} == {settings(name).kafka_bootstrap_servers}
    assert spec["minReplicaCount"] >= 1, "what is due has to be done although nothing comes in"
    assert spec["maxReplicaCount"] == max(TOPICS[it].partitions for it in topics_read_by(name))


def test_the_rest_is_not_scaled_and_has_more_than_one_instance() -> None:
    found = every("Deployment")
    replicas = {name: it["spec"].get("replicas") for name, it in found.items()}

    assert {name for name, it in replicas.items() if it} == set(map(dashed, PAGES))
    assert {it for it in replicas.values() if it} == {2}


def peers(rules: list[Document], side: str) -> set[tuple[str, int]]:
    """Which of the desk's services, and on which port."""
    ours = {tuple(sorted(labels(name).items())): name for name in NAMES}
    return {
        (ours[key], port["port"])
        for rule in rules
        for peer in rule.get(side, [])
        for port in rule["ports"]
        if (key := tuple(sorted(peer.get("podSelector", {}).get("matchLabels", {}).items())))
        in ours
    }


@each_service
def test_a_service_reaches_the_internal_ports_that_it_is_told_and_is_let_in_there(
    name: str,
) -> None:
    policies = {it: every("NetworkPolicy")[dashed(it)]["spec"] for it in NAMES}
    reached = peers(policies[name]["egress"], "to")
    addresses = {
        f"http://{dashed(it)}:{port}" for it, port in reached if port == settings(it).internal_port
    }

    assert addresses == {value for value in told(name).values() if value.startswith("http://")}
    for asked, port in reached:
        assert (name, port) in peers(policies[asked]["ingress"], "from")
    others = {
        it
        for it in NAMES
        if (name, settings(it).internal_port) in peers(policies[it]["ingress"], "from")
    }
    assert others == {it for it, _ in reached}


def test_what_no_rule_lets_through_is_closed() -> None:
    closed = every("NetworkPolicy")["closed"]["spec"]

    assert closed["podSelector"]["matchLabels"].items() <= labels(ARCHIVE).items()
    assert closed["policyTypes"] == ["Ingress", "Egress"]
    assert {"ingress", "egress"}.isdisjoint(closed)


@each_service
def test_a_policy_names_every_port_that_is_served_and_none_that_is_not(name: str) -> None:
    spec = every("NetworkPolicy")[dashed(name)]["spec"]
    served = {it["containerPort"] for it in container(name)["ports"]}

    assert spec["podSelector"]["matchLabels"] == labels(name)
    assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} == served
    assert [rule for rule in spec["ingress"] if not rule.get("from")] == []


@each_service
def test_only_who_sends_mail_or_speaks_to_partners_leaves_the_cluster(name: str) -> None:
    spec = every("NetworkPolicy")[dashed(name)]["spec"]
    anywhere = {
        port["port"]
        for rule in spec["egress"]
        for port in rule["ports"]
        if "to" not in rule or any("ipBlock" in peer for peer in rule["to"])
    }
    mail = {465, 587} if "smtp_url" in SETTINGS[name].model_fields else set()

    assert anywhere == mail | ({443} if name in PAGES else set())


def test_pages_lead_to_the_services_that_have_them() -> None:
    for ingress in every("Ingress", OVERLAY).values():
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                ports = every("Service")[backend["name"]]["spec"]["ports"]
                assert backend["port"]["name"] in {it["name"] for it in ports}


@pytest.fixture(scope="module")
def rendered() -> list[Document]:
    if KUSTOMIZE is None:
        pytest.skip(f"kustomize is not on the PATH: {HOW_TO_GET_IT}")
    ran = subprocess.run(
        [KUSTOMIZE, "build", str(EXAMPLE)], check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return list(yaml.safe_load_all(ran.stdout))


def test_the_overlay_renders_to_valid_documents_in_its_namespace(rendered: list[Document]) -> None:
    assert [
        (called(it), faults(it, VERSIONS[-1])) for it in rendered if faults(it, VERSIONS[-1])
    ] == []
    namespaced = [it for it in rendered if it["kind"] != "Namespace"]
    assert {it["metadata"].get("namespace") for it in namespaced} == {"contract-desk"}
    assert len(rendered) > len(BASE)


def test_a_rendered_pod_finds_its_settings(rendered: list[Document]) -> None:
    """By a name that changes with them, so that pods start again."""
    maps = every("ConfigMap", rendered)
    for name in NAMES:
        spec = every("Deployment", rendered)[dashed(name)]["spec"]["template"]["spec"]
        [found] = spec["containers"]
        values = [maps[it["configMapRef"]["name"]]["data"] for it in found["envFrom"]]
        assert {key: value for it in values for key, value in it.items()} == told(name)
        assert found["image"].startswith("registry.example/")
    [authentication] = every("TriggerAuthentication", rendered).values()
    for it in authentication["spec"]["configMapTargetRef"]:
        assert it["key"] in maps[it["name"]]["data"]
