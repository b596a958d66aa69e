"""The table of a run, for a screen and for the documentation; and what is kept to resume later.

A long run is played in parts, each on a machine of its own that is audited at the end. Every row is
noted in a file as its scenario ends, and the audit as the part ends: a row counts once it is
audited. Rows that do not count, or show a fault, are played again.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.apache_kafka.broker import JARS
from tests.faults.audit import Findings

HEAD = (
    "scenario",
    "faults",
    "submissions",
    "lost",
    "doubled",
    "out of order",
    "longest stall",
    "time to recover",
    "repeats",
    "mails again",
    "commit",
)
ROOT = Path(__file__).parents[2]
PAGE = "docs/faults.md"
"""Written after each part, so it differs from the commit while the next ones are played."""


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario. `repeats` are events published again under their own id, which consumers drop;
    `mails_again` are mails taken twice, under their own Message-ID (the SMTP window)."""

    scenario: str
    faults: int
    submissions: int
    lost: int
    doubled: int
    out_of_order: int
    stall_s: float
    recovered_s: float
    repeats: int
    mails_again: int
    settled_s: float
    details: Sequence[str] = ()
    part: str = ""
    commit: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.scenario,
            *(
                f"{n:,}"
                for n in (
                    self.faults,
                    self.submissions,
                    self.lost,
                    self.doubled,
                    self.out_of_order,
                )
            ),
            f"{self.stall_s:.1f} s",
            f"{self.recovered_s:.1f} s" if self.faults else "–",
            *(f"{n:,}" for n in (self.repeats, self.mails_again)),
            self.commit,
        )

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_order)


@dataclass(frozen=True, slots=True)
class Audit:
    """Of a whole part, at its end; `began` is in seconds since 1970."""

    part: str
    commit: str
    began: float
    seconds: float
    repeats: int
    mails: int
    mails_again: int
    findings: Findings = field(default_factory=Findings)

    @property
    def holds(self) -> bool:
        return not [*self.findings]


@dataclass
class Report:
    """Rows of scenarios and the audits of their parts, in the order in which they ended."""

    rows: list[Row] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return all(row.holds for row in self.rows) and all(audit.holds for audit in self.audits)

    @property
    def sound(self) -> Report:
        """Keeps the rows that count: each scenario's last to hold, in a part whose audit holds."""
        parts = {audit.part: audit for audit in self.audits if audit.holds}
        rows = {row.scenario: row for row in self.rows if row.holds and row.part in parts}
        used = {row.part for row in rows.values()}
        return Report([*rows.values()], [row for part, row in parts.items() if part in used])

    @property
    def findings(self) -> list[str]:
        return [finding for audit in self.audits for finding in audit.findings]

    @property
    def total(self) -> Row:
        """All rows together; the longest of the times."""
        rows, audits = self.rows, self.audits
        return Row(
            "all together",
            sum(row.faults for row in rows),
            sum(row.submissions for row in rows),
            sum(row.lost for row in rows) + sum(len(audit.findings.lost) for audit in audits),
            sum(row.doubled for row in rows) + sum(len(audit.findings.doubled) for audit in audits),
            sum(row.out_of_order for row in rows)
            + sum(len(audit.findings.out_of_order) for audit in audits),
            max((row.stall_s for row in rows), default=0),
            max((row.recovered_s for row in rows), default=0),
            sum(audit.repeats for audit in audits),
            sum(audit.mails_again for audit in audits),
            0,
        )


def note(file: Path | None, what: Row | Audit) -> None:
    """Add a line to what is kept, if anything is."""
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({type(what).__name__.lower(): asdict(what)})
    with file.open("a") as kept:
        kept.write(f"\n{line}")  # the last line may have been cut off


def read(file: Path) -> Report:
    """Reads earlier runs; a last line that a crash cut off is skipped."""
    report = Report()
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            [(kind, fields)] = json.loads(line).items()
        except ValueError:
            continue
        if kind == "row":
            report.rows.append(Row(**fields))
        else:
            findings = Findings(**fields.pop("findings"))
            report.audits.append(Audit(**fields, findings=findings))
    return report


def commit(root: Path = ROOT) -> str:
    """The commit that runs, `-dirty` where files differ from it; the page that it writes may."""
    found = _git(root, "rev-parse", "--short", "HEAD").stdout.strip()
    same = _git(root, "diff", "--quiet", "HEAD", "--", ".", f":!{PAGE}").returncode == 0
    return found + ("" if same else "-dirty") if found else "unknown"


