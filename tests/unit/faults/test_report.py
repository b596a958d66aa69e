"""A long run resumes where it stopped, and counts what was audited and nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults import report
from tests.faults.__main__ import chosen
from tests.faults.audit import Findings
from tests.faults.injection import LONG, SHORT, Scenario
from tests.faults.report import Audit, Report, Row
from tests.faults.scenarios import nothing, scenarios

FIRST = Row("first", 2, 100, 0, 0, 0, 1.5, 0.5, 3, 1, 2.0, part="a", commit="c1")
SECOND = replace(FIRST, scenario="second", part="b", commit="c2")
AUDIT = Audit("a", "c1", began=86_400.0, seconds=60.0, repeats=3, mails=100, mails_again=1)
BROKEN = Findings(lost=["a mail"])
ALL = [Scenario("first", nothing), Scenario("second", nothing), Scenario("third", nothing)]


def left_after(*noted: Row | Audit, file: Path, only: Sequence[str] = ()) -> list[str]:
    for row in noted:
        report.note(file, row)
    return [scenario.name for scenario in chosen(ALL, only, report.read(file))]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "target" / "long.jsonl"


@pytest.mark.parametrize(
    ("noted", "left"),
    [
        ([], ["first", "second", "third"]),
        ([FIRST, AUDIT], ["second", "third"]),
        ([FIRST], ["first", "second", "third"]),
        ([FIRST, AUDIT, SECOND], ["second", "third"]),
        ([FIRST, AUDIT, SECOND, replace(AUDIT, part="b")], ["third"]),
        ([replace(FIRST, doubled=1), AUDIT], ["first", "second", "third"]),
        ([FIRST, replace(AUDIT, findings=BROKEN)], ["first", "second", "third"]),
        ([replace(FIRST, lost=1), AUDIT, SECOND], ["first", "second", "third"]),
    ],
    ids=[
        "nothing",
        "one is done",
        "its part was never audited",
        "another is on its way",
        "both are done",
        "it doubled something",
        "the audit found something",
        "one lost something, one is on its way",
    ],
)
def test_a_scenario_is_played_until_it_holds_in_a_part_that_holds(
    noted: list[Row | Audit], left: list[str], kept: Path
) -> None:
    assert left_after(*noted, file=kept) == left


def test_what_is_kept_is_read_back_whole_whatever_a_crash_cut_off(kept: Path) -> None:
    found = replace(AUDIT, findings=Findings(["a"], ["b"], ["c"]))
    rows = [replace(FIRST, details=[]), replace(SECOND, details=["lost: a"])]
    for row in rows:
        report.note(kept, row)
    with kept.open("a") as file:
        file.write('\n{"row": {"scen')
    report.note(kept, found)
    back = report.read(kept)
    assert back.rows == rows
    assert back.audits == [found]


def test_what_is_asked_for_and_what_the_machine_lacks_is_respected(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert left_after(FIRST, AUDIT, file=kept, only=["ir", "nothing"]) == ["third"]
    lacking = Scenario("fourth", nothing, missing=lambda: "a clock is missing")
    assert chosen([lacking], (), Report()) == []
    assert "fourth: a clock is missing" in capsys.readouterr().out


def test_the_page_shows_what_counts_in_order_with_its_commit_and_names_what_is_open() -> None:
    again = replace(FIRST, submissions=700, part="c", commit="c3")
    rows = [SECOND, FIRST, replace(again, lost=1, part="d"), again]
    audits = [replace(AUDIT, part=part, mails=10) for part in ("a", "b", "c", "d")]
    audits.append(replace(AUDIT, part="e", findings=BROKEN))
    done = Report([*rows, replace(FIRST, scenario="third", part="e")], audits)

    page = report.as_markdown(done, ["first", "second", "third"], "these servers")

    table = [line for line in page.splitlines() if line.startswith("|")]
    assert [line.split(" | ")[0].strip("| ") for line in table[2:]] == [
        "first",
        "second",
        "**all together**",
    ]
    assert "| 700 |" in table[2]
    assert table[2].endswith("| c3 |")
    assert "| **800** | **0** |" in table[-1]
    assert "**Not played yet:** third." in page
    assert "2 scenarios; parts: 2" in page
    assert "these servers" in page


def test_a_report_holds_only_if_its_rows_and_its_audits_do() -> None:
    assert Report([FIRST], [AUDIT]).holds
    assert not Report([replace(FIRST, out_of_order=1)], [AUDIT]).holds
    assert not Report([FIRST], [replace(AUDIT, findings=BROKEN)]).holds


def test_a_short_run_has_every_kind_of_a_long_one() -> None:
    short = " ".join(scenario.name for scenario in scenarios(SHORT))
    long = [scenario.name for scenario in scenarios(LONG)]
    numbers = {"600 s": "15 s", "40 s": "20 s", "2,000": "450"}
    for name in long:
        for more, less in numbers.items():
            name = name.replace(more, less)  # noqa: PLW2901 - a name of the short run
        for group in ("kill -9 after ", "mail server ", "forms sent while: "):
            name = name.removeprefix(group)  # noqa: PLW2901 - as above
        assert name in short
    assert len({*long}) == len(long)


@pytest.mark.parametrize(
    ("changed", "dirty"), [(None, False), ("docs/faults.md", False), ("docs/other.md", True)]
)
def test_the_page_that_a_part_writes_makes_the_next_parts_commit_no_other(
    changed: str | None, dirty: bool, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("faults.md", "other.md"):
        (tmp_path / "docs" / name).write_text("before")
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.test")
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    if changed:
        (tmp_path / changed).write_text("after")

    assert report.commit(tmp_path).endswith("-dirty") is dirty


def test_without_a_repository_the_commit_is_unknown(tmp_path: Path) -> None:
    assert report.commit(tmp_path) == "unknown"
