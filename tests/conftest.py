"""Fixtures that reach across the tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio

from desk.local.stack import Endpoints, Stack, embedded_stack
from desk.local.supervisor import Desk, desk_up
from shared.operations.rights import RESTORER, users
from tests.apache_kafka import broker
from tests.apache_kafka.security import ADMIN, new_security
from tests.builders.examples import ALL, FEW
from tests.ferretdb import server
from tests.infra import (
    CHOICES,
    LOCAL,
    Given,
    desk_on,
    infrastructure,
    local_servers,
    resolved,
)

RUNNING_DESK = 2
"""Of the servers that tests share, all."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--infra",
        choices=CHOICES,
        default="auto",
        help="where the wire tests run: containers when a Docker daemon answers, else embedded; "
        "secure: Apache Kafka on a local JVM with TLS, users and rights, a database that asks for "
        "users, too, the rest embedded (make test-kafka); "
        "kafka: Apache Kafka without them, the rest embedded (make test-kafka INFRA=kafka); "
        "ferretdb: FerretDB as the database, the rest embedded (make test-ferretdb)",
    )
    parser.addoption(
        "--examples",
        choices=(ALL, FEW),
        default=ALL,
        help="how many examples a property is tried on; few is a third of them (make test)",
    )


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.register_profile(ALL, deadline=None)  # no test fails for a busy machine
    hypothesis.settings.register_profile(FEW, deadline=None, max_examples=33)
    hypothesis.settings.load_profile(config.getoption("--examples"))
    config.addinivalue_line("markers", "long(why): in `make test-long`, not in `make test`")
    config.addinivalue_line("markers", "plaintext(why): not with `--infra secure`, and why not")
    needed = {"kafka": broker.missing, "secure": broker.missing, "ferretdb": server.missing}
    missing = needed.get(config.getoption("--infra"))
    if missing is not None and (lack := missing()):
        raise pytest.UsageError(lack)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Servers that one test starts for all later ones idle on these cores: they come last.

    Where several workers share the tests, a file goes to one of them; each starts the shared
    servers for its own files, so that none is left alone with all tests of the desk at the end. Of
    those, the files with most tests begin.
    """
    if config.getoption("--infra") == "secure":
        for item in items:
            for mark in item.iter_markers("plaintext"):
                item.add_marker(pytest.mark.skip(f"in plaintext only: {mark.args[0]}"))
    servers: dict[Path, int] = {}
    for item in items:
        servers[item.path] = max(servers.get(item.path, 0), _shared_servers(item))
    tests = Counter(item.path for item in items if servers[item.path] == RUNNING_DESK)
    items.sort(key=lambda item: (servers[item.path], -tests[item.path]))


def _shared_servers(item: pytest.Item) -> int:
    needed: Sequence[str] = getattr(item, "fixturenames", ())
    return RUNNING_DESK if "running_desk" in needed else 1 if "endpoints" in needed else 0


@pytest.fixture(scope="session", autouse=True)
def security(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """With `--infra secure`: users and certificates of all servers, and who the tests are.

    This process, and every process of a test that is not told otherwise, has them from the
    environment.
    """
    if request.config.getoption("--infra") != "secure":
        yield
        return
    made = new_security(tmp_path_factory.mktemp("security"), [*users(), RESTORER])
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environment(ADMIN).items():
            patch.setenv(name, value)
        yield


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def endpoints(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Endpoints]:
    """One broker, database and mailbox for the whole run; tests keep apart by their names."""
    directory: Path = tmp_path_factory.mktemp("desk")
    async with infrastructure(request.config.getoption("--infra"), directory) as found:
        yield found


@pytest.fixture
async def given(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Given]:
    """For one test alone: an Apache Kafka, or that and a database, if `--infra` says so."""
    async with local_servers(resolved(request.config.getoption("--infra")), tmp_path) as servers:
        yield servers


@pytest.fixture
async def own_stack(given: Given, tmp_path: Path) -> AsyncIterator[Stack]:
    """Servers for one test alone, so that it may stop them and leave anything behind."""
    async with embedded_stack(tmp_path / "stack", kafka=given.kafka, mongo=given.mongo) as stack:
        yield Stack(
            stack.endpoints,
            {**stack.children, **given.children},
            {**stack.probes, **given.probes},
        )


QUICK = {
    "CONTRACT_GRACE_SECONDS": "3",
    "ACCESS_GRACE_SECONDS": "1",
    "MAX_PAUSE_SECONDS": "1",
    "UNREGISTERED_MAILS_PER_HOUR": "5000",
    "UNREGISTERED_MAILS_PER_DAY": "5000",
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
    if choice in LOCAL:
        async with (
            local_servers(choice, tmp_path_factory.mktemp("servers")) as given,
            desk_on(given, directory, overrides=QUICK, say=quiet) as desk,
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
