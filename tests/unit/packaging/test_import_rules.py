"""`make lint` fails for every rule of how imports run: a copy of the tree breaks each once."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import shared

ROOT = Path(shared.__path__[0]).parent
PACKAGES = ("desk", "services", "shared")

DOWNWARD = "Within shared, imports run one way"
WITHIN_DESK = "Within desk, imports run one way"
BREAKS = [
    ("Imports run one way: desk, then services, then shared", "services.broken", "desk.cli"),
    ("Imports run one way: desk, then services, then shared", "shared.events.broken", "desk.cli"),
    ("Imports run one way: desk, then services, then shared", "shared.runtime.b", "services"),
    (DOWNWARD, "shared.runtime.broken", "shared.operations.errors"),
    (DOWNWARD, "shared.kafka.broken", "shared.runtime.codec"),
    (DOWNWARD, "shared.mongo.broken", "shared.runtime.codec"),
    (DOWNWARD, "shared.telemetry.broken", "shared.runtime.codec"),
    (DOWNWARD, "shared.mongo.second", "shared.kafka.records"),
    (DOWNWARD, "shared.kafka.second", "shared.mongo.client"),
    (DOWNWARD, "shared.telemetry.second", "shared.kafka.records"),
    (DOWNWARD, "shared.events.second", "shared.kafka.records"),
    (DOWNWARD, "shared.a_room_without_a_place", None),
    (WITHIN_DESK, "desk.commands.second", "desk.demo.play"),
    (WITHIN_DESK, "desk.local.third", "desk.commands.send"),
    (WITHIN_DESK, "desk.another_room_without_a_place", None),
    ("Services never import each other", "services.cancellation.b", "services.notification"),
    ("Services never import each other", "services.customer_portal.b", "services.cancellation"),
    ("desk imports no service", "desk.commands.broken", "services.cancellation.service"),
    ("Only shared.kafka imports aiokafka", "desk.local.broken", "aiokafka"),
    ("Only shared.kafka imports aiokafka", "shared.runtime.second", "aiokafka.errors"),
    ("Only shared.mongo imports the database's driver", "shared.runtime.third", "bson"),
    ("Only shared.mongo imports the database's driver", "services.notification.b", "pymongo"),
    ("Only shared.mongo imports the database's driver", "desk.local.second", "motor"),
    ("Only shared.mongo imports the database's driver", "shared.operations.b", "gridfs"),
    ("Only shared.runtime.app imports FastStream", "shared.runtime.fourth", "faststream"),
    ("Only shared.telemetry.tracing imports OpenTelemetry", "shared.web.b", "opentelemetry.trace"),
    ("Only shared.formats imports Babel", "services.notification.second", "babel"),
    ("shared.operations has no face", "shared.operations.second", "typer"),
    ("shared.runtime knows no business event", "shared.runtime.sixth", "shared.events.contracts"),
    ("The event contract stands alone", "shared.events.third", "aiokafka"),
    ("Deciders import nothing but", "services.cancellation.policies.b", "shared.runtime.codec"),
]
"""The contract, by how its name begins; the module that breaks it; what that one imports."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Runs the linter on a tree that breaks every rule and returns its words with single blanks."""
    tree = tmp_path_factory.mktemp("broken")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=lambda _, names: _not_python(names))
    shutil.copy(ROOT / "pyproject.toml", tree)
    for _, module, imported in BREAKS:
        path = tree.joinpath(*module.split(".")).with_suffix(".py")
        path.write_text(f"import {imported}\n" if imported else "")
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"],
        check=False,
        cwd=tree,
        env={"COLUMNS": "300"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def _not_python(names: list[str]) -> list[str]:
    return [name for name in names if "." in name and not name.endswith(".py")]


@pytest.mark.parametrize(("contract", "module", "imported"), BREAKS)
def test_the_linter_names_each_broken_rule(
    told: str, contract: str, module: str, imported: str | None
) -> None:
    assert re.search(f"{re.escape(contract)}[^:]*? BROKEN", told)
    imported = (imported or "").split(".")[0] if "shared" not in (imported or "") else imported
    assert f"{module} -> {imported}" in told if imported else module.split(".")[1] in told


def test_every_contract_is_broken_here_once(told: str) -> None:
    assert re.search(r"Contracts: 0 kept, \d+ broken", told)
