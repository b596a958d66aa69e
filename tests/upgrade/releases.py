"""The code of a release beside this one: what each service of a desk is started from."""

from __future__ import annotations

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[2]
PREVIOUS = "299a707"
"""The last commit of 0.1.0."""


class Missing(Exception):
    """The repository has not what is needed; the text says what to do."""


def extract(revision: str, directory: Path) -> Path:
    """The tree of a revision of this repository, in `directory`. Raises `Missing`."""
    try:
        packed = subprocess.run(
            ["git", "-C", str(ROOT), "archive", revision], capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        raise Missing(
            f"this clone does not have the release {revision}; get it with: git fetch --unshallow"
        ) from None
    with tarfile.open(fileobj=BytesIO(packed)) as tree:
        tree.extractall(directory, filter="data")
    if not (directory / "desk" / "local").exists():  # 0.1.0 has it under another name
        (directory / "desk" / "local").symlink_to("embedded")
    return directory


class Releases:
    """By service, a link to the tree that its process is started from, as a deployment has it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        self._directory = directory

    def link(self, service: str) -> Path:
        return self._directory / service

    def install(self, service: str, tree: Path) -> None:
        """The service's next process runs this tree."""
        new = self._directory / f"{service}.new"
        new.symlink_to(tree)
        new.replace(self.link(service))
