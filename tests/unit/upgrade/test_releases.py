"""Where the upgrade's run takes the previous release from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.upgrade.releases import Missing, Releases, extract


def test_a_clone_without_the_release_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"does not have the release 0000000.*git fetch --unshallow"):
        extract("0000000", tmp_path)


def test_an_installed_release_is_what_the_services_link_leads_to(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    releases = Releases(tmp_path / "releases")
    releases.install("cancellation", old)
    releases.install("notification", old)
    releases.install("cancellation", new)
    assert releases.link("cancellation").readlink() == new
    assert releases.link("notification").readlink() == old
