"""Free ports, chosen by several processes at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from socket import socket

import pytest

from desk.local import ports
from desk.local.ports import choose_ports

TWO = range(19_100, 19_102)
CHOOSE_AND_WAIT = """
import sys
from pathlib import Path
from desk.local import ports
ports.CANDIDATES = range(int(sys.argv[1]), int(sys.argv[2]))
print(ports.choose_ports(["one"], Path(sys.argv[3]))["one"], flush=True)
input()
"""


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two ports to choose from, and nothing claimed before or after."""
    claims: dict[int, socket] = {}
    monkeypatch.setattr(ports, "CANDIDATES", TWO)
    monkeypatch.setattr(ports, "_claims", claims)
    yield
    for claim in claims.values():
        claim.close()


def test_a_port_that_another_process_has_chosen_is_not_chosen(tmp_path: Path) -> None:
    """Not even in the moment before anything listens there."""
    arguments = [str(TWO.start), str(TWO.stop), str(tmp_path / "other.json")]
    with subprocess.Popen(
        [sys.executable, "-c", CHOOSE_AND_WAIT, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        theirs = int(other.stdout.readline())

        chosen = {choose_ports(["one"], tmp_path / f"{n}.json")["one"] for n in range(20)}

        other.communicate("\n", timeout=20)
    assert chosen == set(TWO) - {theirs}
    assert choose_ports(["one"], tmp_path / "other.json")["one"] == theirs


def test_the_same_process_may_have_its_port_again(tmp_path: Path) -> None:
    first = choose_ports(["one", "two"], tmp_path / "ports.json")

    assert choose_ports(["one", "two"], tmp_path / "ports.json") == first
    assert set(first.values()) == set(TWO)


def test_two_names_never_get_one_port(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none of 2 ports"):
        choose_ports(["one", "two", "three"], tmp_path / "ports.json")
