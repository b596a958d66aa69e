"""constraints.hashed.txt pins what constraints.txt pins, with hashes, and names no host."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
ELSEWHERE = frozenset({"colorama", "pywin32", "httpx2-jsfetch"})
"""Needed on Windows or in a browser alone, so no environment here has them."""
HOW = "constraints.txt has changed: run `make hashes`"


def pins(name: str) -> dict[str, str]:
    found = PIN.findall((ROOT / name).read_text("utf-8"))
    return {canonicalize_name(package): version for package, version in found}


def test_every_tested_version_is_pinned_by_hash() -> None:
    hashed = pins("constraints.hashed.txt")

    assert {name: hashed[name] for name in hashed.keys() - ELSEWHERE} == pins("constraints.txt"), (
        HOW
    )


def test_every_pin_has_a_hash_and_no_line_names_a_host() -> None:
    text = (ROOT / "constraints.hashed.txt").read_text("utf-8")
    entries = text.replace("\\\n", " ").splitlines()

    assert [line for line in entries if "==" in line and "--hash=sha256:" not in line] == []
    assert re.findall(r"://|--(?:index|extra|find|trusted)[-\w]*", text) == []


def test_the_image_is_made_of_the_same_pins_and_of_the_product_with_its_traces_alone() -> None:
    image, tested = entries("deploy/image/requirements.txt"), entries("constraints.hashed.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = {name: named(it) for name, it in project["optional-dependencies"].items()}
    product = named(project["dependencies"]) | extras.pop("tracing")

    assert image <= tested, HOW
    assert product <= named(image)
    assert named(image).isdisjoint(set().union(*extras.values()) - product)


def entries(name: str) -> set[str]:
    """Each package with its version, marker and hashes."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    return {" ".join(line.split()) for line in text.splitlines() if "==" in line}


def named(requirements: Iterable[str]) -> set[str]:
    return {
        canonicalize_name(re.split(r"[^A-Za-z0-9._-]", it, maxsplit=1)[0]) for it in requirements
    }
