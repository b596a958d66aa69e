"""The Kubernetes manifests are those of the current catalogue, rights and settings."""

from __future__ import annotations

from deploy.kubernetes.source import FOLDER, files


def test_every_file_of_the_base_is_the_current_one() -> None:
    there = {it.name: it.read_text("utf-8") for it in FOLDER.iterdir()}

    assert there == files(), "run make docs"
