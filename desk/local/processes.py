"""The processes of a desk that runs on this machine, noted for commands beside it.

A service that is started again takes the settings that a command has left for it, on top of its
own; a desk that is started begins without any.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROCESSES_FILE = "processes.json"
SETTINGS_FILE = "settings-at-restart.json"
OWNERS_FILE = 0o600

ByService = Mapping[str, Mapping[str, str]]


def begin_notes(directory: Path) -> None:
    """Nothing of an earlier desk counts."""
    for name in (PROCESSES_FILE, SETTINGS_FILE):
        (directory / name).unlink(missing_ok=True)


def note_process(directory: Path, name: str, pid: int | None) -> None:
    """The process that has this name now. One process at a time notes."""
    write_owners(directory / PROCESSES_FILE, {**noted_processes(directory), name: pid})


def noted_processes(directory: Path) -> dict[str, int]:
    """The process ids by name: services, `broker`, `database`, `mailbox`."""
    found = read_object(directory / PROCESSES_FILE)
    return {name: pid for name, pid in found.items() if isinstance(pid, int)}


def leave_settings(directory: Path, settings: ByService) -> None:
    """Environment variables by service, for their next starts; none for all others."""
    write_owners(directory / SETTINGS_FILE, settings)


def settings_left(directory: Path, name: str) -> dict[str, str]:
    """Reads the settings file's values for this service; empty if it names none."""
    found = read_object(directory / SETTINGS_FILE).get(name)
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def is_up(directory: Path) -> bool:
    """Whether a desk runs here: it holds the directory's lock."""
    try:
        lock = os.open(directory / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def read_object(file: Path) -> dict[str, Any]:
    """The JSON object of a file; empty where there is none."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(file.read_text())
        return found if isinstance(found, dict) else {}
    return {}


def write_owners(file: Path, value: Mapping[str, Any]) -> None:
    """Replace the file in one step, readable by its owner alone."""
    partial_file = file.with_suffix(".tmp")
    partial_file.unlink(missing_ok=True)
    partial_file.touch(mode=OWNERS_FILE, exist_ok=False)
    partial_file.write_text(json.dumps(value, indent=2))
    partial_file.rename(file)
