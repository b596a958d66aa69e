"""Fixtures that reach across the tree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio

from desk.embedded.stack import Endpoints, Stack, embedded_stack
from desk.ops.supervisor import Desk, desk_up
from tests.apache_kafka import broker
from tests.ferretdb import server
from tests.infra import CHOICES, infrastructure, local_kafka, resolved


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--infra",
        choices=CHOICES,
        default="auto",
        help="where the wire tests run: containers when a Docker daemon answers, else embedded; "
        "kafka: Apache Kafka on a local JVM, the rest embedded (make test-kafka); "
        "ferretdb: FerretDB as the database, the rest embedded (make test-ferretdb); "
        "secure: tests/secure alone, whose Apache Kafka and database ask for users and TLS",
    )


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.register_profile("desk", deadline=None)  # no test fails for a busy machine
    hypothesis.settings.load_profile("desk")
    needed = {"kafka": broker.missing, "secure": broker.missing, "ferretdb": server.missing}
    missing = needed.get(config.getoption("--infra"))
    if missing is not None and (lack := missing()):
        raise pytest.UsageError(lack)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Servers that one test starts for all later ones idle on these cores: they come last.

    Where several workers share the tests, a file goes to one of them, and so does the shared desk.
    """
    if config.getoption("--infra") == "secure":
        items[:] = [item for item in items if item.path.parent.name == "secure"]
    items.sort(key=_shared_servers)
    for item in items:
        shared = "desk" if _shared_servers(item) == 2 else str(item.path)
        item.add_marker(pytest.mark.xdist_group(shared))


def _shared_servers(item: pytest.Item) -> int:
    needed: Sequence[str] = getattr(item, "fixturenames", ())
    return 2 if "running_desk" in needed else 1 if "endpoints" in needed else 0


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def endpoints(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Endpoints]:
    """One broker, database and mailbox for the whole run; tests keep apart by their names."""
    directory: Path = tmp_path_factory.mktemp("desk")
    async with infrastructure(request.config.getoption("--infra"), directory) as found:
        yield found


@pytest.fixture
async def own_kafka(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str | None]:
    """An Apache Kafka for one test alone, if `--infra` says so; else None: embed a broker."""
    choice = resolved(request.config.getoption("--infra"))
    async with local_kafka(choice, tmp_path) as address:
        yield address


@pytest.fixture
async def own_stack(own_kafka: str | None, tmp_path: Path) -> AsyncIterator[Stack]:
    """Servers for one test alone, so that it may stop them and leave anything behind."""
    async with embedded_stack(tmp_path / "stack", kafka=own_kafka) as stack:
        yield stack


QUICK = {
    "CONTRACT_GRACE_SECONDS": "3",
    "ACCESS_GRACE_SECONDS": "1",
    "MAX_PAUSE_SECONDS": "1",
    "UNREGISTERED_MAILS_PER_HOUR": "100000",
    "UNREGISTERED_MAILS_PER_DAY": "100000",
}


def quiet(_line: str) -> None:
    """The desk's restarts are not this test run's output."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A whole desk for all tests that need one: broker, database, mailbox and four services.

    Each test uses customers and contracts of its own. The desk's folder is `.desk` in a working
    directory, as `desk up` makes it.
    """
    choice = resolved(request.config.getoption("--infra"))
    directory = tmp_path_factory.mktemp("desk") / ".desk"
    if choice in ("embedded", "kafka"):
        async with (
            local_kafka(choice, tmp_path_factory.mktemp("servers")) as kafka,
            desk_up(directory, kafka=kafka, overrides=QUICK, say=quiet) as desk,
        ):
            yield desk
        return
    async with (
        infrastructure(choice, tmp_path_factory.mktemp("servers")) as found,
        desk_up(
            directory,
            kafka=found.kafka_bootstrap_servers,
            mongo=found.mongo_url,
            overrides=QUICK,
            say=quiet,
        ) as desk,
    ):
        yield desk
