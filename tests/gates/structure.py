"""How the code hangs together, this tree beside the previous release: `make structure`.

An arrow is an import of one module by another, a room a package, a circle a set of modules of which
each leads to every other. The walk is one sound submission's through intake's modules, from its
record to its events: a stay is what runs in one module without a break, a return a stay in a module
in which the walk has been before.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import grimp

PACKAGES = ("desk", "services", "shared")
ROOT = Path(__file__).parents[2]
STAGE = ROOT / "bench" / "stage.py"
INTAKE = "services/inquiry_intake/"
Arrow = tuple[str, str]
Figures = Mapping[str, int]


def arrows() -> tuple[set[str], set[Arrow]]:
    """The modules of the first tree on the path, and which imports which."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return graph.modules, {
        (module, imported)
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    }


def rooms(modules: Iterable[str], drawn: Iterable[Arrow]) -> tuple[set[str], set[Arrow]]:
    """The packages, and which imports which."""
    packages = {module.rpartition(".")[0] for module in modules}
    room = {it: it if it in packages else it.rpartition(".")[0] for it in modules}
    between = {(room[it], room[imported]) for it, imported in drawn}
    return set(room.values()), {(one, other) for one, other in between if one != other}


def circles(drawn: Iterable[Arrow]) -> list[set[str]]:
    """The largest sets of which each member leads to every other."""
    beyond: dict[str, set[str]] = {}
    for one, other in drawn:
        beyond.setdefault(one, set()).add(other)
    reached = {it: _reached(it, beyond) for it in beyond}
    found: list[set[str]] = []
    for it in sorted(beyond):
        if it in reached[it] and not any(it in circle for circle in found):
            found.append({each for each in reached[it] if it in reached.get(each, ())})
    return found


def _reached(begin: str, beyond: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    left = [begin]
    while left:
        new = beyond.get(left.pop(), set()) - reached
        reached |= new
        left.extend(new)
    return reached


def walked(stays: Sequence[str]) -> Figures:
    seen = len(set(stays))
    return {
        "stays of a submission's walk through intake": len(stays),
        "modules of that walk": seen,
        "returns of that walk": len(stays) - seen,
    }


def figures() -> Figures:
    """Those of the tree that is first on the path."""
    modules, drawn = arrows()
    places, between = rooms(modules, drawn)
    in_files = [it for it in modules if it not in places]
    return {
        "modules": len(in_files),
        "arrows between modules": len(drawn),
        "circles of modules": len(circles(drawn)),
        "rooms": len(places),
        "modules in the fullest room": max(_sizes(in_files).values()),
        "arrows between rooms": len(between),
        **walked([*_stays(Path(sys.path[0]))]),
    }


def _sizes(modules: Iterable[str]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for module in modules:
        room = module.rpartition(".")[0]
        sizes[room] = sizes.get(room, 0) + 1
    return sizes


def _stays(tree: Path) -> Iterator[str]:
    """The files of intake in the order in which the third submission walks through them."""
    stage = _stage()
    service = stage.stock.intake_service()
    records = [*stage.submissions(range(3), "walk")]
    prefix, files = f"{tree}/{INTAKE}", list[str]()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        at = frame if event == "call" else frame.f_back if event == "return" else None
        if at is not None and at.f_code.co_filename.startswith(prefix):
            files.append(at.f_code.co_filename)

    async def walk() -> None:
        at_work = stage.stage(service, stage.Database())
        await at_work.process(records[:2])
        sys.setprofile(note)
        await at_work.process(records[2:])
        sys.setprofile(None)

    stage.found("shared.telemetry.logging", "shared.logging").configure(
        "structure", level="CRITICAL", style="console"
    )
    asyncio.run(walk())
    return (file for before, file in zip(["", *files], files, strict=False) if file != before)


def _stage() -> Any:
    """bench/stage.py, which runs the five steps of the tree that is first on the path."""
    described = importlib.util.spec_from_file_location("stage", STAGE)
    assert described is not None
    assert described.loader is not None
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


def _of(tree: Path) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-P", __file__, "--of-this-tree"],
        env={**os.environ, "PYTHONPATH": str(tree), "DEVELOPMENT_DEFAULTS": "true"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, int] = json.loads(done.stdout)
    return found


def main() -> None:
    if sys.argv[1:] == ["--of-this-tree"]:
        print(json.dumps(figures()))
        return
    from tests.upgrade.releases import PREVIOUS, extract  # not there in an earlier tree

    with tempfile.TemporaryDirectory(prefix="release-") as directory:
        previous = extract(PREVIOUS, Path(directory).resolve())
        (previous / "desk" / "local").unlink()  # a second name for what it has
        before, now = _of(previous), _of(ROOT)
    print(f"| | {PREVIOUS} | this tree |", "|---|--:|--:|", sep="\n")
    for name, figure in now.items():
        print(f"| {name} | {before[name]:,} | {figure:,} |")


if __name__ == "__main__":
    main()
