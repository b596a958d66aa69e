"""docs/tour.md: ten stops, each a file and a line of it that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STOPS = re.findall(r"^ +`([^`]+)`: `([^`]+)`$", (ROOT / "docs/tour.md").read_text("utf-8"), re.M)


def test_the_tour_has_ten_stops() -> None:
    assert len(STOPS) == 10


@pytest.mark.parametrize(("file", "line"), STOPS)
def test_a_stop_quotes_one_line_of_its_file(file: str, line: str) -> None:
    lines = [each.strip() for each in (ROOT / file).read_text("utf-8").splitlines()]

    assert len([each for each in lines if each.startswith(line)]) == 1
