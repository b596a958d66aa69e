"""`python -m services.<name>`."""

from __future__ import annotations

import importlib

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