def _git(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *command], cwd=root, check=False, capture_output=True, text=True)


def say(row: Row) -> None:
    """One line as soon as a scenario is over, for those who wait."""
    console = Console(soft_wrap=True)
    verdict = "[green]holds[/]" if row.holds else "[bold red]BROKEN[/]"
    console.print(
        f"{time.strftime('%H:%M:%S')} {verdict} {row.scenario}: {row.faults} faults,"
        f" {row.submissions:,} submissions, longest stall {row.stall_s:.1f} s,"
        f" recovered in {row.recovered_s:.1f} s, all in {row.settled_s:.1f} s after the last",
        highlight=False,
    )
    for detail in row.details:
        console.print(f"  {detail}", style="red", highlight=False, markup=False)


def show(report: Report) -> None:
    """The table, and every finding of the final audit."""
    console = Console(width=190 if not Console().is_terminal else None)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in HEAD:
        table.add_column(name, justify="left" if name == "scenario" else "right", no_wrap=True)
    for row in report.rows:
        table.add_row(*row.cells, style="" if row.holds else "bold red")
    table.add_row(*report.total.cells, style="bold")
    console.print(table)
    findings = report.findings
    for finding in findings[:50]:
        console.print(finding, style="red", highlight=False, markup=False)
    if report.holds:
        console.print(
            "Histories, topics, mails and offsets agree; desk verify finds nothing.", style="green"
        )
    else:
        console.print(f"{len(findings)} findings in the audit of everything", style="bold red")


def as_markdown(report: Report, names: Sequence[str], ran_on: str) -> str:
    """The page that is kept in docs/, of what counts, in the order of `names`."""
    sound = report.sound
    rows = {row.scenario: row for row in sound.rows}
    done = [rows[name] for name in names if name in rows]
    open_ = [name for name in names if name not in rows]
    align = ["---", *["---:"] * (len(HEAD) - 1)]
    lines = [HEAD, align, *(row.cells for row in done)]
    lines.append([f"**{cell}**" if cell else "" for cell in sound.total.cells])
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    left = f"**Not played yet:** {'; '.join(open_)}.\n\n" if open_ else ""
    audits = sound.audits
    return f"""# Faults injected, and what came of them

Written by `make faults LONG=1`: {len(done)} scenarios; parts: {len(audits)}, each on a machine \
of its own, {_days(audits)}, {sum(audit.seconds for audit in audits) / 60:.0f} minutes in all; \
{ran_on}. The last column names the commit that a scenario ran on. What is promised, and why \
it holds, is in [guarantees.md](guarantees.md).

Each scenario publishes cases from an outside client for as long as it injects faults, waits until
everything is in and read, and compares: inquiries with acknowledged submissions, decisions per
contract with what they must be (types, `sequence`, order), mails said to be sent or failed, dead
letters; hostile records with their one answer each, and what was rolled back with nothing. The
last row adds what was audited at the end of each part: all of its scenarios once more, every
history with the topics (each event published, in its order, none that is not recorded), mails by
Message-ID, dead letters of sound records, committed offsets against the ends of the topics, and
`desk verify`.

{table}

{left}- **longest stall**: the longest time in which one of the services showed nothing new, while
  work was coming in; it includes the fault itself, such as a broker that is frozen.
- **time to recover**: from the end of a fault until every service it met had shown something new.
- **repeats**: events published again under their own id, which consumers drop.
- **mails again**: mails that the server took more than once, each under its own Message-ID: SMTP is
  not exactly once ({sum(audit.mails for audit in audits):,} mails in all).
- A disk is made full by a limit on the size of files (`prlimit`): the write fails with EFBIG, where
  a full disk says ENOSPC.
"""


def _days(audits: Sequence[Audit]) -> str:
    days = sorted({time.strftime("%Y-%m-%d", time.gmtime(audit.began)) for audit in audits})
    return " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "no day yet"


def versions() -> str:
    """Names the software versions; of the machine only its Python."""
    broker = next(JARS.glob("kafka_*.jar")).stem.rpartition("-")[2]
    database = importlib.metadata.version("secantusdb")
    return f"Apache Kafka {broker}, SecantusDB {database}, Python {platform.python_version()}"
