"""The drill that is under way, as the desk's folder notes it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from desk.local.processes import read_object, write_owners

DRILL_FILE = "drill.json"


@dataclass(frozen=True)
class Drill:
    """A fault that was injected. `tag` is in the ids of all that it sent."""

    fault: str
    tag: str
    hints: int = 0
    """How many were given."""


def begin(directory: Path, fault: str) -> Drill:
    """Note the drill, before its fault is injected: what a kill leaves half done can be undone.

    Raises FileExistsError where one is under way, also if it began at the same moment.
    """
    drill = Drill(fault, f"x{uuid4().hex[:11]}")
    written = directory / f"drill-{drill.tag}.json"
    write_owners(written, asdict(drill))
    try:
        (directory / DRILL_FILE).hardlink_to(written)
    finally:
        written.unlink()
    return drill


def note(directory: Path, drill: Drill) -> None:
    write_owners(directory / DRILL_FILE, asdict(drill))


def is_noted(directory: Path) -> bool:
    """Whether there is a note, whatever it says."""
    return (directory / DRILL_FILE).exists()


def under_way(directory: Path) -> Drill | None:
    """The drill, if there is one."""
    found = read_object(directory / DRILL_FILE)
    fault, tag, hints = (found.get(name) for name in ("fault", "tag", "hints"))
    if not isinstance(fault, str) or not isinstance(tag, str):
        return None
    return Drill(fault, tag, hints if isinstance(hints, int) else 0)


def forget(directory: Path) -> None:
    (directory / DRILL_FILE).unlink(missing_ok=True)
