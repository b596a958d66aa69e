"""Security reaches every Kafka client of the product; no consumer reads what was rolled back."""

from __future__ import annotations

import ast
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

import desk
import services
import shared
from shared.kafka.client_options import client_options, consumer_options
from shared.settings import RuntimeSettings

OPTIONS_OF = {
    "AIOKafkaAdminClient": "client_options",
    "AIOKafkaClient": "client_options",
    "AIOKafkaProducer": "client_options",
    "AIOKafkaConsumer": "consumer_options",
    "EndingConsumer": "consumer_options",
    "TolerantConsumer": "consumer_options",
    "create_conn": "security_options",
}
MODULES = sorted(
    module
    for package in (desk, services, shared)
    for module in Path(package.__path__[0]).rglob("*.py")
)


TESTS = Path(desk.__path__[0]).parent / "tests"
IN_PLAINTEXT = {
    "apache_kafka/test_broker.py": "a broker of its own, before anybody has secured it",
    "integration/embedded/": "the embedded broker knows no security",
    "poison/": "`make poison` starts a desk in plaintext",
    "faults/": "`make faults` starts a desk in plaintext",
    "unit/": "connects to nothing",
}
"""Where tests make clients without the environment's security, and why."""


def name_of(node: ast.expr) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def constructions(source: str) -> Iterator[tuple[str, int, set[str]]]:
    """Which client is made, in which line, and which functions its options come from."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        made = name_of(node.func)
        if made == "partial" and node.args:
            made = name_of(node.args[0])
        if made in OPTIONS_OF:
            spread = [k.value for k in node.keywords if k.arg is None]
            yield made, node.lineno, {name_of(v.func) for v in spread if isinstance(v, ast.Call)}


def test_every_client_is_made_with_the_options_of_its_kind() -> None:
    bare = {str(module): bare_clients(module) for module in MODULES}

    assert {module: clients for module, clients in bare.items() if clients} == {}


def bare_clients(module: Path) -> list[str]:
    return [
        f"line {line}: {made} without **{OPTIONS_OF[made]}(settings)"
        for made, line, sources in constructions(module.read_text())
        if OPTIONS_OF[made] not in sources
    ]


def test_the_tests_connect_with_security_too_but_for_a_few_with_their_reason() -> None:
    bare = {str(path.relative_to(TESTS)): bare_clients(path) for path in TESTS.rglob("*.py")}
    places = {
        name: [it for it in IN_PLAINTEXT if name.startswith(it)] for name in bare if bare[name]
    }

    assert [name for name, found in places.items() if not found] == []
    assert {it for found in places.values() for it in found} == IN_PLAINTEXT.keys()


def test_every_kind_of_client_is_found_where_the_product_makes_it() -> None:
    made = {made for module in MODULES for made, *_ in constructions(module.read_text())}

    # A bare consumer's `stop` may wait for ever: ours are all of the kinds that end.
    assert made == OPTIONS_OF.keys() - {"AIOKafkaClient", "AIOKafkaConsumer"}


SECURED = {
    "kafka_bootstrap_servers": "one:9093,two:9093",
    "kafka_username": "intake",
    "kafka_password": "secret",
}
CREDENTIALS = {
    "sasl_mechanism": "SCRAM-SHA-512",
    "sasl_plain_username": "intake",
    "sasl_plain_password": "secret",
}


@pytest.mark.parametrize(
    ("protocol", "verifies", "credentials"),
    [
        ("PLAINTEXT", False, {}),
        ("SSL", True, {}),
        ("SASL_PLAINTEXT", False, CREDENTIALS),
        ("SASL_SSL", True, CREDENTIALS),
    ],
)
def test_the_settings_decide_how_a_client_connects(
    protocol: str, verifies: bool, credentials: dict[str, str]
) -> None:
    settings = RuntimeSettings.model_validate({**SECURED, "kafka_security_protocol": protocol})
    options = client_options(settings)
    context = options.pop("ssl_context", None)

    assert options == {
        "bootstrap_servers": ["one:9093", "two:9093"],
        "security_protocol": protocol,
        **credentials,
    }
    assert (context is not None) == verifies
    if verifies:
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_consumer_reads_committed_records_alone() -> None:
    assert consumer_options(RuntimeSettings())["isolation_level"] == "read_committed"
