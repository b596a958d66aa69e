"""The environment in which a service's own command is started."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from desk.commands.addresses import Where
from desk.commands.service_commands import COMPARE, RESTORE, VERIFY, answers_of
from shared.events.topics import INTAKE
from shared.settings import DEVELOPMENT_DEFAULTS


@pytest.mark.parametrize(
    ("command", "needs_no_key"), [(VERIFY, True), (COMPARE, True), (RESTORE, False)]
)
async def test_what_only_looks_needs_no_key_of_the_services_and_what_decides_does(
    command: tuple[str, ...],
    needs_no_key: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started = dict[str, str]()

    async def start(*_command: str, env: dict[str, str], **_pipes: Any) -> SimpleNamespace:
        started.update(env)
        return SimpleNamespace(communicate=answer, returncode=0)

    async def answer() -> tuple[bytes, bytes]:
        return b"{}", b""

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    monkeypatch.delenv(DEVELOPMENT_DEFAULTS, raising=False)
    where = Where(tmp_path, kafka="127.0.0.1:9", mongo="mongodb://127.0.0.1:9/")
    assert await answers_of(command, where, (INTAKE,)) == [{}]
    assert started["MONGO_URL"] == where.mongo
    assert (DEVELOPMENT_DEFAULTS in started) is needs_no_key
