"""The table of a run, for a screen and for the documentation."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from tests.apache_kafka.broker import JARS
from tests.faults.auditing import Findings

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
)


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
        )

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_order)


@dataclass
class Report:
    """A whole run; `findings` are those of the audit of everything at its end."""

    began: float
    rows: list[Row] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    repeats: int = 0
    mails: int = 0
    mails_again: int = 0
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return not [*self.findings] and all(row.holds for row in self.rows)

    @property
    def total(self) -> Row:
        """All rows together; the longest of the times."""
        rows, found = self.rows, self.findings
        return Row(
            "all together",
            sum(row.faults for row in rows),
            sum(row.submissions for row in rows),
            sum(row.lost for row in rows) + len(found.lost),
            sum(row.doubled for row in rows) + len(found.doubled),
            sum(row.out_of_order for row in rows) + len(found.out_of_order),
            max((row.stall_s for row in rows), default=0),
            max((row.recovered_s for row in rows), default=0),
            self.repeats,
            self.mails_again,
            0,
        )


def say(row: Row) -> None:
    """One line as soon as a scenario is over, for whoever waits."""
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
    console = Console(width=150 if not Console().is_terminal else None)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in HEAD:
        table.add_column(name, justify="left" if name == "scenario" else "right", no_wrap=True)
    for row in report.rows:
        table.add_row(*row.cells, style="" if row.holds else "bold red")
    table.add_row(*report.total.cells, style="bold")
    console.print(table)
    findings = [*report.findings]
    for finding in findings[:50]:
        console.print(finding, style="red", highlight=False, markup=False)
    if report.holds:
        console.print(
            "Histories, topics, mails and offsets agree; desk verify finds nothing.", style="green"
        )
    else:
        console.print(f"{len(findings)} findings in the audit of everything", style="bold red")


def as_markdown(report: Report) -> str:
    """The page that is kept in docs/."""
    align = ["---", *["---:"] * (len(HEAD) - 1)]
    rows = [HEAD, align, *(row.cells for row in report.rows)]
    rows.append([f"**{cell}**" for cell in report.total.cells])
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    return f"""# Faults injected, and what came of them

Written by `make faults LONG=1` on {time.strftime("%Y-%m-%d", time.gmtime(report.began))}, in \
{report.seconds / 60:.0f} minutes: {versions()}. What is promised, and why it holds, is in \
[guarantees.md](guarantees.md).

Each scenario publishes cases from an outside client for as long as it injects faults, waits until
everything is in, and compares: inquiries with acknowledged submissions, decisions per contract with
what they must be (types, `sequence`, order), mails said to be sent, dead letters. The last row adds
what was audited at the end: every history with the topics (each event published, in its order, none
that is not recorded), mails by Message-ID, committed offsets against the ends of the topics, and
`desk verify`.

{table}

- **longest stall**: the longest time in which one of the services showed nothing new, while work
  was coming in; it includes the fault itself, such as {scenarios_frozen()}.
- **time to recover**: from the end of a fault until every service it met had shown something new.
- **repeats**: events published again under their own id, which consumers drop.
- **mails again**: mails that the server took more than once, each under its own Message-ID: SMTP is
  not exactly once ({report.mails:,} mails in all).
"""


def scenarios_frozen() -> str:
    from tests.faults.scenarios import FROZEN_S

    return f"{FROZEN_S:g} s of a frozen broker"


def versions() -> str:
    """What it ran on; nothing of the machine but its Python."""
    broker = next(JARS.glob("kafka_*.jar")).stem.rpartition("-")[2]
    database = importlib.metadata.version("secantusdb")
    return f"Apache Kafka {broker}, SecantusDB {database}, Python {platform.python_version()}"
