"""`python -m services.<name>`."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from shared.events.topics import CONSOLE, PORTAL, SERVICES


@pytest.mark.parametrize("name", [*SERVICES, PORTAL, CONSOLE])
def test_a_service_that_is_called_wrongly_says_how_it_is_run(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVELOPMENT_DEFAULTS", "true")
    module = importlib.import_module(f"services.{name}.__main__")

    with pytest.raises(SystemExit, match=rf"usage: python -m services\.{name} "):
        module.main("start")


def test_what_looks_after_records_loads_neither_subscriber_nor_web_server() -> None:
    slow = {"faststream", "uvicorn", "shared.runtime.app"}
    script = f"import sys, services.cancellation.__main__; print({slow} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert ran.stdout.strip() == b"set()"
