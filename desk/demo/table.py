"""The result as people read it: one table, what is wrong beside what was expected, one last line.

Nothing is cut off at any width: the outcome's column keeps its words whole, the others wrap.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from desk.demo.story import Expected
from desk.demo.verdict import JudgedRow, Verdict
from desk.demo.watch import Seen
from shared.events.topics import TOPICS

WIDE = 110
"""From this width on, in characters, the reference has a column of its own."""
BACKSTAGE = frozenset({"opened", "recorded", "status_changed"})
"""What came but is shown only when a row has nothing else to show."""
LONGEST_WORD = len("withdrawal_refused")


def show(verdict: Verdict, seconds: float, out: Console) -> None:
    """Print the table, the faults that belong to no row, and the closing line."""
    out.print(_table(verdict, wide=out.width >= WIDE))
    for fault in verdict.faults:
        out.print(Text(f"wrong: {fault}", style="red"))
    out.print(closing_line(verdict, seconds))


def closing_line(verdict: Verdict, seconds: float) -> Text:
    good = len(verdict.rows) - len(verdict.wrong)
    all_outcomes = len(TOPICS["desk.cancellations"].events)
    line = (
        f"{good} of {len(verdict.rows)} rows ok: {verdict.requests} requests, "
        f"{verdict.outcomes} of {all_outcomes} cancellation outcomes, {verdict.events} events, "
        f"{verdict.mails} mails, {seconds:.1f} s"
    )
    return Text(line, style="bold red" if verdict.exit_code else "bold green")


def _table(verdict: Verdict, *, wide: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("request", overflow="fold", ratio=1)
    if wide:
        table.add_column("reference", no_wrap=True)
    table.add_column("outcome", overflow="fold", min_width=LONGEST_WORD)
    table.add_column("dates, details", overflow="fold", min_width=20)
    table.add_column("mails", justify="right")
    for judged in verdict.rows:
        table.add_row(*_cells(judged, wide=wide))
    return table


def _cells(judged: JudgedRow, *, wide: bool) -> Iterator[Text]:
    wrong = bool(judged.faults)
    yield Text("wrong", style="bold red") if wrong else Text("ok", style="green")
    reference = reference_of(judged)
    yield _request(judged, None if wide else reference)
    if wide:
        yield Text(reference or "")
    shown = list(_shown(judged))
    yield Text("\n".join(record.word for _, record in shown), style="bold")
    yield Text("\n".join(details(expected, record) for expected, record in shown))
    yield Text(str(judged.mails))


def _request(judged: JudgedRow, reference: str | None) -> Text:
    text = Text(judged.row.title)
    if reference:
        text.append(f"\n{reference}", style="dim")
    for fault in judged.faults:
        text.append(f"\n{fault}", style="red")
    return text


def reference_of(judged: JudgedRow) -> str | None:
    """The reference of the row's inquiry, as its opening said it."""
    for _, record in judged.came:
        if record and record.word == "opened" and record.facts["inquiry_id"] == judged.row.about:
            return str(record.facts.get("reference"))
    return None


def _shown(judged: JudgedRow) -> list[tuple[Expected, Seen]]:
    came = [(expected, record) for expected, record in judged.came if record is not None]
    return [one for one in came if one[1].word not in BACKSTAGE] or came


def details(expected: Expected, record: Seen) -> str:
    """The fields that the row shows, as they came: dates, causes, faulty fields."""
    shown = ((label, _plain(record.facts.get(name))) for label, name in expected.shows)
    return ", ".join(f"{label} {value}".strip() for label, value in shown if value)


def _plain(value: Any) -> str:
    """A date of an instant, the fields of a list of faults, else the value itself."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(one["field"] if isinstance(one, dict) else one) for one in value)
    text = str(value)
    return text[:10] if len(text) > 10 and text[4:5] == "-" and text[10:11] == "T" else text
